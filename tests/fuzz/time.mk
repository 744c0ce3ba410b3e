# The leap table and the text forms of time.
fuzz_targets += tests/fuzz/fuzz_leap tests/fuzz/fuzz_time_text

tests_fuzz_fuzz_leap_SOURCES = tests/fuzz/fuzz_leap.c $(fuzz_main)
tests_fuzz_fuzz_leap_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_fuzz_leap_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_leap_LDADD = libtaitime.la libtaibase.la libtaiio.la $(CRYPTO_LIBS)

tests_fuzz_fuzz_time_text_SOURCES = tests/fuzz/fuzz_time_text.c $(fuzz_main)
tests_fuzz_fuzz_time_text_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_fuzz_time_text_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_time_text_LDADD = libtaitime.la libtaibase.la libtaiio.la $(CRYPTO_LIBS)
