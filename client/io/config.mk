# The settings of tai-client.
noinst_LTLIBRARIES += libtaiclientconfig.la
libtaiclientconfig_la_SOURCES = client/io/client_config.c client/io/client_config.h
