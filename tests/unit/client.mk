# The client's core: what a lab machine decides.
client_tests = tests/unit/test_discipline tests/unit/test_exchange tests/unit/test_fallback tests/unit/test_follower tests/unit/test_guard
check_PROGRAMS += $(client_tests)
TESTS += $(client_tests)

client_test_cppflags = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
client_test_libs = libtaiclientcore.la libtaisync.la libtaitime.la libtaibase.la libtaiio.la libtaitime.la libtaibase.la libtaiio.la \
	$(CRYPTO_LIBS) $(CHECK_LIBS) -lm

tests_unit_test_exchange_CPPFLAGS = $(client_test_cppflags)
tests_unit_test_exchange_LDADD = $(client_test_libs)

tests_unit_test_guard_CPPFLAGS = $(client_test_cppflags)
tests_unit_test_guard_LDADD = $(client_test_libs)

tests_unit_test_follower_SOURCES = tests/unit/test_follower.c tests/unit/tiny_net.c tests/unit/tiny_net.h
tests_unit_test_follower_CPPFLAGS = $(client_test_cppflags)
tests_unit_test_follower_LDADD = $(client_test_libs)

tests_unit_test_discipline_CPPFLAGS = $(client_test_cppflags)
tests_unit_test_discipline_LDADD = $(client_test_libs)

tests_unit_test_fallback_CPPFLAGS = $(client_test_cppflags)
tests_unit_test_fallback_LDADD = $(client_test_libs)
