# The pure core.
noinst_LTLIBRARIES += libtaiclientcore.la
libtaiclientcore_la_CFLAGS = $(PURE_CFLAGS)
libtaiclientcore_la_SOURCES = \
	client/core/engine.h client/core/view.h \
	client/core/actions.c client/core/actions.h \
	client/core/ageing.c client/core/ageing.h \
	client/core/clockwork.c client/core/clockwork.h \
	client/core/discipline.c client/core/discipline.h \
	client/core/exchange.c client/core/exchange.h \
	client/core/fallback.c client/core/fallback.h \
	client/core/belief.c client/core/belief.h \
	client/core/follower.c client/core/follower.h client/core/follower_parts.h \
	client/core/follower_follow.c client/core/follower_view.c \
	client/core/following.c client/core/following.h \
	client/core/guard.c client/core/guard.h \
	client/core/peer.c client/core/peer.h client/core/peer_measure.c \
	client/core/placement.c client/core/placement.h \
	client/core/suspend.c client/core/suspend.h \
	client/core/witness.c client/core/witness.h \
	client/core/session.c client/core/session.h \
	client/core/steerers.c client/core/steerers.h
