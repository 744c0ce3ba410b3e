# Against software that shares no code with ours; also the examples that ship, as an app maker runs them.
dist_check_SCRIPTS += tests/interop/run.sh tests/interop/examples.sh
TESTS += tests/interop/run.sh tests/interop/examples.sh
# Beside a chronyd that is only unpacked, never installed (program.sh): by `make interop` alone.
dist_check_SCRIPTS += tests/interop/ntp_servers.sh tests/interop/chronyd_follows.py tests/interop/program.sh
clean-local: clean-unpacked
clean-unpacked:
	rm -rf tests/interop/unpacked
.PHONY: clean-unpacked
check_PROGRAMS += tests/interop/ntp_read
tests_interop_ntp_read_SOURCES = tests/interop/ntp_read.c tests/unit/ntp_rig.c tests/unit/ntp_rig.h
tests_interop_ntp_read_CFLAGS = $(IO_CFLAGS) $(EVENT_CFLAGS)
tests_interop_ntp_read_LDADD = libtaid.la libtaidaemon.la libtaiclockcore.la libtaisync.la libtaitime.la libtaibase.la \
	libtaiio.la $(EVENT_LIBS) $(CRYPTO_LIBS)
EXTRA_DIST += tests/interop/server.sh tests/interop/verify_receipt.py tests/interop/checkpoint.sh \
	tests/interop/leap_tzdata.py tests/interop/clock_daemons.sh tests/interop/kernel_clock.py

interop: all tests/interop/ntp_read$(EXEEXT) tests/interop/gps_listen$(EXEEXT)
	@$(AM_TESTS_ENVIRONMENT) $(srcdir)/tests/interop/run.sh
	@$(AM_TESTS_ENVIRONMENT) $(srcdir)/tests/interop/gps_gpsfake.py || [ $$? = 77 ]
	@$(AM_TESTS_ENVIRONMENT) $(srcdir)/tests/interop/gps_node.py || [ $$? = 77 ]
	@$(AM_TESTS_ENVIRONMENT) $(srcdir)/tests/interop/ntp_servers.sh || [ $$? = 77 ]
	@$(AM_TESTS_ENVIRONMENT) $(srcdir)/tests/interop/chronyd_follows.py || [ $$? = 77 ]
.PHONY: interop

# Beside real chronyd and ntpd: needs the right to steer this machine's clock, so only who asks for it gets it.
interop-clock: all
	@$(AM_TESTS_ENVIRONMENT) $(srcdir)/tests/interop/clock_daemons.sh
.PHONY: interop-clock

# Whether the kernel does what it is told: steers this machine's clock for some seconds and puts it back.
EXTRA_PROGRAMS += tests/interop/steer_live
tests_interop_steer_live_CFLAGS = $(IO_CFLAGS)
tests_interop_steer_live_LDADD = libtaiclientio.la libtaidaemon.la libtaitime.la libtaibase.la libtaiio.la $(CRYPTO_LIBS)
interop-steer: tests/interop/steer_live$(EXEEXT)
	tests/interop/steer_live$(EXEEXT)
.PHONY: interop-steer

# A real gpsd, fed by gpsfake in real time with logs that gps_logs.py makes: part of `make interop`. With GPS_LOGS=FOLDER: the receivers' logs in that folder.
check_PROGRAMS += tests/interop/gps_listen
tests_interop_gps_listen_CFLAGS = $(IO_CFLAGS) $(EVENT_CFLAGS)
tests_interop_gps_listen_LDADD = libtaid.la libtaidaemon.la libtaiclockcore.la libtaiclientio.la libtaisync.la libtaitime.la \
	libtaibase.la libtaiio.la libtaistamp.la $(EVENT_LIBS) $(CRYPTO_LIBS)
dist_check_SCRIPTS += tests/interop/gps_gpsfake.py tests/interop/gps_node.py
EXTRA_DIST += tests/interop/gps_logs.py tests/interop/gps_play.py
interop-gps: all tests/interop/gps_listen$(EXEEXT)
	@$(AM_TESTS_ENVIRONMENT) GPS_LOGS=$(GPS_LOGS) $(srcdir)/tests/interop/gps_gpsfake.py
	@$(AM_TESTS_ENVIRONMENT) GPS_LOGS=$(GPS_LOGS) $(srcdir)/tests/interop/gps_node.py
.PHONY: interop-gps
