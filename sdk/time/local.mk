noinst_LTLIBRARIES += libtaitime.la
libtaitime_la_CFLAGS = $(PURE_CFLAGS)
libtaitime_la_SOURCES = \
	sdk/time/arith.c sdk/time/arith.h \
	sdk/time/civil.c sdk/time/civil.h \
	sdk/time/hlc.c sdk/time/hlc.h \
	sdk/time/leap.c sdk/time/leap.h \
	sdk/time/leap_parse.c \
	sdk/time/ntp.c sdk/time/ntp.h \
	sdk/time/rfc3339.c sdk/time/rfc3339.h \
	sdk/time/tai64.c sdk/time/tai64.h \
	sdk/time/page.c sdk/time/page.h sdk/time/page_quick.h
