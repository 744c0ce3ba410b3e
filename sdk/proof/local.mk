noinst_LTLIBRARIES += libtaiproof.la
libtaiproof_la_CFLAGS = $(PURE_CFLAGS)
libtaiproof_la_SOURCES =
