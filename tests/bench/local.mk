# make bench: each program prints figures beside a peer or bare limit (tests/bench/run says how). bench_programs are
# built for it; bench_scripts lie in the sources.
EXTRA_PROGRAMS += $(bench_programs)
EXTRA_DIST += tests/bench/run $(bench_scripts)
CLEANFILES += $(bench_programs) bench.json
bench_scripts =

bench: all $(bench_programs)
	@programs='$(bench_programs:%=./%)'; for s in $(bench_scripts); do programs="$$programs $(srcdir)/$$s"; done; \
	 $(AM_TESTS_ENVIRONMENT) $(srcdir)/tests/bench/run bench.json $$programs
.PHONY: bench
include tests/bench/http.mk
include tests/bench/clock.mk
include tests/bench/tai_stamp.mk
