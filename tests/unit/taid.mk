# taid: configuration, supervisor, init.
check_PROGRAMS += tests/unit/test_yaml tests/unit/test_config
TESTS += tests/unit/test_yaml tests/unit/test_config
tests_unit_test_yaml_SOURCES = tests/unit/test_yaml.c
tests_unit_test_yaml_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_yaml_LDADD = libtaidaemon.la libtaitime.la libtaibase.la libtaiio.la $(CHECK_LIBS) $(YAML_LIBS) $(CRYPTO_LIBS)
tests_unit_test_config_SOURCES = tests/unit/test_config.c tests/unit/config_text.h
tests_unit_test_config_CPPFLAGS = $(AM_CPPFLAGS) -DTEST_SRCDIR='"$(abs_top_srcdir)"'
tests_unit_test_config_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_config_LDADD = libtaid.la libtaidaemon.la libtaitime.la libtaibase.la libtaiio.la $(CHECK_LIBS) $(YAML_LIBS) \
	$(CRYPTO_LIBS)

check_PROGRAMS += tests/unit/test_config_references
TESTS += tests/unit/test_config_references
tests_unit_test_config_references_SOURCES = tests/unit/test_config_references.c tests/unit/config_text.h
tests_unit_test_config_references_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_config_references_LDADD = libtaid.la libtaidaemon.la libtaitime.la libtaibase.la libtaiio.la $(CHECK_LIBS) \
	$(YAML_LIBS) $(CRYPTO_LIBS)

check_PROGRAMS += tests/unit/test_supervisor
TESTS += tests/unit/test_supervisor
tests_unit_test_supervisor_SOURCES = tests/unit/test_supervisor.c
tests_unit_test_supervisor_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_supervisor_LDADD = $(taid_LDADD) $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test_init
TESTS += tests/unit/test_init
tests_unit_test_init_SOURCES = tests/unit/test_init.c
tests_unit_test_init_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_init_LDADD = $(taid_LDADD) $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test_control
TESTS += tests/unit/test_control
tests_unit_test_control_SOURCES = tests/unit/test_control.c
tests_unit_test_control_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS) $(EVENT_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_control_LDADD = libtaiclientio.la libtaiclientcore.la libtaisync.la libtaistamp.la libtaidaemon.la libtaitime.la \
	libtaibase.la libtaiio.la $(EVENT_LIBS) $(JANSSON_LIBS) $(CHECK_LIBS) $(CRYPTO_LIBS)

check_PROGRAMS += tests/unit/test_user
TESTS += tests/unit/test_user
tests_unit_test_user_SOURCES = tests/unit/test_user.c
tests_unit_test_user_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_user_LDADD = libtaidaemon.la libtaitime.la libtaistamp.la libtaibase.la libtaiio.la $(CHECK_LIBS) $(CRYPTO_LIBS)
