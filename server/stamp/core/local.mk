# The pure core of the stamp process: no clock, no disk, no socket.
noinst_LTLIBRARIES += libtaistampcore.la
libtaistampcore_la_CFLAGS = $(PURE_CFLAGS)
libtaistampcore_la_SOURCES = \
	server/stamp/core/edge.c server/stamp/core/edge.h \
	server/stamp/core/issuer.c server/stamp/core/issuer.h \
	server/stamp/core/row.c server/stamp/core/row.h \
	server/stamp/core/sequencer.c server/stamp/core/sequencer.h \
	server/stamp/core/tilepath.c server/stamp/core/tilepath.h
libtaid_la_LIBADD += libtaistampcore.la
