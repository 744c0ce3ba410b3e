# The formats of proofs.
proof_fuzz_libs = libtaiproof.la libtaitime.la libtaibase.la libtaiio.la $(CRYPTO_LIBS)
fuzz_targets += tests/fuzz/fuzz_entry tests/fuzz/fuzz_note tests/fuzz/fuzz_policy \
	tests/fuzz/fuzz_receipt tests/fuzz/fuzz_trust

tests_fuzz_fuzz_entry_SOURCES = tests/fuzz/fuzz_entry.c $(fuzz_main)
tests_fuzz_fuzz_entry_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_fuzz_entry_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_entry_LDADD = $(proof_fuzz_libs)

tests_fuzz_fuzz_note_SOURCES = tests/fuzz/fuzz_note.c $(fuzz_main)
tests_fuzz_fuzz_note_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_fuzz_note_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_note_LDADD = $(proof_fuzz_libs)

tests_fuzz_fuzz_policy_SOURCES = tests/fuzz/fuzz_policy.c $(fuzz_main)
tests_fuzz_fuzz_policy_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_fuzz_policy_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_policy_LDADD = $(proof_fuzz_libs)

tests_fuzz_fuzz_receipt_SOURCES = tests/fuzz/fuzz_receipt.c $(fuzz_main)
tests_fuzz_fuzz_receipt_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_fuzz_receipt_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_receipt_LDADD = $(proof_fuzz_libs)

tests_fuzz_fuzz_trust_SOURCES = tests/fuzz/fuzz_trust.c $(fuzz_main)
tests_fuzz_fuzz_trust_CPPFLAGS = $(fuzz_cppflags) $(YAML_CFLAGS)
tests_fuzz_fuzz_trust_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_trust_LDADD = $(proof_fuzz_libs) $(YAML_LIBS)
