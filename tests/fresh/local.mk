# make fresh: both commands of the README in a fresh Debian root. Needs root and debootstrap.
EXTRA_DIST += tests/fresh/run
fresh:
	$(srcdir)/tests/fresh/run
.PHONY: fresh
