# tai-stamp.
bench_programs += tests/bench/bench_hash
bench_scripts += tests/bench/bench_batch.py tests/bench/bench_verify.py
tests_bench_bench_hash_SOURCES = tests/bench/bench_hash.c
tests_bench_bench_hash_CFLAGS = $(IO_CFLAGS)
tests_bench_bench_hash_LDADD = libtaistampcli.la libtaistamp.la
