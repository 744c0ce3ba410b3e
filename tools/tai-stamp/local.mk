# tai-stamp: one program of small files; its parts are a library so that tests can link them.
bin_PROGRAMS += tai-stamp
noinst_LTLIBRARIES += libtaistampcli.la
libtaistampcli_la_CFLAGS = $(IO_CFLAGS) $(JANSSON_CFLAGS)
libtaistampcli_la_SOURCES = \
	tools/tai-stamp/commands.h \
	tools/tai-stamp/batches.c tools/tai-stamp/batches.h \
	tools/tai-stamp/deliver.c tools/tai-stamp/deliver.h \
	tools/tai-stamp/describe.c tools/tai-stamp/describe.h \
	tools/tai-stamp/export.c \
	tools/tai-stamp/hashing.c tools/tai-stamp/hashing.h \
	tools/tai-stamp/home.c tools/tai-stamp/home.h \
	tools/tai-stamp/info.c \
	tools/tai-stamp/items.c tools/tai-stamp/items.h \
	tools/tai-stamp/judge.c tools/tai-stamp/judge.h \
	tools/tai-stamp/kept.c tools/tai-stamp/kept.h \
	tools/tai-stamp/options.c tools/tai-stamp/options.h \
	tools/tai-stamp/outbox.c tools/tai-stamp/outbox.h \
	tools/tai-stamp/pins.c tools/tai-stamp/pins.h \
	tools/tai-stamp/stamp.c \
	tools/tai-stamp/remake.c tools/tai-stamp/remake.h \
	tools/tai-stamp/restore.c \
	tools/tai-stamp/state.c tools/tai-stamp/state.h \
	tools/tai-stamp/trust.c \
	tools/tai-stamp/verify.c \
	tools/tai-stamp/walk.c tools/tai-stamp/walk.h
tai_stamp_CFLAGS = $(IO_CFLAGS)
tai_stamp_SOURCES = tools/tai-stamp/main.c
tai_stamp_LDADD = libtaistampcli.la libtaitools.la libtaistamp.la $(JANSSON_LIBS)
EXTRA_tai_stamp_DEPENDENCIES = libtaistamp-net.la
dist_man_MANS += docs/man/tai-stamp.1

bashcompletiondir = $(datadir)/bash-completion/completions
zshcompletiondir = $(datadir)/zsh/site-functions
dist_zshcompletion_DATA = tools/completion/_tai-stamp
EXTRA_DIST += tools/completion/tai-stamp.bash
install-data-hook:
	$(MKDIR_P) '$(DESTDIR)$(bashcompletiondir)'
	$(INSTALL_DATA) '$(srcdir)/tools/completion/tai-stamp.bash' '$(DESTDIR)$(bashcompletiondir)/tai-stamp'
uninstall-hook:
	rm -f '$(DESTDIR)$(bashcompletiondir)/tai-stamp'
