# Adapters of the clock process go into libtaid.la; its pure core is an archive of its own.
noinst_LTLIBRARIES += libtaiclockcore.la
libtaiclockcore_la_CFLAGS = $(PURE_CFLAGS)
libtaiclockcore_la_SOURCES = \
	server/clock/core/anchor.c server/clock/core/anchor.h \
	server/clock/core/announcement.c server/clock/core/announcement.h \
	server/clock/core/beat.c server/clock/core/beat.h \
	server/clock/core/ensemble.c server/clock/core/ensemble.h \
	server/clock/core/election.c server/clock/core/election.h \
	server/clock/core/election_follow.c server/clock/core/election_internal.h \
	server/clock/core/election_master.c server/clock/core/election_vote.c \
	server/clock/core/election_words.c \
	server/clock/core/gps.c server/clock/core/gps.h \
	server/clock/core/gps_leap.c server/clock/core/gps_leap.h \
	server/clock/core/gps_message.h server/clock/core/gps_time.c \
	server/clock/core/holdover.c server/clock/core/holdover.h \
	server/clock/core/lease.c server/clock/core/lease.h \
	server/clock/core/keeper.c server/clock/core/keeper.h \
	server/clock/core/node.c server/clock/core/node.h \
	server/clock/core/node_accuse.c server/clock/core/node_election.c server/clock/core/node_follow.c server/clock/core/node_torn.c \
	server/clock/core/node_master.c server/clock/core/node_state.h \
	server/clock/core/node_time.c server/clock/core/node_triangle.c server/clock/core/node_view.c \
	server/clock/core/promise.c server/clock/core/promise.h \
	server/clock/core/pulse.c server/clock/core/pulse.h \
	server/clock/core/reference.c server/clock/core/reference.h \
	server/clock/core/refclock.h \
	server/clock/core/refclock_filter.c server/clock/core/refclock_filter.h \
	server/clock/core/round.c server/clock/core/round.h \
	server/clock/core/shm_segment.c server/clock/core/shm_segment.h \
	server/clock/core/sock_sample.c server/clock/core/sock_sample.h \
	server/clock/core/suspicion.c server/clock/core/suspicion.h \
	server/clock/core/refclock.h server/clock/core/refclock_filter.h \
	server/clock/core/timekeeper_record.c server/clock/core/timekeeper_record.h \
	server/clock/core/timekeeper.h server/clock/core/timekeeper_peers.c server/clock/core/timekeeper_words.c \
	server/clock/core/timekeeper.c server/clock/core/timekeeper_state.h server/clock/core/timekeeper_view.c \
	server/clock/core/timekeeper_sample.c server/clock/core/timekeeper_verdict.c server/clock/core/timekeeper_combine.c \
	server/clock/core/timekeeper_flywheel.c server/clock/core/timekeeper_flywheel.h \
	server/clock/core/timekeeper_witness.c server/clock/core/timekeeper_witness.h \
	server/clock/core/timekeeper_evidence.c server/clock/core/timekeeper_evidence.h \
	server/clock/core/timekeeper_judge.c server/clock/core/timekeeper_judge.h
libtaid_la_SOURCES += \
	server/clock/io/cluster.c server/clock/io/cluster.h server/clock/io/found.c server/clock/io/take_over.c \
	server/clock/io/evidence.c server/clock/io/evidence.h \
	server/clock/io/feed.c server/clock/io/feed.h \
	server/clock/io/gps_json.c server/clock/io/gps_json.h \
	server/clock/io/gps_report.c server/clock/io/gps_report.h \
	server/clock/io/gpsd.c \
	server/clock/io/kernel.c server/clock/io/kernel.h \
	server/clock/io/pps.c server/clock/io/references.h \
	server/clock/io/reference_set.c server/clock/io/reference_set.h server/clock/io/reference_report.c \
	server/clock/io/references_json.c server/clock/io/references_json.h \
	server/clock/io/serve.c server/clock/io/serve.h \
	server/clock/io/report.c server/clock/io/report.h \
	server/clock/io/thermometer.c server/clock/io/thermometer.h \
	server/clock/io/shm.c server/clock/io/shm_owner.h server/clock/io/sock.c server/clock/io/system_clock.c \
	server/clock/io/run.c
libtaid_la_LIBADD += libtaiclockcore.la libtaiclientio.la libtaisync.la -lm

# NTP servers as references.
libtaiclockcore_la_SOURCES += \
	server/clock/core/ntp_client.c server/clock/core/ntp_client.h \
	server/clock/core/ntp_keys.c server/clock/core/ntp_keys.h \
	server/clock/core/ntp_packet.c server/clock/core/ntp_packet.h \
	server/clock/core/ntp_smear.c server/clock/core/ntp_smear.h \
	server/clock/core/upstreams.c server/clock/core/upstreams.h \
	server/clock/core/utc_leap.c server/clock/core/utc_leap.h
libtaid_la_SOURCES += \
	server/clock/io/ntp_address.c server/clock/io/ntp_address.h \
	server/clock/io/ntp_resolve.c server/clock/io/ntp_resolve.h \
	server/clock/io/ntp_upstream.c
