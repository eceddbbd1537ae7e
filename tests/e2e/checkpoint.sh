#!/bin/bash
# A container is taken apart by the real criu and goes on later where it stopped.
. "${0%/*}/lib.sh"
. "${0%/*}/checkpoint_lib.bash"
mark

# ---- memory, files, clocks, limits ----------------------------------------------

bundle plain "$counting" "c['linux']['resources'] = {'pids': {'limit': 77}}" "c['hostname'] = 'keeper'"
run plain
runc exec plain sh -c 'mkdir /tmp/dir && echo kept >/tmp/dir/file' || fail "exec"
there_and_back plain
expect_eq "a tmpfs has kept what was in it" kept "$(runc exec plain cat /tmp/dir/file)"
expect_eq "so has the open file, without a gap" "" "$(runc exec plain cat /tmp/log |
	awk '$1 != NR { print "line " NR ": " $1 }')"
expect_eq "the host name" keeper "$(runc exec plain cat /proc/sys/kernel/hostname)"
expect_eq "the limit is in force again" 77 \
	"$(cat /sys/fs/cgroup/{pids,.}/plain/pids.max 2>/dev/null)"
expect_match "loopback is up, as in a new container" 'UP' "$(runc exec plain ip link show lo)"
expect_match "the root is still read-only" 'Read-only' "$(runc exec plain sh -c 'echo x >/data/x' 2>&1)"
# The second time it is in a time namespace that criu has made for it.
there_and_back plain
pid=$(runc state plain | sed -n 's/.*"pid": \([0-9]*\),/\1/p')
expect_eq "exec sees the same clocks as init" "$(readlink "/proc/$pid/ns/time")" \
	"$(runc exec plain readlink /proc/self/ns/time)"
# A process that exec has added is saved too, once it belongs to init.
runc exec plain sh -c 'sleep 1234 </dev/null >/dev/null 2>&1 &' || fail "exec"
there_and_back plain
expect_match "the process of exec is there" 'sleep 1234' "$(runc exec plain ps)"
quietly pause plain && expect_eq "it can be paused" paused "$(status plain)"
expect_ok checkpoint plain # paused, it can be saved as well
restore plain
delete plain
expect_unchanged "restoring"
done_testing
