# Adapters of the daemons: UDP, the machine's clocks, steering.
io_test_libs = libtaidaemon.la libtaitime.la libtaibase.la libtaiio.la $(CHECK_LIBS) $(CRYPTO_LIBS)
check_PROGRAMS += tests/unit/test_udp
TESTS += tests/unit/test_udp
tests_unit_test_udp_SOURCES = tests/unit/test_udp.c
tests_unit_test_udp_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_udp_LDADD = $(io_test_libs)

client_io_tests = tests/unit/test_clocks tests/unit/test_host tests/unit/test_leap_watch tests/unit/test_rivals tests/unit/test_steer
check_PROGRAMS += $(client_io_tests)
TESTS += $(client_io_tests)
client_io_test_libs = libtaiclientio.la $(io_test_libs)
tests_unit_test_clocks_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_clocks_LDADD = $(client_io_test_libs)
tests_unit_test_host_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_host_LDADD = libtaiclientio.la libtaiclientcore.la libtaisync.la libtaistamp.la $(io_test_libs)
tests_unit_test_steer_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_steer_LDADD = $(client_io_test_libs)
tests_unit_test_leap_watch_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_leap_watch_CPPFLAGS = $(AM_CPPFLAGS) -DTEST_SRCDIR='"$(abs_top_srcdir)"'
tests_unit_test_leap_watch_LDADD = $(io_test_libs) libtaistamp.la
tests_unit_test_rivals_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_rivals_LDADD = $(client_io_test_libs)
