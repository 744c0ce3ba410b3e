# Accuracy against the truth of clknetsim (github.com/mlichvar/clknetsim, built anywhere), beside chronyd: minutes to hours.
#     make accuracy CLKNETSIM=~/clknetsim CHRONYD=/usr/sbin/chronyd [ACCURACY_OPTIONS='--cells a --length 10000']
EXTRA_DIST += tests/accuracy/run.py tests/accuracy/leader.py tests/accuracy/plot.py tests/accuracy/shm.py
accuracy: taid$(EXEEXT)
	$(srcdir)/tests/accuracy/run.py --clknetsim '$(CLKNETSIM)' --chronyd '$(CHRONYD)' --taid ./taid $(ACCURACY_OPTIONS)
	$(srcdir)/tests/accuracy/leader.py --clknetsim '$(CLKNETSIM)' --chronyd '$(CHRONYD)' --taid ./taid $(LEADER_OPTIONS)
	$(srcdir)/tests/accuracy/shm.py --clknetsim '$(CLKNETSIM)' --chronyd '$(CHRONYD)' --taid ./taid $(SHM_OPTIONS)
.PHONY: accuracy

# What a spoofer can do, and how often an honest receiver is taken for one: docs/ACCURACY.md. In `make check` a small part of either, with
# its promises. A year of one row takes minutes: make alarms ALARMS_OPTIONS='--row 2 --days 365 --seeds 4'.
check_PROGRAMS += tests/accuracy/spoofing
TESTS += tests/accuracy/spoofing
tests_accuracy_spoofing_SOURCES = tests/accuracy/spoofing.c tests/unit/timekeeper_rig.c tests/unit/timekeeper_rig.h
tests_accuracy_spoofing_CFLAGS = $(IO_CFLAGS)
tests_accuracy_spoofing_LDADD = $(node_test_libs) -lm
spoofing: tests/accuracy/spoofing$(EXEEXT)
	tests/accuracy/spoofing --whole
.PHONY: spoofing
check_PROGRAMS += tests/accuracy/alarms
TESTS += tests/accuracy/alarms
tests_accuracy_alarms_SOURCES = tests/accuracy/alarms.c tests/unit/timekeeper_rig.c tests/unit/timekeeper_rig.h
tests_accuracy_alarms_CFLAGS = $(IO_CFLAGS)
tests_accuracy_alarms_LDADD = $(node_test_libs) -lm
alarms: tests/accuracy/alarms$(EXEEXT)
	tests/accuracy/alarms $(ALARMS_OPTIONS)
.PHONY: alarms
