# The follower's adapters: the machine's clocks, steering, who else steers. The clock process of the server uses them as well.
noinst_LTLIBRARIES += libtaiclientio.la
libtaiclientio_la_CFLAGS = $(IO_CFLAGS)
libtaiclientio_la_SOURCES = \
	client/io/clocks.c client/io/clocks.h \
	client/io/processes.c client/io/processes.h \
	client/io/rivals.c client/io/rivals.h \
	client/io/steer.c client/io/steer.h \
	client/io/takeover.c client/io/takeover.h \
	client/io/vmclock.c client/io/vmclock.h
libtaiclientio_la_LIBADD = libtaiclientcore.la
