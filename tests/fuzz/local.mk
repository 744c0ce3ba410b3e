# Fuzz targets: one per parser; in make check they replay tests/fuzz/corpus/TARGET.
