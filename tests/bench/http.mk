# Load generator and the bare peer of the HTTP bench.
bench_helpers_http = tests/bench/load tests/bench/bare_evhttp tests/bench/commit_floor
EXTRA_PROGRAMS += $(bench_helpers_http)
CLEANFILES += $(bench_helpers_http)
bench_scripts += tests/bench/bench_http.sh
tests_bench_load_SOURCES = tests/bench/load.c
tests_bench_load_CFLAGS = $(IO_CFLAGS)
tests_bench_load_LDADD = libtaistamp.la
tests_bench_bare_evhttp_SOURCES = tests/bench/bare_evhttp.c
tests_bench_bare_evhttp_CFLAGS = $(IO_CFLAGS) $(EVENT_CFLAGS)
tests_bench_bare_evhttp_LDADD = $(EVENT_LIBS)
tests_bench_commit_floor_SOURCES = tests/bench/commit_floor.c
tests_bench_commit_floor_CFLAGS = $(IO_CFLAGS)

bench: $(bench_helpers_http)
