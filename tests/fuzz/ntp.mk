# Replies of NTP servers, and the file of symmetric keys.
ntp_fuzz_libs = libtaiclockcore.la libtaiclientcore.la libtaisync.la libtaitime.la libtaibase.la libtaiio.la $(CRYPTO_LIBS)
fuzz_targets += tests/fuzz/fuzz_ntp tests/fuzz/fuzz_ntp_keys
tests_fuzz_fuzz_ntp_SOURCES = tests/fuzz/fuzz_ntp.c $(fuzz_main)
tests_fuzz_fuzz_ntp_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_fuzz_ntp_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_ntp_LDADD = $(ntp_fuzz_libs)
tests_fuzz_fuzz_ntp_keys_SOURCES = tests/fuzz/fuzz_ntp_keys.c $(fuzz_main)
tests_fuzz_fuzz_ntp_keys_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_fuzz_ntp_keys_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_ntp_keys_LDADD = $(ntp_fuzz_libs)
