# The server. Each folder is a process (or will be); libtaid.la holds all but main, so that tests can link it.
noinst_LTLIBRARIES += libtaid.la
libtaid_la_CFLAGS = $(IO_CFLAGS) $(EVENT_CFLAGS) $(SQLITE_CFLAGS) $(JANSSON_CFLAGS) $(YAML_CFLAGS)
libtaid_la_SOURCES = \
	server/config.h \
	server/json.h server/libevent.h \
	server/verbs.c server/verbs.h
libtaid_la_LIBADD = libtaidaemon.la $(EVENT_LIBS) $(JANSSON_LIBS)

include server/clock/local.mk
include server/stamp/local.mk
include server/sign/local.mk
