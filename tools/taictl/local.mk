# taictl: asks and commands a running clock process over its control socket.
bin_PROGRAMS += taictl
taictl_CFLAGS = $(IO_CFLAGS) $(JANSSON_CFLAGS)
taictl_LDADD = libtaitools.la libtaistamp.la -lm
taictl_SOURCES = \
	tools/taictl/main.c \
	tools/taictl/ask.c tools/taictl/ask.h \
	tools/taictl/options.c tools/taictl/options.h \
	tools/taictl/show.h tools/taictl/show_oscillator.c tools/taictl/svg_oscillator.c \
	tools/taictl/show_cluster.c tools/taictl/show_references.c tools/taictl/show_gps.c tools/taictl/show_sources.c tools/taictl/show_tracking.c \
	tools/taictl/units.c tools/taictl/units.h \
	tools/taictl/waitsync.c tools/taictl/waitsync.h
dist_man_MANS += docs/man/taictl.1
dist_zshcompletion_DATA += tools/completion/_taictl tools/completion/_tai-client
dist_bashcompletion_DATA += tools/completion/taictl tools/completion/tai-client
