# What gpsd says.
fuzz_targets += tests/fuzz/fuzz_gpsd
tests_fuzz_fuzz_gpsd_SOURCES = tests/fuzz/fuzz_gpsd.c $(fuzz_main)
tests_fuzz_fuzz_gpsd_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_fuzz_gpsd_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_gpsd_LDADD = libtaid.la libtaidaemon.la libtaiclockcore.la libtaisync.la libtaitime.la libtaibase.la libtaiio.la \
	$(JANSSON_LIBS) $(CRYPTO_LIBS)
