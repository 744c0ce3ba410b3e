# The follower's adapters: the loop that hosts an engine, the machine's clocks, steering, who else steers, the control
# socket. The clock process of the server uses them as well.
noinst_LTLIBRARIES += libtaiclientio.la
libtaiclientio_la_CFLAGS = $(IO_CFLAGS) $(EVENT_CFLAGS) $(JANSSON_CFLAGS)
libtaiclientio_la_SOURCES = \
	client/io/json.h client/io/libevent.h \
	client/io/clocks.c client/io/clocks.h \
	client/io/control.c client/io/control.h client/io/control_json.c client/io/control_json.h \
	client/io/control_oscillator.c \
	client/io/host.c client/io/host.h client/io/host_clocks.c client/io/host_state.h \
	client/io/members.c client/io/members.h \
	client/io/processes.c client/io/processes.h \
	client/io/records.c client/io/records.h \
	client/io/rivals.c client/io/rivals.h \
	client/io/says.c client/io/says.h \
	client/io/steer.c client/io/steer.h \
	client/io/takeover.c client/io/takeover.h client/io/takeover_command.c client/io/takeover_command.h \
	client/io/tracking_log.c client/io/tracking_log.h \
	client/io/vmclock.c client/io/vmclock.h
libtaiclientio_la_LIBADD = libtaiclientcore.la $(EVENT_LIBS) $(JANSSON_LIBS)

sbin_PROGRAMS += tai-client
tai_client_SOURCES = \
	client/io/follow.c client/io/follow.h \
	client/io/main.c \
	client/io/options.c client/io/options.h \
	client/io/sample.h
nodist_tai_client_SOURCES = client/io/sample.c
CLEANFILES += client/io/sample.c
client/io/sample.c: docs/tai-client.yaml server/sample.sed
	$(AM_V_GEN)$(MKDIR_P) client/io && { \
	  echo '/* Made from docs/tai-client.yaml. */' && echo '#include "client/io/sample.h"' && \
	  echo 'const char sample_client_yaml[] =' && \
	  sed -f $(srcdir)/server/sample.sed $(srcdir)/docs/tai-client.yaml && echo '    ;'; } > $@.new && mv $@.new $@
tai_client_CPPFLAGS = $(AM_CPPFLAGS) -DDEFAULT_CLIENT_CONFIG='"$(sysconfdir)/taistamp/tai-client.yaml"'
tai_client_CFLAGS = $(IO_CFLAGS)
# Public functions from the shared library, inner ones from the archives.
tai_client_LDADD = libtaiclientio.la libtaiclientconfig.la libtaiclientcore.la libtaisync.la libtaistamp.la libtaidaemon.la \
	libtaitime.la libtaibase.la libtaiio.la $(EVENT_LIBS) $(JANSSON_LIBS) $(YAML_LIBS) $(CRYPTO_LIBS)
dist_man_MANS += docs/man/tai-client.8
