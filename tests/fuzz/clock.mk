# The clock page.
fuzz_targets += tests/fuzz/fuzz_page
tests_fuzz_fuzz_page_SOURCES = tests/fuzz/fuzz_page.c $(fuzz_main)
tests_fuzz_fuzz_page_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_fuzz_page_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_page_LDADD = libtaitime.la libtaibase.la libtaiio.la $(CRYPTO_LIBS)
