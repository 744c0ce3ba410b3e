# Fuzz targets: one per parser. In make check each replays tests/fuzz/corpus/TARGET through replay.c; with
# ./configure --enable-fuzzers CC=clang they are libFuzzer programs to be run by hand:
#     make tests/fuzz/fuzz_leap && tests/fuzz/fuzz_leap -max_total_time=60 NEW_FOLDER ../tests/fuzz/corpus/leap
# To add one: fuzz_X.c, a corpus folder X, and in a fragment of your own (see time.mk): the name in fuzz_targets, its
# sources with $(fuzz_main), its CPPFLAGS, LDFLAGS and LDADD.
fuzz_targets =
fuzz_cppflags = $(AM_CPPFLAGS) -DTEST_SRCDIR='"$(abs_top_srcdir)"'
if FUZZERS
fuzz_main =
fuzz_ldflags = $(AM_LDFLAGS) -fsanitize=fuzzer
noinst_PROGRAMS += $(fuzz_targets)
else
fuzz_main = tests/fuzz/replay.c
fuzz_ldflags = $(AM_LDFLAGS)
check_PROGRAMS += $(fuzz_targets)
TESTS += $(fuzz_targets)
endif
EXTRA_DIST += tests/fuzz/replay.c tests/fuzz/corpus
# The fuzz targets and what they are made of, nothing else.
fuzzers: $(fuzz_targets)
.PHONY: fuzzers

include tests/fuzz/time.mk
include tests/fuzz/taid.mk
include tests/fuzz/proof.mk
include tests/fuzz/clock.mk
include tests/fuzz/http.mk
include tests/fuzz/log.mk
include tests/fuzz/keys.mk
include tests/fuzz/wire.mk
include tests/fuzz/control.mk
include tests/fuzz/sync.mk
include tests/fuzz/ntp.mk
include tests/fuzz/engine.mk
include tests/fuzz/events.mk
include tests/fuzz/gps.mk
include tests/fuzz/refclock.mk
