#!/bin/bash
# A container that needs more memory than its limit is killed, and whoever asks is told why.
. "${0%/*}/lib.sh"
[ -f /sys/fs/cgroup/memory/memory.oom_control ] || grep -qw memory /sys/fs/cgroup/cgroup.controllers 2>/dev/null ||
	skip "no memory controller"
start_stack
expect_ok docker pull -q busybox
mark

greedy='dd if=/dev/zero of=/dev/null bs=100M count=1'
said() { docker inspect -f '{{.State.OOMKilled}} {{.State.ExitCode}}' "$1"; }

expect_fail 137 '' docker run --name first -m 16m busybox $greedy
expect_eq "it was the first process" "true 137" "$(said first)"
expect_fail 4 '' docker run --name other -m 16m busybox sh -c "$greedy; exit 4"
expect_eq "it was another process" "true 4" "$(said other)"
expect_fail 137 '' docker run --name killed -m 16m busybox sh -c 'exit 137'
expect_eq "the same status for another reason" "false 137" "$(said killed)"

# The end that dockerd was not there to see is told by containerd's record.
expect_ok docker run -d --name unseen -m 16m busybox sh -c "sleep 1; exec $greedy"
stop_dockerd KILL
sleep 2
start_dockerd
expect_eq "dockerd was away" "true 137" "$(said unseen)"

expect_ok docker rm first other killed unseen
expect_unchanged "a kill for memory"
done_testing
