# Fault injection: power loss, full disk, kill -9.
include tests/fault/kill.mk
include tests/fault/disk.mk
