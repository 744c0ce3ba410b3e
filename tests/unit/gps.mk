# The gpsd reference.
gps_test_libs = libtaid.la libtaidaemon.la libtaiclockcore.la libtaisync.la libtaitime.la libtaibase.la libtaiio.la \
	libtaistamp.la $(CHECK_LIBS) $(CRYPTO_LIBS)
check_PROGRAMS += tests/unit/test_gps
TESTS += tests/unit/test_gps
tests_unit_test_gps_SOURCES = tests/unit/test_gps.c tests/unit/gps_feed.c tests/unit/gps_feed.h
tests_unit_test_gps_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_gps_LDADD = $(gps_test_libs)
check_PROGRAMS += tests/unit/test_gps_leap
TESTS += tests/unit/test_gps_leap
tests_unit_test_gps_leap_SOURCES = tests/unit/test_gps_leap.c tests/unit/gps_feed.h
tests_unit_test_gps_leap_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_gps_leap_LDADD = $(gps_test_libs)
check_PROGRAMS += tests/unit/test_gpsd
TESTS += tests/unit/test_gpsd
tests_unit_test_gpsd_SOURCES = tests/unit/test_gpsd.c tests/unit/gps_feed.c tests/unit/gps_feed.h
tests_unit_test_gpsd_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS) $(EVENT_CFLAGS)
tests_unit_test_gpsd_LDADD = $(gps_test_libs) $(EVENT_LIBS)
