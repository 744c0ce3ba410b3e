# Requests: heads and bodies.
fuzz_targets += tests/fuzz/fuzz_request tests/fuzz/fuzz_http_head
tests_fuzz_fuzz_request_SOURCES = tests/fuzz/fuzz_request.c $(fuzz_main)
tests_fuzz_fuzz_request_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_fuzz_request_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_request_LDADD = libtaid.la libtaistamp.la libtaiproof.la libtaibase.la libtaiio.la $(JANSSON_LIBS) $(CRYPTO_LIBS)
tests_fuzz_fuzz_http_head_SOURCES = tests/fuzz/fuzz_http_head.c $(fuzz_main)
tests_fuzz_fuzz_http_head_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_fuzz_http_head_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_http_head_LDADD = libtaid.la libtaibase.la libtaiio.la $(CRYPTO_LIBS)
