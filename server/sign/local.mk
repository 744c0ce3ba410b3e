libtaid_la_SOURCES += server/sign/sign.h
