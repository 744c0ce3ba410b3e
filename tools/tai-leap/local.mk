# tai-leap: the leap-second table and conversions.
bin_PROGRAMS += tai-leap
tai_leap_CFLAGS = $(IO_CFLAGS) $(JANSSON_CFLAGS)
tai_leap_LDADD = libtaitools.la libtaistamp.la
tai_leap_SOURCES = \
	tools/tai-leap/main.c \
	tools/tai-leap/options.c tools/tai-leap/options.h \
	tools/tai-leap/read.c tools/tai-leap/read.h \
	tools/tai-leap/show.h tools/tai-leap/show_instant.c tools/tai-leap/show_table.c \
	tools/tai-leap/update.c tools/tai-leap/update.h
EXTRA_tai_leap_DEPENDENCIES = libtaistamp-net.la
dist_man_MANS += docs/man/tai-leap.1
dist_zshcompletion_DATA += tools/completion/_tai-leap tools/completion/_taid
dist_bashcompletion_DATA = tools/completion/tai-leap tools/completion/taid
