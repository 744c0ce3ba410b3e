# The messages of the cluster.
wire_fuzz_libs = libtaiclientcore.la libtaisync.la libtaitime.la libtaibase.la libtaiio.la $(CRYPTO_LIBS)
fuzz_targets += tests/fuzz/fuzz_wire tests/fuzz/fuzz_session
tests_fuzz_fuzz_wire_SOURCES = tests/fuzz/fuzz_wire.c $(fuzz_main)
tests_fuzz_fuzz_wire_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_fuzz_wire_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_wire_LDADD = $(wire_fuzz_libs)
tests_fuzz_fuzz_session_SOURCES = tests/fuzz/fuzz_session.c $(fuzz_main)
tests_fuzz_fuzz_session_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_fuzz_session_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_session_LDADD = $(wire_fuzz_libs)
