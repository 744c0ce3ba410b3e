# Mathematics of synchronisation.
sync_test_libs = libtaisync.la libtaitime.la libtaibase.la libtaiio.la $(CHECK_LIBS) $(CRYPTO_LIBS) -lm
sync_tests = tests/unit/test_allan tests/unit/test_drift tests/unit/test_envelope tests/unit/test_hull tests/unit/test_line \
	tests/unit/test_midpoint tests/unit/test_oscillator tests/unit/test_rawmap tests/unit/test_real \
	tests/unit/test_triangle
check_PROGRAMS += $(sync_tests)
TESTS += $(sync_tests)
EXTRA_DIST += tests/unit/remote_clock.h

tests_unit_test_allan_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_unit_test_allan_LDADD = $(sync_test_libs)
tests_unit_test_drift_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_unit_test_drift_LDADD = $(sync_test_libs)
tests_unit_test_envelope_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_unit_test_envelope_LDADD = $(sync_test_libs)
tests_unit_test_hull_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_unit_test_hull_LDADD = $(sync_test_libs)
tests_unit_test_line_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_unit_test_line_LDADD = $(sync_test_libs)
tests_unit_test_midpoint_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_unit_test_midpoint_LDADD = $(sync_test_libs)
tests_unit_test_oscillator_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_unit_test_oscillator_LDADD = $(sync_test_libs)
tests_unit_test_rawmap_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_unit_test_rawmap_LDADD = $(sync_test_libs)
tests_unit_test_real_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_unit_test_real_LDADD = $(sync_test_libs)
tests_unit_test_triangle_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_unit_test_triangle_LDADD = $(sync_test_libs)
