# The rules of the house as tests: what DESIGN asks of folders, symbols, headers and documents.
house_checks = \
	tests/check/includes.py tests/check/includes_can_fail.py \
	tests/check/symbols.py tests/check/symbols_can_fail.py \
	tests/check/exports.py tests/check/headers.sh tests/check/own_names.sh tests/check/beside_skalibs.sh \
	tests/check/names.py tests/check/words.py tests/check/manuals.sh
source_checks = tests/check/tidy.sh tests/check/cppcheck.sh tests/check/shell.sh tests/check/format.sh
dist_check_SCRIPTS += $(house_checks) $(source_checks)
TESTS += $(house_checks) $(source_tests)
# Long checks that read the source and nothing that was built: they come out alike in every build. Whoever makes several
# builds of one source leaves them out of all but the first, as tools/selftest does: make check source_tests=
source_tests = $(source_checks) tests/model/quick.sh
EXTRA_DIST += tests/check/skip.sh tests/check/fixtures .clang-format .clang-tidy
CLEANFILES += tidy.files tidy.log tidy.h

# Pure archives, each listed after those that it may use. A pure folder that is in none of them fails the check.
PURE_ARCHIVES = libtaibase.la libtaitime.la libtaisync.la libtaiproof.la libtaiclientcore.la libtaistampcore.la libtaiclockcore.la
INSTALLED_COMMANDS = $(bin_PROGRAMS) $(sbin_PROGRAMS) 

# What every test may rely on in its environment (srcdir is set by automake; the working folder is the build folder).
AM_TESTS_ENVIRONMENT = \
	top_srcdir='$(abs_top_srcdir)'; top_builddir='$(abs_top_builddir)'; \
	CC='$(CC)'; SAN_CFLAGS='$(SAN_CFLAGS)'; PACKAGE_VERSION='$(PACKAGE_VERSION)'; \
	PURE_ARCHIVES='$(PURE_ARCHIVES)'; INSTALLED_COMMANDS='$(INSTALLED_COMMANDS)'; \
	if $(SANITIZERS_ON); then SANITIZERS=yes; export SANITIZERS; fi; \
	PYTHONDONTWRITEBYTECODE=1; CK_DEFAULT_TIMEOUT=120; \
	export top_srcdir top_builddir CC SAN_CFLAGS PACKAGE_VERSION PURE_ARCHIVES INSTALLED_COMMANDS \
		PYTHONDONTWRITEBYTECODE CK_DEFAULT_TIMEOUT;
if SANITIZERS
SANITIZERS_ON = true
else
SANITIZERS_ON = false
endif
