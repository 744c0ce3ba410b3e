# The cluster file, and the settings of a client.
fuzz_targets += tests/fuzz/fuzz_cluster tests/fuzz/fuzz_client_config
tests_fuzz_fuzz_cluster_SOURCES = tests/fuzz/fuzz_cluster.c $(fuzz_main)
tests_fuzz_fuzz_cluster_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_fuzz_cluster_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_cluster_LDADD = libtaidaemon.la libtaitime.la libtaibase.la libtaiio.la libtaibase.la $(YAML_LIBS) $(CRYPTO_LIBS)
tests_fuzz_fuzz_client_config_SOURCES = tests/fuzz/fuzz_client_config.c $(fuzz_main)
tests_fuzz_fuzz_client_config_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_fuzz_client_config_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_client_config_LDADD = libtaiclientconfig.la libtaidaemon.la libtaitime.la libtaibase.la libtaiio.la libtaibase.la \
	$(YAML_LIBS) $(CRYPTO_LIBS)
