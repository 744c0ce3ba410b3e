# Adapters of the daemons: UDP, the machine's clocks, steering.
io_test_libs = libtaidaemon.la libtaitime.la libtaibase.la libtaiio.la $(CHECK_LIBS) $(CRYPTO_LIBS)
check_PROGRAMS += tests/unit/test_udp
TESTS += tests/unit/test_udp
tests_unit_test_udp_SOURCES = tests/unit/test_udp.c
tests_unit_test_udp_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_udp_LDADD = $(io_test_libs)
