# Signing: linked into the stamp process, to become a process of its own.
libtaid_la_SOURCES += \
	server/sign/create.c server/sign/files.h \
	server/sign/sign.c server/sign/sign.h \
	server/sign/slot.c server/sign/slot.h
