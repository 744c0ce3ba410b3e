# tools/tai-stamp
check_PROGRAMS += tests/unit/test_cli
TESTS += tests/unit/test_cli
tests_unit_test_cli_SOURCES = tests/unit/test_cli.c
tests_unit_test_cli_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_cli_LDADD = libtaistampcli.la libtaitools.la libtaistamp.la $(CHECK_LIBS)
