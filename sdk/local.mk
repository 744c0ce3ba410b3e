# The SDK: pure folders first, adapters after, then the two libraries.
include sdk/base/local.mk
include sdk/time/local.mk
include sdk/sync/local.mk
include sdk/proof/local.mk
include sdk/io/local.mk

pkginclude_HEADERS = \
	sdk/include/taistamp/base.h sdk/include/taistamp/clock.h sdk/include/taistamp/hash.h \
	sdk/include/taistamp/net.h sdk/include/taistamp/proof.h sdk/include/taistamp/stamp.h \
	sdk/include/taistamp/time.h
include_HEADERS += sdk/include/taistamp.h
pkgconfig_DATA += libtaistamp.pc libtaistamp-net.pc

# The proof facades: an archive of their own, so that a test can link them with a failing allocator.
noinst_LTLIBRARIES += libtaiapi.la
libtaiapi_la_SOURCES = sdk/hash.c sdk/proof.c sdk/proof.h sdk/stamp.c

# libtaistamp needs libcrypto only.
lib_LTLIBRARIES += libtaistamp.la
libtaistamp_la_SOURCES = sdk/leaps.h sdk/clock.c sdk/time.c
libtaistamp_la_LIBADD = libtaiapi.la libtaiproof.la libtaitime.la libtaibase.la libtaiio.la $(CRYPTO_LIBS)
libtaistamp_la_LDFLAGS = $(AM_LDFLAGS) -version-info 0:0:0 -no-undefined \
	-Wl,--version-script=$(top_srcdir)/sdk/libtaistamp.map
EXTRA_libtaistamp_la_DEPENDENCIES = sdk/libtaistamp.map
EXTRA_DIST += sdk/libtaistamp.map sdk/libtaistamp-net.map

# libtaistamp-net adds libcurl, for apps that have no HTTP stack of their own.
lib_LTLIBRARIES += libtaistamp-net.la
libtaistamp_net_la_SOURCES = sdk/net.c
libtaistamp_net_la_CFLAGS = $(IO_CFLAGS) $(CURL_CFLAGS)
libtaistamp_net_la_LIBADD = libtaistamp.la $(CURL_LIBS)
libtaistamp_net_la_LDFLAGS = $(AM_LDFLAGS) -version-info 0:0:0 -no-undefined \
	-Wl,--version-script=$(top_srcdir)/sdk/libtaistamp-net.map
EXTRA_libtaistamp_net_la_DEPENDENCIES = sdk/libtaistamp-net.map
