# Real processes in network namespaces. The long one takes some minutes and both cores: only who asks for it gets it.
dist_check_SCRIPTS += tests/live/small.py
TESTS += tests/live/small.py
EXTRA_DIST += tests/live/failover.py tests/live/flood.c tests/live/hub.py tests/live/lab.py tests/live/parts.py

live: all
	@$(AM_TESTS_ENVIRONMENT) $(srcdir)/tests/live/failover.py || [ $$? = 77 ]
.PHONY: live
