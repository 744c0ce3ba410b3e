# Samples of other programs: shared memory as ntpd has it, and chronyd's datagrams.
refclock_fuzz_libs = libtaiclockcore.la libtaitime.la libtaibase.la libtaiio.la $(CRYPTO_LIBS)
fuzz_targets += tests/fuzz/fuzz_shm tests/fuzz/fuzz_sock
tests_fuzz_fuzz_shm_SOURCES = tests/fuzz/fuzz_shm.c $(fuzz_main)
tests_fuzz_fuzz_shm_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_fuzz_shm_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_shm_LDADD = $(refclock_fuzz_libs)
tests_fuzz_fuzz_sock_SOURCES = tests/fuzz/fuzz_sock.c $(fuzz_main)
tests_fuzz_fuzz_sock_CPPFLAGS = $(fuzz_cppflags)
tests_fuzz_fuzz_sock_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_sock_LDADD = $(refclock_fuzz_libs)
