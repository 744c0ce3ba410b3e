# The log: names of tiles, head slot, rows.
log_fuzz_libs = libtaid.la libtaistampcore.la libtaiproof.la libtaibase.la libtaiio.la $(CRYPTO_LIBS)
fuzz_targets += tests/fuzz/fuzz_tilepath tests/fuzz/fuzz_slot
tests_fuzz_fuzz_tilepath_SOURCES = tests/fuzz/fuzz_tilepath.c $(fuzz_main)
tests_fuzz_fuzz_tilepath_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_fuzz_tilepath_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_tilepath_LDADD = $(log_fuzz_libs)
tests_fuzz_fuzz_slot_SOURCES = tests/fuzz/fuzz_slot.c $(fuzz_main)
tests_fuzz_fuzz_slot_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_fuzz_slot_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_slot_LDADD = $(log_fuzz_libs)
