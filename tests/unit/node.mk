# The server's engine: time scale, round, evidence, and the node that joins them.
node_test_libs = libtaiclockcore.la libtaiclientcore.la libtaisync.la libtaitime.la libtaibase.la libtaiio.la \
	$(CHECK_LIBS) $(CRYPTO_LIBS)
check_PROGRAMS += tests/unit/test_ensemble tests/unit/test_round tests/unit/test_suspicion
TESTS += tests/unit/test_ensemble tests/unit/test_round tests/unit/test_suspicion
tests_unit_test_ensemble_SOURCES = tests/unit/test_ensemble.c tests/unit/prop.h
tests_unit_test_ensemble_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_ensemble_LDADD = $(node_test_libs)
tests_unit_test_round_SOURCES = tests/unit/test_round.c tests/unit/prop.h
tests_unit_test_round_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_round_LDADD = $(node_test_libs)
tests_unit_test_suspicion_SOURCES = tests/unit/test_suspicion.c
tests_unit_test_suspicion_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_suspicion_LDADD = $(node_test_libs)
check_PROGRAMS += tests/unit/test_node
TESTS += tests/unit/test_node
tests_unit_test_node_SOURCES = tests/unit/test_node.c tests/unit/node_net.c tests/unit/node_net.h tests/unit/prop.h
tests_unit_test_node_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_node_LDADD = $(node_test_libs) -lm
check_PROGRAMS += tests/unit/test_node_judged
TESTS += tests/unit/test_node_judged
tests_unit_test_node_judged_SOURCES = tests/unit/test_node_judged.c tests/unit/node_net.c tests/unit/node_net.h \
	tests/unit/prop.h
tests_unit_test_node_judged_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_node_judged_LDADD = $(node_test_libs) -lm
check_PROGRAMS += tests/unit/test_liar
TESTS += tests/unit/test_liar
tests_unit_test_liar_SOURCES = tests/unit/test_liar.c tests/unit/liar.c tests/unit/liar.h tests/unit/node_net.c \
	tests/unit/node_net.h tests/unit/prop.h
tests_unit_test_liar_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_liar_LDADD = $(node_test_libs) -lm
