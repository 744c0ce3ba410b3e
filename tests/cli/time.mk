# tai-leap.
dist_check_SCRIPTS += tests/cli/tai_leap.sh
TESTS += tests/cli/tai_leap.sh
