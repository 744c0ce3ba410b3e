# The commands as a user types them.
include tests/cli/taid.mk
include tests/cli/time.mk
include tests/cli/tai_stamp.mk
