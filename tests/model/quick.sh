#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The models as an ordinary test: every mutant, and the smaller of the models that hold. All: make model.
MODEL_PART=small exec "$top_srcdir/tests/model/run"
