# Text of synchronisation: the drift file.
fuzz_targets += tests/fuzz/fuzz_drift
tests_fuzz_fuzz_drift_SOURCES = tests/fuzz/fuzz_drift.c $(fuzz_main)
tests_fuzz_fuzz_drift_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_fuzz_drift_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_drift_LDADD = libtaisync.la libtaitime.la libtaibase.la libtaiio.la $(CRYPTO_LIBS)
