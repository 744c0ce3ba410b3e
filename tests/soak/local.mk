# make soak: longer than a test may take.
EXTRA_DIST += tests/soak/run
soak: all
	@$(MAKE) $(AM_MAKEFLAGS) check TESTS=
	@$(AM_TESTS_ENVIRONMENT) $(srcdir)/tests/soak/run
.PHONY: soak
