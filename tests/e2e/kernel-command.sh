#!/bin/bash
# The kernel command: every verb does to a process what its line in the help says,
# and leaves nothing behind.
. "${0%/*}/lib.sh"

kernel() { "$TOP/01-kernel/kernel" "$@"; }

# ---- namespaces
expect_eq "the command is process 1" 1 "$(kernel ns --pid -- sh -c 'echo $$')"
expect_eq "and sees only itself" "1" "$(kernel ns --pid -- sh -c 'cd /proc; for p in [0-9]*; do [ -d $p/task ] && echo $p; done' | head -n 1)"
expect_eq "a host name of its own" inside "$(kernel ns --uts --hostname inside -- hostname 2>/dev/null || kernel ns --uts --hostname inside -- uname -n)"
expect_no_match "the machine keeps its name" '^inside$' "$(uname -n)"
expect_eq "only loopback in a new network namespace" "lo" "$(kernel ns --net -- sh -c 'sed -n "s/ *\(.*\):.*/\1/p" /proc/net/dev')"
expect_eq "root in a user namespace" 0 "$(kernel ns --user -- id -u)"
expect_fail 2 'rename this machine' kernel ns --hostname x -- true
expect_eq "the exit status is the command's" 7 "$(kernel ns --ipc -- sh -c 'exit 7'; echo $?)"

"$TOP/01-kernel/kernel" ns --uts --net --hostname other -- sleep 60 &
outer=$!
other_name() { [ "$(kernel enter --uts "$(pgrep -P $outer)" -- uname -n)" = other ]; }
expect_ok wait_for 5 other_name
expect_eq "all namespaces of a process" "other lo" \
	"$(kernel enter "$(pgrep -P $outer)" -- sh -c 'echo $(uname -n) $(sed -n "s/ *\(.*\):.*/\1/p" /proc/net/dev)')"
kill "$(pgrep -P $outer)"; wait $outer
expect_fail 2 'not a process id' kernel enter nobody -- true
expect_fail 1 'No such (file|process)' kernel enter 999999 -- true

# ---- cgroups
expect_eq "within the limit" ok "$(kernel cgroup --memory 64M --pids 20 -- echo ok)"
expect_fail 137 'out of memory' kernel cgroup --memory 16M -- sh -c 'exec head -c 100M /dev/zero | exec tail -c 90M >/dev/null; exit 137'
expect_fail any 'fork|Resource temporarily unavailable' kernel cgroup --pids 3 -- sh -c 'sleep 1 & sleep 1 & sleep 1 & sleep 1 & wait'
expect_fail 2 'not a size' kernel cgroup --memory plenty -- true
expect_eq "no group is left" "" "$(find /sys/fs/cgroup -maxdepth 3 -name 'dockyard-kernel-*' 2>/dev/null)"

# ---- overlay, pivot, path
mkdir -p "$T"/{a,b,up,work,all}
echo a >"$T/a/one"; echo b >"$T/b/one"; echo b >"$T/b/two"
expect_eq "the top layer wins" "a b" "$(kernel overlay --lower "$T/a" --lower "$T/b" "$T/all" -- sh -c "echo \$(cat $T/all/one $T/all/two)")"
expect_ok kernel overlay --lower "$T/a" --upper "$T/up" --work "$T/work" "$T/all" -- sh -c "echo new >$T/all/three; rm $T/all/one"
expect_eq "what was written is in the upper layer" new "$(cat "$T/up/three")"
expect_ok test -c "$T/up/one"
expect_eq "the mount is gone" "" "$(ls "$T/all")"
expect_fail 2 usage kernel overlay "$T/all"

mkdir -p "$T/root/bin" "$T/root/etc"
cp "$(command -v busybox)" "$T/root/bin/sh"
ln -s /etc/passwd "$T/root/link"; ln -s ../../../../../../etc "$T/root/up"; echo inside >"$T/root/etc/passwd"
expect_eq "another root" "bin etc link up" "$(kernel pivot "$T/root" -- /bin/sh -c 'cd /; echo *')"
expect_eq "an absolute link stays inside" /etc/passwd "$(kernel path "$T/root" link)"
expect_eq "and so does one with .." /etc/passwd "$(kernel path "$T/root" up/passwd)"
expect_fail 1 'No such file' kernel path "$T/root" ../../usr/bin/env

# ---- capabilities, seccomp
expect_match "the sets by name" '^bounding +(all|CAP_)' "$(kernel caps)"
expect_match "dropped is dropped" '^effective$' "$(kernel caps --drop all -- "$TOP/01-kernel/kernel" caps | sed 's/ *$//')"
expect_match "kept is kept" '^effective +CAP_CHOWN CAP_NET_RAW$' "$(kernel caps --keep chown,CAP_NET_RAW -- "$TOP/01-kernel/kernel" caps)"
expect_fail 2 'not a capability' kernel caps --drop CAP_FLY -- true
expect_fail 1 'not permitted' kernel seccomp --deny mkdir,mkdirat -- mkdir "$T/no"
expect_fail 159 '' kernel seccomp --kill --deny mkdir,mkdirat -- sh -c "mkdir $T/no; exit \$?"
expect_eq "the rest is allowed" ok "$(kernel seccomp --deny mkdir,mkdirat -- echo ok)"

# ---- network
expect_ok kernel bridge br0 --addr 10.77.0.1/24
"$TOP/01-kernel/kernel" ns --net -- sleep 60 &
outer=$!
expect_ok wait_for 5 pgrep -P $outer
inner=$(pgrep -P $outer)
expect_ok kernel veth v0 eth0 --ns "$inner" --peer-addr 10.77.0.2/24 --gateway 10.77.0.1
expect_ok kernel bridge br0 --add v0
if command -v ping >/dev/null; then
	expect_ok ping -c 1 -W 2 10.77.0.2
fi
expect_match "it has a default route" '^default via 10.77.0.1' "$(kernel enter --net "$inner" -- ip route)"
expect_ok kernel nft publish br0 10.77.0.0/24 8080 10.77.0.2:80
if command -v nft >/dev/null; then
	expect_match "the port is translated" 'tcp dport 8080 dnat ip to 10.77.0.2:80' "$(nft list table inet dockyard-kernel)"
	expect_ok kernel nft delete
	expect_eq "the table went whole" "" "$(nft list tables)"
fi
expect_ok kernel bridge br0 --delete
kill "$inner"; wait $outer
expect_fail 2 'not an IPv4' kernel nft publish br0 10.77.0.0/24 80 nowhere:80

# ---- terminals
expect_match "a terminal of its own" '^/dev/pts/' "$(kernel tty -- tty </dev/null)"
expect_eq "the exit status is the command's" 5 "$(kernel tty -- sh -c 'exit 5' </dev/null; echo $?)"

# ---- bad usage
expect_fail 2 "'nonsense' is not a verb" kernel nonsense
expect_fail 127 'No such file' kernel ns --uts -- /no/such/program
expect_fail 126 'denied' kernel ns --uts -- /etc/passwd
done_testing
