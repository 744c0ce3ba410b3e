# make bench.
