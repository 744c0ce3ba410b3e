# Node keys, the cluster file, which node this machine is; the settings of a client.
keys_tests = tests/unit/test_nodekey tests/unit/test_cluster tests/unit/test_client_config
check_PROGRAMS += $(keys_tests)
TESTS += $(keys_tests)
keys_test_cppflags = $(AM_CPPFLAGS) $(CHECK_CFLAGS) -DTEST_SRCDIR='"$(abs_top_srcdir)"'
keys_test_libs = libtaidaemon.la libtaitime.la libtaibase.la libtaiio.la libtaibase.la $(CHECK_LIBS) $(YAML_LIBS) $(CRYPTO_LIBS)
tests_unit_test_nodekey_SOURCES = tests/unit/test_nodekey.c tests/unit/node_files.h
tests_unit_test_nodekey_CPPFLAGS = $(keys_test_cppflags)
tests_unit_test_nodekey_LDADD = $(keys_test_libs)
tests_unit_test_cluster_SOURCES = tests/unit/test_cluster.c tests/unit/node_files.h
tests_unit_test_cluster_CPPFLAGS = $(keys_test_cppflags)
tests_unit_test_cluster_LDADD = $(keys_test_libs)
tests_unit_test_client_config_SOURCES = tests/unit/test_client_config.c
tests_unit_test_client_config_CPPFLAGS = $(keys_test_cppflags)
tests_unit_test_client_config_LDADD = libtaiclientconfig.la $(keys_test_libs)
