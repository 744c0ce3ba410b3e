dist_check_SCRIPTS += tests/cli/taid.sh tests/cli/taid_clock.py tests/cli/cluster.py tests/cli/taictl.py
TESTS += tests/cli/taid.sh tests/cli/taid_clock.py tests/cli/cluster.py tests/cli/taictl.py
EXTRA_DIST += tests/cli/rig.py
