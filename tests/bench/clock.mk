# The bounded clock reading. libtaiio and libtaibase need each other: asking for tai_bug first lets one pass do.
bench_programs += tests/bench/bench_clock
tests_bench_bench_clock_SOURCES = tests/bench/bench_clock.c
tests_bench_bench_clock_CFLAGS = $(IO_CFLAGS)
tests_bench_bench_clock_LDFLAGS = $(AM_LDFLAGS) -Wl,-u,tai_bug
tests_bench_bench_clock_LDADD = libtaitime.la libtaiio.la libtaibase.la libtaistamp.la $(CRYPTO_LIBS)
