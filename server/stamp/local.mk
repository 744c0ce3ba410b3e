# Adapters of the stamp process go into libtaid.la; its pure core is an archive of its own.
include server/stamp/core/local.mk
include server/stamp/http.mk
libtaid_la_SOURCES += \
	server/stamp/io/commit.c server/stamp/io/commit.h \
	server/stamp/io/log.c server/stamp/io/log.h \
	server/stamp/io/pageclock.c server/stamp/io/pageclock.h \
	server/stamp/io/recover.c server/stamp/io/recover.h \
	server/stamp/io/reread.c server/stamp/io/reread.h \
	server/stamp/io/store.h server/stamp/io/store_sqlite.c \
	server/stamp/io/tiles.c server/stamp/io/tiles.h \
	server/stamp/io/tilewriter.c server/stamp/io/tilewriter.h
libtaid_la_LIBADD += $(SQLITE_LIBS)
