#!/bin/bash
# Real containerd, with its shim (runc v2), runs containers on our runc.
. "${0%/*}/lib.sh"
need containerd containerd-shim-runc-v2
command -v ctr >/dev/null || skip "containerd's ctr is not installed"

group=/dockyard-ctr-${T##*.}
run() { # [ctr run options] IMAGE ID COMMAND...
	real_ctr run --runc-binary "$TOP/02-runc/runc" --runc-root "$T/real/runc" \
		--cgroup "$group/c" "$@"
}
clean_up() {
	real_ctr task resume paused >/dev/null 2>&1
	[ -z "${pid_real:-}" ] || { kill "$pid_real"; wait "$pid_real"; } 2>/dev/null
	find /sys/fs/cgroup -depth -type d -path "*$group*" -exec rmdir {} + 2>/dev/null
}
trap clean_up EXIT

all_hierarchies # which containerd measures
start_real_containerd

tar -C "$(image busybox)" -cf "$T/busybox.tar" .
real_ctr image import --base-name test "$T/busybox.tar" >"$T/import" 2>&1 || fail "import" "$(cat "$T/import")"
image=$(real_ctr image ls -q | head -n 1)
mark

expect_eq "ctr run prints" hello "$(run --rm "$image" c1 echo hello)"
run --rm "$image" c2 sh -c 'exit 42'
expect_eq "ctr run returns the container's exit status" 42 $?
expect_fail any 'exec: \\?"no-such\\?": executable file not found in \$PATH' \
	run --rm "$image" c3 no-such
expect_eq "Docker's seccomp profile is loaded" 2 \
	"$(run --rm --seccomp "$image" c4 sh -c 'grep Seccomp: /proc/self/status | cut -f2')"
expect_match "a terminal" '/dev/pts/0$' "$(script -qec "$(declare -f run real_ctr)
	TOP=$TOP T=$T group=$group run --rm -t $image c6 tty" /dev/null </dev/null | tr -d '\r')"

expect_ok run -d --memory-limit 33554432 "$image" paused sleep 1000
expect_eq "the memory limit is in the cgroup" 33554432 "$(cat \
	/sys/fs/cgroup{,/memory}"$group"/c/memory.{limit_in_bytes,max} 2>/dev/null)"
expect_match "running" 'paused +[0-9]+ +RUNNING' "$(real_ctr task ls)"
expect_eq "exec prints" inside "$(real_ctr task exec --exec-id e1 paused echo inside)"
real_ctr task exec --exec-id e2 paused sh -c 'exit 3'
expect_eq "exec returns the exit status" 3 $?
expect_match "ps knows the processes" '^[0-9]+' "$(real_ctr task ps paused | tail -n +2)"
expect_match "metrics" 'pids.current|pids' "$(real_ctr task metrics paused)"
expect_ok real_ctr task pause paused
expect_match "paused" 'PAUSED' "$(real_ctr task ls)"
expect_ok real_ctr task resume paused
expect_match "resumed" 'RUNNING' "$(real_ctr task ls)"
expect_ok real_ctr task kill -s SIGKILL paused
stopped() { real_ctr task ls | grep -q STOPPED; }
wait_for 5 stopped || fail "the killed task does not stop" "$(real_ctr task ls)"
expect_ok real_ctr task delete paused
expect_ok real_ctr container delete paused

run --rm "$image" killed sleep 1000 &
running() { real_ctr task ls | grep -q 'killed.*RUNNING'; }
wait_for 5 running || fail "the task does not run" "$(real_ctr task ls)"
expect_ok real_ctr task kill -s SIGKILL killed
wait $!
expect_eq "the exit status of a killed container" 137 $?
expect_unchanged "containerd"
done_testing
