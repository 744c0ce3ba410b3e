noinst_LTLIBRARIES += libtaibase.la
libtaibase_la_CFLAGS = $(PURE_CFLAGS)
libtaibase_la_SOURCES = \
	sdk/base/bug.h \
	sdk/base/bytes.c sdk/base/bytes.h \
	sdk/base/crc32c.c sdk/base/crc32c.h \
	sdk/base/crypto.c sdk/base/crypto.h \
	sdk/base/error.c sdk/base/error.h \
	sdk/base/limits.h \
	sdk/base/text.c sdk/base/text.h
