# The timekeeping unit: sources, their judge, evidence, holdover, the Bad days.
check_PROGRAMS += tests/unit/test_timekeeper_judge
TESTS += tests/unit/test_timekeeper_judge
tests_unit_test_timekeeper_judge_SOURCES = tests/unit/test_timekeeper_judge.c tests/unit/prop.h
tests_unit_test_timekeeper_judge_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_timekeeper_judge_LDADD = $(node_test_libs)
