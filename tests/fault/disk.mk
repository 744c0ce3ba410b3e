# The log on a simulated disk.
check_PROGRAMS += tests/fault/test_disk
TESTS += tests/fault/test_disk
tests_fault_test_disk_SOURCES = tests/fault/test_disk.c tests/fault/logrig.c tests/fault/logrig.h \
	tests/fault/disk.c tests/fault/disk.h tests/fault/disknode.c tests/fault/disknode.h tests/fault/diskvfs.c
tests_fault_test_disk_CFLAGS = $(log_test_cflags) $(SQLITE_CFLAGS)
tests_fault_test_disk_LDADD = $(log_test_libs)
