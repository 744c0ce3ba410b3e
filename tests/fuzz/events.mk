# The event input of the engines, with a small cluster around it.
fuzz_targets += tests/fuzz/fuzz_events
tests_fuzz_fuzz_events_SOURCES = tests/fuzz/fuzz_events.c tests/sim/fastcrypto.c tests/sim/fastcrypto.h $(fuzz_main)
tests_fuzz_fuzz_events_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_fuzz_events_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_events_LDADD = libtaistamp.la libtaiclockcore.la libtaiclientcore.la libtaisync.la libtaitime.la libtaibase.la \
	libtaiio.la $(CRYPTO_LIBS) -lm
