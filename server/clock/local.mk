# Adapters of the clock process go into libtaid.la; its pure core is an archive of its own.
