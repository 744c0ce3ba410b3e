# The pure core.
noinst_LTLIBRARIES += libtaiclientcore.la
libtaiclientcore_la_CFLAGS = $(PURE_CFLAGS)
libtaiclientcore_la_SOURCES = \
	client/core/engine.h client/core/view.h \
	client/core/session.c client/core/session.h
