# The commands. They use public headers only.
