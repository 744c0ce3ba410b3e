# The clock: page, facade, core of the clock process, and the process itself.
check_PROGRAMS += tests/unit/test_page
TESTS += tests/unit/test_page
tests_unit_test_page_SOURCES = tests/unit/test_page.c
tests_unit_test_page_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_page_LDADD = libtaitime.la libtaibase.la libtaiio.la $(CHECK_LIBS) $(CRYPTO_LIBS)

clock_test_libs = libtaid.la libtaidaemon.la libtaiclockcore.la libtaitime.la libtaibase.la libtaiio.la \
	libtaistamp.la $(CHECK_LIBS) $(CRYPTO_LIBS)
check_PROGRAMS += tests/unit/test_keeper
TESTS += tests/unit/test_keeper
tests_unit_test_keeper_SOURCES = tests/unit/test_keeper.c
tests_unit_test_keeper_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_keeper_LDADD = $(clock_test_libs)
check_PROGRAMS += tests/unit/test_reference
TESTS += tests/unit/test_reference
tests_unit_test_reference_SOURCES = tests/unit/test_reference.c
tests_unit_test_reference_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_reference_LDADD = $(clock_test_libs)
check_PROGRAMS += tests/unit/test_clock
TESTS += tests/unit/test_clock
tests_unit_test_clock_SOURCES = tests/unit/test_clock.c
tests_unit_test_clock_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_clock_LDADD = $(clock_test_libs)

check_PROGRAMS += tests/unit/test_kernel
TESTS += tests/unit/test_kernel
tests_unit_test_kernel_SOURCES = tests/unit/test_kernel.c
tests_unit_test_kernel_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_kernel_LDADD = $(clock_test_libs)

check_PROGRAMS += tests/unit/test_anchor
TESTS += tests/unit/test_anchor
tests_unit_test_anchor_SOURCES = tests/unit/test_anchor.c
tests_unit_test_anchor_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_anchor_LDADD = $(clock_test_libs)

check_PROGRAMS += tests/unit/test_refclock_filter tests/unit/test_holdover
TESTS += tests/unit/test_refclock_filter tests/unit/test_holdover
tests_unit_test_refclock_filter_SOURCES = tests/unit/test_refclock_filter.c tests/sim/oscillator.c tests/sim/oscillator.h
tests_unit_test_refclock_filter_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_refclock_filter_LDADD = libtaiclockcore.la libtaiclientcore.la $(sync_test_libs)
tests_unit_test_holdover_SOURCES = tests/unit/test_holdover.c
tests_unit_test_holdover_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_holdover_LDADD = libtaiclockcore.la libtaiclientcore.la $(sync_test_libs)

check_PROGRAMS += tests/unit/test_thermometer
TESTS += tests/unit/test_thermometer
tests_unit_test_thermometer_SOURCES = tests/unit/test_thermometer.c
tests_unit_test_thermometer_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_thermometer_LDADD = $(clock_test_libs)
# The drivers of references.
check_PROGRAMS += tests/unit/test_refclock_forms tests/unit/test_refclock_io
TESTS += tests/unit/test_refclock_forms tests/unit/test_refclock_io
tests_unit_test_refclock_forms_SOURCES = tests/unit/test_refclock_forms.c
tests_unit_test_refclock_forms_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_refclock_forms_LDADD = libtaiclockcore.la libtaitime.la libtaibase.la libtaiio.la $(CHECK_LIBS) $(CRYPTO_LIBS)
tests_unit_test_refclock_io_SOURCES = tests/unit/test_refclock_io.c
tests_unit_test_refclock_io_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS) $(EVENT_CFLAGS)
tests_unit_test_refclock_io_LDADD = $(clock_test_libs) $(EVENT_LIBS)
check_PROGRAMS += tests/unit/test_announcement
TESTS += tests/unit/test_announcement
tests_unit_test_announcement_SOURCES = tests/unit/test_announcement.c
tests_unit_test_announcement_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_announcement_LDADD = libtaiclockcore.la libtaitime.la libtaibase.la libtaiio.la $(CHECK_LIBS) $(CRYPTO_LIBS)
check_PROGRAMS += tests/unit/test_timekeeper_record
TESTS += tests/unit/test_timekeeper_record
tests_unit_test_timekeeper_record_SOURCES = tests/unit/test_timekeeper_record.c
tests_unit_test_timekeeper_record_CFLAGS = $(IO_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_timekeeper_record_LDADD = libtaiclockcore.la libtaisync.la libtaitime.la libtaibase.la libtaiio.la $(CHECK_LIBS) $(CRYPTO_LIBS) -lm
