# Documentation that is installed or shipped.
EXTRA_DIST += docs/examples/clock_read.c docs/examples/convert.c docs/examples/stamp_file.c docs/examples/verify_offline.c
dist_man_MANS += docs/man/libtaistamp.3
EXTRA_DIST += docs/HTTP-API.md
EXTRA_DIST += docs/FORMATS.md
