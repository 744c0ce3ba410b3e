# Requests to the control socket.
fuzz_targets += tests/fuzz/fuzz_control
tests_fuzz_fuzz_control_SOURCES = tests/fuzz/fuzz_control.c $(fuzz_main)
tests_fuzz_fuzz_control_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_fuzz_control_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_control_LDADD = libtaiclientio.la libtaiclientcore.la libtaisync.la libtaistamp.la libtaidaemon.la libtaitime.la \
	libtaibase.la libtaiio.la $(EVENT_LIBS) $(JANSSON_LIBS) $(CRYPTO_LIBS)
