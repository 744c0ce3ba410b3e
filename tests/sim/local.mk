# Programs that measure the estimators against a simulated truth. Built by their names, not by `make check`.
EXTRA_PROGRAMS += tests/sim/envelope_bench
CLEANFILES += tests/sim/envelope_bench
tests_sim_envelope_bench_SOURCES = tests/sim/envelope_bench.c
tests_sim_envelope_bench_LDADD = libtaisync.la libtaitime.la libtaibase.la libtaiio.la $(CRYPTO_LIBS) -lm

# The simulator: worlds of many real engines, an oracle, scenarios from seeds. docs/SIMULATION.md.
check_PROGRAMS += tests/sim/sim
TESTS += tests/sim/sim.sh
EXTRA_DIST += tests/sim/sim.sh tests/sim/found.txt
tests_sim_sim_SOURCES = \
	tests/sim/sim.c tests/sim/show.c tests/sim/show.h tests/sim/figures.c tests/sim/figures.h \
	tests/sim/scenario.c tests/sim/scenario.h tests/sim/scenario_named.c tests/sim/scenario_named.h \
	tests/sim/scenario_random.c tests/sim/mark.c tests/sim/mark.h \
	tests/sim/oracle.c tests/sim/oracle.h tests/sim/oracle_progress.c tests/sim/oracle_progress.h \
	tests/sim/traitor.c tests/sim/traitor.h \
	tests/sim/world.c tests/sim/world.h tests/sim/world_step.c tests/sim/world_step.h \
	tests/sim/receiver.c tests/sim/receiver.h \
	tests/sim/port.h tests/sim/port_real.c tests/sim/port_real.h tests/sim/toy.c \
	tests/sim/machine.c tests/sim/machine.h tests/sim/oscillator.c tests/sim/oscillator.h \
	tests/sim/network.c tests/sim/network.h tests/sim/queue.c tests/sim/queue.h \
	tests/sim/fastcrypto.c tests/sim/fastcrypto.h tests/sim/random.h
tests_sim_sim_LDADD = libtaistamp.la libtaiclockcore.la libtaiclientcore.la libtaisync.la libtaitime.la libtaibase.la libtaiio.la $(CRYPTO_LIBS) -lm

# Simulated days: a pulse through filter and engine to the published line; the oscillator's model in holdover. docs/ACCURACY.md.
check_PROGRAMS += tests/sim/days
TESTS += tests/sim/days.sh
EXTRA_DIST += tests/sim/days.sh
tests_sim_days_SOURCES = tests/sim/days.c tests/sim/oscillator.c tests/sim/oscillator.h tests/sim/random.h
tests_sim_days_LDADD = libtaiclockcore.la libtaiclientcore.la libtaisync.la libtaitime.la libtaibase.la libtaiio.la $(CRYPTO_LIBS) -lm
days: tests/sim/days$(EXEEXT)
	./tests/sim/days pulse --hours 24 --seeds 10
	./tests/sim/days holdover --seeds 1000
.PHONY: days
