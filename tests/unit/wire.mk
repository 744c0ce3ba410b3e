# The messages of the cluster, the hybrid clock and sessions.
wire_tests = tests/unit/test_hlc tests/unit/test_wire tests/unit/test_session \
	tests/unit/test_session_net
check_PROGRAMS += $(wire_tests)
TESTS += $(wire_tests)
EXTRA_DIST += tests/unit/wire_samples.h tests/vectors/sync

wire_test_cppflags = $(AM_CPPFLAGS) $(CHECK_CFLAGS) -DTEST_SRCDIR='"$(abs_top_srcdir)"'
wire_test_libs = libtaiclientcore.la libtaisync.la libtaitime.la libtaibase.la libtaiio.la $(CRYPTO_LIBS) $(CHECK_LIBS)
tests_unit_test_hlc_CPPFLAGS = $(wire_test_cppflags)
tests_unit_test_hlc_LDADD = $(wire_test_libs)
tests_unit_test_wire_CPPFLAGS = $(wire_test_cppflags)
tests_unit_test_wire_LDADD = $(wire_test_libs)
tests_unit_test_session_CPPFLAGS = $(wire_test_cppflags)
tests_unit_test_session_LDADD = $(wire_test_libs)
tests_unit_test_session_net_CPPFLAGS = $(wire_test_cppflags)
tests_unit_test_session_net_LDADD = $(wire_test_libs)
