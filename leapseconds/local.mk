dist_pkgdata_DATA = leapseconds/leap-seconds.list
