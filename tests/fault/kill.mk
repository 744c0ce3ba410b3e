# Random kill -9 of a real taid under load; KILLS and TEST_SEED choose how many and which.
check_PROGRAMS += tests/fault/kill
TESTS += tests/fault/kill.sh
EXTRA_DIST += tests/fault/kill.sh
tests_fault_kill_SOURCES = tests/fault/kill.c
tests_fault_kill_CFLAGS = $(IO_CFLAGS)
tests_fault_kill_LDADD = libtaistamp-net.la libtaistamp.la libtaiproof.la libtaitime.la libtaibase.la libtaiio.la \
	$(CRYPTO_LIBS)
