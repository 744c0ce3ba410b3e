# The commands. They use public headers only.
noinst_LTLIBRARIES += libtaitools.la
# The soname follows -version-info in sdk/local.mk; tests/cli/stamp.sh would not stamp with another.
libtaitools_la_CFLAGS = $(IO_CFLAGS) $(JANSSON_CFLAGS) -DNETWORK_LIBRARY='"libtaistamp-net.so.0"'
libtaitools_la_LIBADD = $(JANSSON_LIBS)
libtaitools_la_SOURCES = \
	tools/file.c tools/file.h \
	tools/json.c tools/json.h \
	tools/network.c tools/network.h \
	tools/text.c tools/text.h \
	tools/usage.c tools/usage.h
include tools/tai-stamp/local.mk
# The two scripts that start from a fresh machine; they run from the sources and are not installed.
EXTRA_DIST += tools/quickstart tools/selftest tools/packages.sh .ci/run
include tools/tai-leap/local.mk
include tools/taictl/local.mk
