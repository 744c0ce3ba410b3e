# The election: its rules in tables, and many of them in a simulated world.
election_test_libs = libtaiclockcore.la libtaitime.la libtaibase.la libtaiio.la libtaistamp.la $(CHECK_LIBS) $(CRYPTO_LIBS)
check_PROGRAMS += tests/unit/test_election_sim
TESTS += tests/unit/test_election_sim
tests_unit_test_election_sim_SOURCES = tests/unit/test_election_sim.c tests/unit/election_sim.c tests/unit/election_sim.h
tests_unit_test_election_sim_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_election_sim_LDADD = $(election_test_libs)
check_PROGRAMS += tests/unit/test_election
TESTS += tests/unit/test_election
tests_unit_test_election_SOURCES = tests/unit/test_election.c
tests_unit_test_election_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_election_LDADD = $(election_test_libs)
check_PROGRAMS += tests/unit/test_lease
TESTS += tests/unit/test_lease
tests_unit_test_lease_SOURCES = tests/unit/test_lease.c
tests_unit_test_lease_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_lease_LDADD = $(election_test_libs)
