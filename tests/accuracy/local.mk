# Accuracy against the truth of clknetsim (github.com/mlichvar/clknetsim, built anywhere), beside chronyd: minutes to hours.
#     make accuracy CLKNETSIM=~/clknetsim CHRONYD=/usr/sbin/chronyd [ACCURACY_OPTIONS='--cells a --length 10000']
EXTRA_DIST += tests/accuracy/run.py tests/accuracy/leader.py tests/accuracy/plot.py
accuracy: taid$(EXEEXT)
	$(srcdir)/tests/accuracy/run.py --clknetsim '$(CLKNETSIM)' --chronyd '$(CHRONYD)' --taid ./taid $(ACCURACY_OPTIONS)
	$(srcdir)/tests/accuracy/leader.py --clknetsim '$(CLKNETSIM)' --chronyd '$(CHRONYD)' --taid ./taid $(LEADER_OPTIONS)
.PHONY: accuracy
