# What the engines are told by liars with keys.
fuzz_targets += tests/fuzz/fuzz_engine
tests_fuzz_fuzz_engine_SOURCES = tests/fuzz/fuzz_engine.c tests/unit/liar.c tests/unit/liar.h tests/unit/node_net.c \
	tests/unit/node_net.h tests/unit/tiny_net.c tests/unit/tiny_net.h $(fuzz_main)
tests_fuzz_fuzz_engine_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_fuzz_engine_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_engine_LDADD = libtaiclockcore.la libtaiclientcore.la libtaisync.la libtaitime.la libtaibase.la libtaiio.la \
	$(CRYPTO_LIBS) -lm
