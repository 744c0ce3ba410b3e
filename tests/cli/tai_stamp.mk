# tai-stamp.
stamp_tests = tests/cli/stamp_vectors.py tests/cli/stamp.sh tests/cli/stamp_hostile.py tests/cli/stamp_kill.py \
	tests/cli/stamp_private.py tests/cli/stamp_https.py tests/cli/quickstart.sh
dist_check_SCRIPTS += $(stamp_tests)
TESTS += $(stamp_tests)
EXTRA_DIST += tests/cli/stamp_lib.sh
