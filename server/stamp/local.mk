# Adapters of the stamp process go into libtaid.la; its pure core is an archive of its own.
include server/stamp/core/local.mk
libtaid_la_SOURCES += server/stamp/io/log.h
include server/stamp/http.mk
