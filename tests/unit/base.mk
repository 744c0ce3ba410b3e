# sdk/base
check_PROGRAMS += tests/unit/test_base
TESTS += tests/unit/test_base
tests_unit_test_base_SOURCES = tests/unit/test_base.c
tests_unit_test_base_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_base_LDADD = libtaibase.la libtaiio.la $(CHECK_LIBS) $(CRYPTO_LIBS)
