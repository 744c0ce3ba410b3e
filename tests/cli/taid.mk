dist_check_SCRIPTS += tests/cli/taid.sh
TESTS += tests/cli/taid.sh
