# Programs that measure the estimators against a simulated truth. Built by their names, not by `make check`.
EXTRA_PROGRAMS += tests/sim/envelope_bench
tests_sim_envelope_bench_SOURCES = tests/sim/envelope_bench.c
tests_sim_envelope_bench_LDADD = libtaisync.la libtaitime.la libtaibase.la libtaiio.la $(CRYPTO_LIBS) -lm
