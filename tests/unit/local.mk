# Unit tests by libcheck: one program per module, named tests/unit/test_MODULE.
include tests/unit/base.mk
include tests/unit/proof.mk
include tests/unit/taid.mk
include tests/unit/log.mk
include tests/unit/time.mk
include tests/unit/http.mk
include tests/unit/clock.mk
include tests/unit/election.mk
include tests/unit/node.mk
include tests/unit/timekeeper.mk
include tests/unit/cli.mk
include tests/unit/life.mk
include tests/unit/client.mk
include tests/unit/keys.mk
include tests/unit/wire.mk
include tests/unit/io.mk
include tests/unit/sync.mk
