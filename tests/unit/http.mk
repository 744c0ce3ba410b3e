# The HTTP side of the stamp process, over a log that keeps nothing.
http_test_rig = tests/unit/fake_log.c tests/unit/fake_log.h tests/unit/http_rig.c tests/unit/http_rig.h
http_test_cflags = $(IO_CFLAGS) $(CHECK_CFLAGS) $(EVENT_CFLAGS)
http_test_libs = libtaid.la libtaidaemon.la libtaistamp.la libtaiproof.la libtaitime.la libtaibase.la libtaiio.la \
	$(CHECK_LIBS) $(EVENT_LIBS) $(JANSSON_LIBS) $(CRYPTO_LIBS)
check_PROGRAMS += tests/unit/test_http
TESTS += tests/unit/test_http
tests_unit_test_http_SOURCES = tests/unit/test_http.c $(http_test_rig)
tests_unit_test_http_CPPFLAGS = $(AM_CPPFLAGS) -DTEST_SRCDIR='"$(abs_top_srcdir)"'
tests_unit_test_http_CFLAGS = $(http_test_cflags)
tests_unit_test_http_LDADD = $(http_test_libs)
check_PROGRAMS += tests/unit/test_http_limits
TESTS += tests/unit/test_http_limits
tests_unit_test_http_limits_SOURCES = tests/unit/test_http_limits.c $(http_test_rig)
tests_unit_test_http_limits_CFLAGS = $(http_test_cflags)
tests_unit_test_http_limits_LDADD = $(http_test_libs)
