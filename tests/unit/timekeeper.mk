# The timekeeping unit: sources, their judge, evidence, holdover, the Bad days.
check_PROGRAMS += tests/unit/test_timekeeper_judge
TESTS += tests/unit/test_timekeeper_judge
tests_unit_test_timekeeper_judge_SOURCES = tests/unit/test_timekeeper_judge.c tests/unit/prop.h
tests_unit_test_timekeeper_judge_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_timekeeper_judge_LDADD = $(node_test_libs)
timekeeper_rig = tests/unit/timekeeper_rig.c tests/unit/timekeeper_rig.h tests/unit/timekeeper_days.h tests/unit/prop.h
check_PROGRAMS += tests/unit/test_timekeeper tests/unit/test_timekeeper_spoof
TESTS += tests/unit/test_timekeeper tests/unit/test_timekeeper_spoof
tests_unit_test_timekeeper_SOURCES = tests/unit/test_timekeeper.c $(timekeeper_rig)
tests_unit_test_timekeeper_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_timekeeper_LDADD = $(node_test_libs) -lm
tests_unit_test_timekeeper_spoof_SOURCES = tests/unit/test_timekeeper_spoof.c $(timekeeper_rig)
tests_unit_test_timekeeper_spoof_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_timekeeper_spoof_LDADD = $(node_test_libs) -lm
