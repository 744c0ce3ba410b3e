# The follower: what a lab machine runs, and the clock process with it.
include client/core/local.mk
include client/io/local.mk
include client/io/config.mk
