# Documentation that is installed or shipped.
# The examples are built with the public headers alone and run by tests/interop/examples.sh.
examples = docs/examples/clock_read docs/examples/convert docs/examples/stamp_file docs/examples/verify_offline
check_PROGRAMS += $(examples)
docs_examples_clock_read_SOURCES = docs/examples/clock_read.c
docs_examples_clock_read_CPPFLAGS = -I$(top_srcdir)/sdk/include
docs_examples_clock_read_LDADD = libtaistamp.la
docs_examples_convert_SOURCES = docs/examples/convert.c
docs_examples_convert_CPPFLAGS = -I$(top_srcdir)/sdk/include
docs_examples_convert_LDADD = libtaistamp.la
docs_examples_verify_offline_SOURCES = docs/examples/verify_offline.c
docs_examples_verify_offline_CPPFLAGS = -I$(top_srcdir)/sdk/include
docs_examples_verify_offline_LDADD = libtaistamp.la
docs_examples_stamp_file_SOURCES = docs/examples/stamp_file.c
docs_examples_stamp_file_CPPFLAGS = -I$(top_srcdir)/sdk/include
docs_examples_stamp_file_LDADD = libtaistamp-net.la libtaistamp.la
dist_man_MANS += docs/man/libtaistamp.3
dist_doc_DATA += docs/HTTP-API.md docs/INTEROP.md docs/FORMATS.md docs/TIME.md docs/CLOCK.md docs/LOG.md docs/PROTOCOL.md docs/SIMULATION.md
examplesdir = $(docdir)/examples
dist_examples_DATA = docs/examples/clock_read.c docs/examples/convert.c docs/examples/stamp_file.c \
  docs/examples/verify_offline.c
# The server.
dist_man_MANS += docs/man/taid.8 docs/man/taid.yaml.5
dist_doc_DATA += docs/CLUSTER.md docs/cluster.yaml docs/tai-client.yaml
dist_doc_DATA += docs/ELECTION.md docs/ACCURACY.md docs/accuracy.svg
dist_doc_DATA += docs/OPERATING.md docs/BENCH.md docs/TESTING.md
