# Adapters of the SDK. libtaiio needs libcrypto only and goes into libtaistamp.
noinst_LTLIBRARIES += libtaiio.la
libtaiio_la_CFLAGS = $(IO_CFLAGS) $(CRYPTO_CFLAGS)
libtaiio_la_CPPFLAGS = $(AM_CPPFLAGS) -DTAISTAMP_PKGDATADIR='"$(pkgdatadir)"' -DTAISTAMP_STATEDIR='"$(localstatedir)/lib/taistamp"'
libtaiio_la_SOURCES = \
	sdk/io/bug.c \
	sdk/io/file.c sdk/io/file.h sdk/io/file_posix.c \
	sdk/io/leap_file.c sdk/io/leap_file.h \
	sdk/io/openssl.c sdk/io/openssl.h \
	sdk/io/page.c sdk/io/page.h

# Adapters that daemons need and libtaistamp does not have: logging (it has state), the watched leap table, UDP with kernel stamps (Linux), YAML
# (it needs libyaml), node keys and the cluster file.
noinst_LTLIBRARIES += libtaidaemon.la
libtaidaemon_la_CFLAGS = $(IO_CFLAGS) $(YAML_CFLAGS)
libtaidaemon_la_SOURCES = \
	sdk/leap_watch.c sdk/leap_watch.h \
	sdk/io/address.c sdk/io/address.h \
	sdk/io/cluster.c sdk/io/cluster.h \
	sdk/io/keygen.c sdk/io/keygen.h \
	sdk/io/log.c sdk/io/log.h \
	sdk/io/membership.c sdk/io/membership.h \
	sdk/io/nodekey.c sdk/io/nodekey.h \
	sdk/io/udp.c sdk/io/udp.h sdk/io/udp_socket.h \
	sdk/io/udp_address.c sdk/io/udp_filter.c sdk/io/udp_receive.c sdk/io/udp_send.c \
	sdk/io/settings.c sdk/io/settings.h sdk/io/settings_out.c \
	sdk/io/sync_settings.c sdk/io/sync_settings.h \
	sdk/io/user.c sdk/io/user.h \
	sdk/io/yaml.c sdk/io/yaml.h
libtaidaemon_la_LIBADD = $(YAML_LIBS)
