# Time: pure parts against the pure archives, the public functions against the library.
time_tests = \
	tests/unit/test_arith tests/unit/test_leap tests/unit/test_leap_file tests/unit/test_ntp \
	tests/unit/test_time_text
check_PROGRAMS += $(time_tests)
TESTS += $(time_tests)
EXTRA_DIST += tests/unit/leap_tables.h tests/vectors/time

time_test_cppflags = $(AM_CPPFLAGS) $(CHECK_CFLAGS) -DTEST_SRCDIR='"$(abs_top_srcdir)"'
time_test_libs = libtaitime.la libtaibase.la libtaiio.la libtaitime.la libtaibase.la $(CRYPTO_LIBS) $(CHECK_LIBS)

tests_unit_test_arith_CPPFLAGS = $(time_test_cppflags)
tests_unit_test_arith_LDADD = libtaitime.la libtaibase.la libtaiio.la $(CRYPTO_LIBS) $(CHECK_LIBS)
tests_unit_test_leap_CPPFLAGS = $(time_test_cppflags)
tests_unit_test_leap_LDADD = $(time_test_libs)
tests_unit_test_time_text_CPPFLAGS = $(time_test_cppflags)
tests_unit_test_time_text_LDADD = $(time_test_libs)
tests_unit_test_ntp_CPPFLAGS = $(time_test_cppflags)
tests_unit_test_ntp_LDADD = libtaistamp.la $(CHECK_LIBS)
# The facade beside the pure parts that make its tables: sdk/time.c once more, for the library hides what it uses.
tests_unit_test_leap_file_SOURCES = tests/unit/test_leap_file.c sdk/time.c
tests_unit_test_leap_file_CPPFLAGS = $(time_test_cppflags)
tests_unit_test_leap_file_LDADD = $(time_test_libs)
