# Models of the election for spin.
dist_check_SCRIPTS += tests/model/quick.sh
EXTRA_DIST += tests/model/run tests/model/votes.pml tests/model/prevote.pml tests/model/lease.pml tests/model/fence.pml
model:
	@$(AM_TESTS_ENVIRONMENT) $(srcdir)/tests/model/run
.PHONY: model
