EXTRA_DIST += tests/interop/verify_receipt.py
