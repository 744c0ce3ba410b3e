# The numeric example of ARCHITECTURE.md.
check_PROGRAMS += tests/unit/test_life
TESTS += tests/unit/test_life
tests_unit_test_life_SOURCES = tests/unit/test_life.c
tests_unit_test_life_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_life_LDADD = libtaistampcore.la libtaitime.la libtaibase.la libtaiio.la $(CHECK_LIBS) $(CRYPTO_LIBS)

# The numbers of "The life of a correction" in ARCHITECTURE.md.
check_PROGRAMS += tests/unit/test_correction_life
TESTS += tests/unit/test_correction_life
tests_unit_test_correction_life_SOURCES = tests/unit/test_correction_life.c
tests_unit_test_correction_life_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_correction_life_LDADD = libtaiclientcore.la libtaisync.la libtaitime.la libtaibase.la libtaiio.la $(CHECK_LIBS) $(CRYPTO_LIBS)

# The end of a day with a leap second, through everything that carries time.
check_PROGRAMS += tests/unit/test_leap_day
TESTS += tests/unit/test_leap_day
tests_unit_test_leap_day_SOURCES = tests/unit/test_leap_day.c
tests_unit_test_leap_day_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_leap_day_CPPFLAGS = $(AM_CPPFLAGS) -DTEST_SRCDIR='"$(abs_top_srcdir)"'
tests_unit_test_leap_day_LDADD = libtaistampcore.la libtaistamp.la libtaisync.la libtaitime.la libtaibase.la libtaiio.la $(CHECK_LIBS) $(CRYPTO_LIBS)
