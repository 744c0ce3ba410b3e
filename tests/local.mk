# Tests. Each kind has its folder and its fragment; `make check` runs them all.
include tests/unit/local.mk
include tests/fuzz/local.mk
include tests/sim/local.mk
include tests/fault/local.mk
include tests/cli/local.mk
include tests/check/local.mk
include tests/interop/local.mk
include tests/bench/local.mk
include tests/fresh/local.mk
include tests/live/local.mk
include tests/model/local.mk
include tests/soak/local.mk
include tests/accuracy/local.mk
