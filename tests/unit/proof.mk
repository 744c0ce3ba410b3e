# Formats and proofs. Tests of pure code link the pure archives, not the library, which hides them.
proof_pure_libs = libtaiproof.la libtaitime.la libtaibase.la libtaiio.la $(CRYPTO_LIBS) $(CHECK_LIBS)
proof_test_cppflags = $(AM_CPPFLAGS) $(CHECK_CFLAGS) $(JANSSON_CFLAGS) $(YAML_CFLAGS) \
	-DTEST_SRCDIR='"$(abs_top_srcdir)"'

proof_tests = tests/unit/test_formats tests/unit/test_hostile tests/unit/test_merkle tests/unit/test_net tests/unit/test_no_memory tests/unit/test_receipt tests/unit/test_stamping tests/unit/test_vectors \
	tests/unit/test_worked_example
check_PROGRAMS += $(proof_tests)
TESTS += $(proof_tests)
EXTRA_DIST += tests/unit/prop.h tests/unit/proof_files.h tests/unit/trust_yaml.h tests/vectors/proof

tests_unit_test_formats_CPPFLAGS = $(proof_test_cppflags)
tests_unit_test_formats_LDADD = $(proof_pure_libs) $(YAML_LIBS)

tests_unit_test_hostile_CPPFLAGS = $(proof_test_cppflags)
tests_unit_test_hostile_LDADD = $(proof_pure_libs)

tests_unit_test_merkle_CPPFLAGS = $(proof_test_cppflags)
tests_unit_test_merkle_LDADD = $(proof_pure_libs)

tests_unit_test_net_CPPFLAGS = $(proof_test_cppflags)
tests_unit_test_net_LDADD = libtaistamp-net.la libtaistamp.la $(CHECK_LIBS)

tests_unit_test_no_memory_CPPFLAGS = $(proof_test_cppflags)
tests_unit_test_no_memory_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc,--wrap=calloc,--wrap=reallocarray \
	-Wl,--wrap=aligned_alloc,--wrap=strdup,--wrap=free
tests_unit_test_no_memory_LDADD = libtaiapi.la $(proof_pure_libs)

tests_unit_test_receipt_CPPFLAGS = $(proof_test_cppflags)
tests_unit_test_receipt_LDADD = $(proof_pure_libs)

# The public functions from their archive, beside the pure code that plays the log.
tests_unit_test_stamping_CPPFLAGS = $(proof_test_cppflags)
tests_unit_test_stamping_LDADD = libtaiapi.la $(proof_pure_libs)

tests_unit_test_vectors_CPPFLAGS = $(proof_test_cppflags)
tests_unit_test_vectors_LDADD = libtaistamp.la $(JANSSON_LIBS) $(CHECK_LIBS)

tests_unit_test_worked_example_CPPFLAGS = $(proof_test_cppflags)
tests_unit_test_worked_example_LDADD = $(proof_pure_libs)

dist_check_SCRIPTS += tests/vectors/reproduce.sh
TESTS += tests/vectors/reproduce.sh
