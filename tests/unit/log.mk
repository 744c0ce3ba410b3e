# The log: signer, issuer, sequencer, store, commits.
log_test_libs = libtaid.la libtaistampcore.la libtaiproof.la libtaitime.la libtaibase.la libtaiio.la \
	libtaistamp.la $(CHECK_LIBS) $(EVENT_LIBS) $(SQLITE_LIBS) $(CRYPTO_LIBS)
log_test_cflags = $(IO_CFLAGS) $(CHECK_CFLAGS) $(EVENT_CFLAGS)
log_tests = tests/unit/test_issuer tests/unit/test_log tests/unit/test_sequencer tests/unit/test_sign \
	tests/unit/test_tilewriter
check_PROGRAMS += $(log_tests)
TESTS += $(log_tests)

tests_unit_test_log_SOURCES = tests/unit/test_log.c tests/fault/logrig.c tests/fault/logrig.h
tests_unit_test_log_CFLAGS = $(log_test_cflags)
tests_unit_test_log_LDADD = $(log_test_libs)

tests_unit_test_issuer_SOURCES = tests/unit/test_issuer.c
tests_unit_test_issuer_CFLAGS = $(log_test_cflags)
tests_unit_test_issuer_LDADD = $(log_test_libs)

tests_unit_test_sequencer_SOURCES = tests/unit/test_sequencer.c
tests_unit_test_sequencer_CFLAGS = $(log_test_cflags)
tests_unit_test_sequencer_LDADD = $(log_test_libs)

tests_unit_test_sign_SOURCES = tests/unit/test_sign.c
tests_unit_test_sign_CFLAGS = $(log_test_cflags)
tests_unit_test_sign_LDADD = $(log_test_libs)

tests_unit_test_tilewriter_SOURCES = tests/unit/test_tilewriter.c
tests_unit_test_tilewriter_CFLAGS = $(log_test_cflags)
tests_unit_test_tilewriter_LDADD = libtaid.la libtaistampcore.la libtaiproof.la libtaiio.la libtaibase.la \
	libtaistamp.la $(CHECK_LIBS) $(EVENT_LIBS) $(SQLITE_LIBS) $(CRYPTO_LIBS)
