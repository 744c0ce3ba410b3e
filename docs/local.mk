# Documentation that is installed or shipped.
EXTRA_DIST += docs/examples/clock_read.c docs/examples/convert.c docs/examples/stamp_file.c docs/examples/verify_offline.c
