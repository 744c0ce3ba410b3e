# Mathematics and messages of synchronisation: pure code.
noinst_LTLIBRARIES += libtaisync.la
libtaisync_la_CFLAGS = $(PURE_CFLAGS)
libtaisync_la_SOURCES = \
	sdk/sync/sync.h \
	sdk/sync/wire.c sdk/sync/wire.h \
	sdk/sync/wire_body.c \
	sdk/sync/wire_fields.c sdk/sync/wire_fields.h
