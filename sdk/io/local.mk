# Adapters of the SDK. libtaiio needs libcrypto only and goes into libtaistamp.
noinst_LTLIBRARIES += libtaiio.la
libtaiio_la_CFLAGS = $(IO_CFLAGS) $(CRYPTO_CFLAGS)
libtaiio_la_SOURCES = \
	sdk/io/bug.c \
	sdk/io/openssl.h
