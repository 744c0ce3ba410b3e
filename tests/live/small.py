#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Three servers and three lab machines as real processes in network namespaces: they settle, the master is killed, and every
page holds the truth all the while. tests/live/failover.py is the long one. Needs root; half a minute."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import parts  # noqa: E402

if __name__ == '__main__':
    sys.exit(parts.main(lambda: parts.run_lab([parts.settle, parts.kill_master], servers=3, clients=3)))
