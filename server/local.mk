# The server. Each folder is a process (or will be); libtaid.la holds all but main, so that tests can link it.
noinst_LTLIBRARIES += libtaid.la
libtaid_la_CFLAGS = $(IO_CFLAGS) $(EVENT_CFLAGS) $(SQLITE_CFLAGS) $(JANSSON_CFLAGS) $(YAML_CFLAGS)
libtaid_la_SOURCES = \
	server/config.c server/config.h server/config_keys.c server/config_keys.h \
	server/config_references.c server/config_references.h \
	server/json.h server/libevent.h \
	server/command.c server/command.h server/command_keygen.c server/command_status.c server/init.c server/init.h \
	server/lock.c server/lock.h server/notify.c server/notify.h \
	server/sample.h server/served_policy.c server/served_policy.h server/spawn.c server/spawn.h server/supervisor.c server/supervisor.h \
	server/verbs.c server/verbs.h
libtaid_la_LIBADD = libtaidaemon.la $(EVENT_LIBS) $(JANSSON_LIBS)

sbin_PROGRAMS += taid
taid_SOURCES = server/main.c
taid_CPPFLAGS = $(AM_CPPFLAGS) -DDEFAULT_CONFIG='"$(sysconfdir)/taistamp/taid.yaml"'
taid_CFLAGS = $(IO_CFLAGS)
# Public functions from the shared library, inner ones from the archives.
taid_LDADD = libtaid.la libtaistampcore.la libtaistamp.la libtaiproof.la libtaitime.la libtaibase.la libtaiio.la \
	libtaidaemon.la $(EVENT_LIBS) $(JANSSON_LIBS) $(SQLITE_LIBS) $(YAML_LIBS) $(CRYPTO_LIBS)

# The annotated sample, installed and built in.
dist_doc_DATA = docs/taid.yaml
EXTRA_DIST += server/sample.sed
nodist_libtaid_la_SOURCES = server/sample.c server/build_date.c
CLEANFILES += server/sample.c server/build_date.c
server/sample.c: docs/taid.yaml server/sample.sed
	$(AM_V_GEN)$(MKDIR_P) server && { \
	  echo '/* Made from docs/taid.yaml. */' && echo '#include "server/sample.h"' && \
	  echo 'const char sample_taid_yaml[] =' && \
	  sed -f $(srcdir)/server/sample.sed $(srcdir)/docs/taid.yaml && echo '    ;'; } > $@.new && mv $@.new $@

# No satellite's week is believed that lies before the day on which this was built.
server/build_date.c: Makefile
	$(AM_V_GEN)$(MKDIR_P) server && { \
	  echo '/* Made by the Makefile. */' && echo '#include "server/config.h"' && \
	  echo 'const int64_t build_posix_s = INT64_C($(BUILD_POSIX_S));'; } > $@.new && mv $@.new $@

include server/clock/local.mk
include server/stamp/local.mk
include server/sign/local.mk
