# Mathematics and messages of synchronisation: pure code.
noinst_LTLIBRARIES += libtaisync.la
libtaisync_la_CFLAGS = $(PURE_CFLAGS)
libtaisync_la_SOURCES = \
	sdk/sync/sync.h \
	sdk/sync/allan.c sdk/sync/allan.h \
	sdk/sync/bank.c sdk/sync/bank.h \
	sdk/sync/drift.c sdk/sync/drift.h \
	sdk/sync/envelope.c sdk/sync/envelope.h \
	sdk/sync/hull.c sdk/sync/hull.h \
	sdk/sync/line.c sdk/sync/line.h \
	sdk/sync/midpoint.c sdk/sync/midpoint.h \
	sdk/sync/oscillator.c sdk/sync/oscillator.h \
	sdk/sync/phase.c sdk/sync/phase.h \
	sdk/sync/rawmap.c sdk/sync/rawmap.h \
	sdk/sync/real.c sdk/sync/real.h \
	sdk/sync/sort.c sdk/sync/sort.h \
	sdk/sync/track.c sdk/sync/track.h \
	sdk/sync/trend.c sdk/sync/trend.h \
	sdk/sync/triangle.c sdk/sync/triangle.h \
	sdk/sync/wire.c sdk/sync/wire.h \
	sdk/sync/wire_body.c \
	sdk/sync/wire_fields.c sdk/sync/wire_fields.h
