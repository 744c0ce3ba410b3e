dist_check_SCRIPTS += tests/cli/taid.sh tests/cli/taid_clock.py tests/cli/cluster.py tests/cli/references.py tests/cli/bad_days.py tests/cli/taictl.py tests/cli/tai_client.py
TESTS += tests/cli/taid.sh tests/cli/taid_clock.py tests/cli/cluster.py tests/cli/references.py tests/cli/bad_days.py tests/cli/taictl.py tests/cli/tai_client.py
EXTRA_DIST += tests/cli/rig.py tests/cli/solo.py tests/cli/reference_rig.py tests/cli/fakes.py
