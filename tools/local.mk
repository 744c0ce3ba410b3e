# The commands. They use public headers only.
noinst_LTLIBRARIES += libtaitools.la
libtaitools_la_CFLAGS = $(IO_CFLAGS) $(JANSSON_CFLAGS)
libtaitools_la_LIBADD = $(JANSSON_LIBS)
libtaitools_la_SOURCES = tools/json.c tools/json.h
include tools/tai-leap/local.mk
include tools/tai-stamp/local.mk
