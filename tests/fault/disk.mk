# The log on a simulated disk.
disk_test_sources = tests/fault/oracle.c tests/fault/oracle.h tests/fault/logrig.c tests/fault/logrig.h \
	tests/fault/disk.c tests/fault/disk.h tests/fault/disknode.c tests/fault/disknode.h tests/fault/diskvfs.c
check_PROGRAMS += tests/fault/test_disk tests/fault/test_damage tests/fault/test_guards
TESTS += tests/fault/test_disk tests/fault/test_damage tests/fault/test_guards
tests_fault_test_disk_SOURCES = tests/fault/test_disk.c $(disk_test_sources)
tests_fault_test_disk_CFLAGS = $(log_test_cflags) $(SQLITE_CFLAGS)
tests_fault_test_disk_LDADD = $(log_test_libs)
tests_fault_test_damage_SOURCES = tests/fault/test_damage.c $(disk_test_sources)
tests_fault_test_damage_CFLAGS = $(log_test_cflags) $(SQLITE_CFLAGS)
tests_fault_test_damage_LDADD = $(log_test_libs)
tests_fault_test_guards_SOURCES = tests/fault/test_guards.c $(disk_test_sources)
tests_fault_test_guards_CFLAGS = $(log_test_cflags) $(SQLITE_CFLAGS)
tests_fault_test_guards_LDADD = $(log_test_libs)
