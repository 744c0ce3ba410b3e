# Formats and proofs: pure code.
noinst_LTLIBRARIES += libtaiproof.la
libtaiproof_la_CFLAGS = $(PURE_CFLAGS)
libtaiproof_la_SOURCES = \
	sdk/proof/commitment.c sdk/proof/commitment.h \
	sdk/proof/entry.c sdk/proof/entry.h \
	sdk/proof/merkle.c sdk/proof/merkle.h \
	sdk/proof/note.c sdk/proof/note.h \
	sdk/proof/policy.c sdk/proof/policy.h \
	sdk/proof/receipt.c sdk/proof/receipt.h \
	sdk/proof/trust.c sdk/proof/trust.h \
	sdk/proof/verify.c sdk/proof/verify.h \
	sdk/proof/words.c sdk/proof/words.h
