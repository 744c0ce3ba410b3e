noinst_LTLIBRARIES += libtaitime.la
libtaitime_la_CFLAGS = $(PURE_CFLAGS)
libtaitime_la_SOURCES = \
	sdk/time/page.h
