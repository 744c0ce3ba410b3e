# Fault injection: power loss, full disk, kill -9.
