# NTP servers as references: the client's core, keys, leap seconds and smears; the driver against hostile servers.
ntp_test_libs = libtaid.la libtaidaemon.la libtaiclockcore.la libtaiclientcore.la libtaisync.la libtaitime.la libtaibase.la libtaiio.la \
	$(CHECK_LIBS) $(CRYPTO_LIBS)
check_PROGRAMS += tests/unit/test_ntp_client
TESTS += tests/unit/test_ntp_client
tests_unit_test_ntp_client_SOURCES = tests/unit/test_ntp_client.c tests/unit/ntp_world.c tests/unit/ntp_world.h tests/unit/prop.h
tests_unit_test_ntp_client_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_ntp_client_LDADD = $(ntp_test_libs)
check_PROGRAMS += tests/unit/test_ntp_replies
TESTS += tests/unit/test_ntp_replies
tests_unit_test_ntp_replies_SOURCES = tests/unit/test_ntp_replies.c tests/unit/ntp_world.c tests/unit/ntp_world.h
tests_unit_test_ntp_replies_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_ntp_replies_LDADD = $(ntp_test_libs)
check_PROGRAMS += tests/unit/test_ntp_smear tests/unit/test_ntp_keys
TESTS += tests/unit/test_ntp_smear tests/unit/test_ntp_keys
tests_unit_test_ntp_smear_SOURCES = tests/unit/test_ntp_smear.c tests/unit/ntp_world.c tests/unit/ntp_world.h tests/unit/prop.h
tests_unit_test_ntp_smear_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_ntp_smear_CPPFLAGS = $(AM_CPPFLAGS) -DTEST_SRCDIR='"$(abs_top_srcdir)"'
tests_unit_test_ntp_smear_LDADD = $(ntp_test_libs)
tests_unit_test_ntp_keys_SOURCES = tests/unit/test_ntp_keys.c
tests_unit_test_ntp_keys_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_ntp_keys_LDADD = $(ntp_test_libs)
check_PROGRAMS += tests/unit/test_ntp_upstream
TESTS += tests/unit/test_ntp_upstream
tests_unit_test_ntp_upstream_SOURCES = tests/unit/test_ntp_upstream.c tests/unit/ntp_rig.c tests/unit/ntp_rig.h
tests_unit_test_ntp_upstream_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS) $(EVENT_CFLAGS)
tests_unit_test_ntp_upstream_LDADD = $(ntp_test_libs) $(EVENT_LIBS)
