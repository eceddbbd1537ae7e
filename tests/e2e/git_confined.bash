#!/bin/bash
# In the place of git, in a test's own directory: complain about what one is allowed to do.
of() { sed -n "s/^$1:[[:space:]]*//p" /proc/self/status; }
echo "fatal: uid $(id -u), capabilities $(of CapEff) $(of CapPrm), no new privileges $(of NoNewPrivs)," \
	"in $(pwd) with $(ls -A | wc -l) files, home $HOME" >&2
exit 1
