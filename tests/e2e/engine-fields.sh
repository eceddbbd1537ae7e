#!/bin/bash
# What is asked for at create or by update is what the kernel, the next start and the next
# daemon know; and what prune takes. Driven by a real docker CLI.
. "${0%/*}/lib.sh"
need_real_docker
d() { "$cli" "$@"; }
get() { d inspect -f "{{$2}}" "$1"; }
run() { d run --rm --network none "$@" 2>&1; }
# limit FILE: of the container c, in whichever hierarchy it is.
limit() { find /sys/fs/cgroup/*"/docker/$id" "/sys/fs/cgroup/docker/$id" -maxdepth 1 -name "$1" -exec cat {} \; 2>/dev/null | head -n 1; }
v1() { [ -d /sys/fs/cgroup/memory ]; }

start_stack busybox
expect_ok d pull busybox
mark

# ---- limits and filters
cat >"$T/profile.json" <<'END'
{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[
  {"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":95},
  {"names":["uname"],"action":"SCMP_ACT_ERRNO","includes":{"caps":["CAP_SYS_ADMIN"]}}]}
END
expect_match "a filter of one's own" 'not supported' "$(run --security-opt seccomp="$T/profile.json" busybox mkdir /x)"
expect_eq "whose conditions are kept" Linux "$(run --security-opt seccomp="$T/profile.json" busybox uname)"
expect_eq "a rule for devices" ok "$(run --device-cgroup-rule 'c 10:229 rwm' busybox \
	sh -c 'mknod /k c 10 229 && : </k && echo ok')"
expect_match "none without it" 'not permitted' "$(run busybox sh -c 'mknod /k c 10 229 && : </k')"
expect_fail 125 'Range of blkio weight is from 10 to 1000' d run --rm --blkio-weight 5 busybox true
expect_fail 125 'is not a block device' d run --rm --network none --device-read-bps /dev/null:1mb busybox true
expect_eq "no IPC: no shared memory" no "$(run --ipc none busybox sh -c 'grep -q /dev/shm /proc/mounts || echo no')"
mkdir -p "$T/tree/sub"
mount -t tmpfs below "$T/tree/sub"
expect_match "read-only to the bottom" 'Read-only' "$(run -v "$T/tree:/t:ro" busybox touch /t/sub/x)"
expect_eq "or only on top" x "$(run --mount "type=bind,src=$T/tree,dst=/t,readonly,bind-recursive=writable" busybox \
	sh -c 'touch /t/y 2>/dev/null || touch /t/sub/x; ls /t/sub')"
umount "$T/tree/sub"
if v1; then
	id=$(d run -d --name box --network none --memory-swappiness 7 --oom-kill-disable -m 32m busybox sleep 1000)
	expect_eq "swappiness and no OOM killer" "7 1" \
		"$(limit memory.swappiness) $(limit memory.oom_control | awk '/oom_kill_disable/ { print $2 }')"
	expect_ok d rm -f box
fi

# ---- update
id=$(d run -d --name box --network none -m 64m --memory-swap 64m --pids-limit 50 --restart on-failure:3 busybox sleep 1000)
expect_ok d update -m 128m --memory-swap 256m --pids-limit 60 --cpu-shares 300 --restart no box
expect_eq "what inspect says" "134217728 268435456 60 300 no" \
	"$(get box '.HostConfig.Memory}} {{.HostConfig.MemorySwap}} {{.HostConfig.PidsLimit}} {{.HostConfig.CpuShares}} {{.HostConfig.RestartPolicy.Name')"
! v1 || expect_eq "what the kernel knows" "134217728 60 300" "$(limit memory.limit_in_bytes) $(limit pids.max) $(limit cpu.shares)"
v1 || expect_eq "what the kernel knows" "134217728 60" "$(limit memory.max) $(limit pids.max)"
expect_fail 1 'update the memoryswap at the same time' d update -m 512m box
expect_fail 1 'Minimum memory limit allowed is 6MB' d update -m 1k box
expect_eq "a refused one changes nothing" 134217728 "$(get box .HostConfig.Memory)"
stop dockerd KILL
start_dockerd
expect_eq "after the daemon was killed" 134217728 "$(get box .HostConfig.Memory)"
expect_ok d restart -t 0 box
! v1 || expect_eq "the next start has it" "134217728 60" "$(limit memory.limit_in_bytes) $(limit pids.max)"
expect_ok d update --pids-limit -1 box
expect_eq "no limit any more" max "$(limit pids.max)"
expect_ok d kill box
expect_eq "and the new policy holds" "exited 0" "$(get box '.State.Status}} {{.RestartCount')"

# ---- the list
expect_ok d create --name ports --expose 7000-7002/udp -p 127.0.0.1:0:81 busybox
names() { d ps -a "$@" --format '{{.Names}}' 2>&1; }
expect_eq "by ports" "ports ports ports  ports" "$(names -f expose=81) $(names -f expose=7001/udp) $(names -f publish=80-90) $(names -f publish=7001/udp) $(names -f isolation=default -f expose=81)"
expect_eq "by tasks of a swarm's" "" "$(names -f is-task=true)"
expect_match "a wrong state of health" "invalid filter 'health=well'" "$(names -f health=well)"
expect_ok d rm ports

# ---- prune
expect_ok d run --name old --label keep=1 --network none -v /anon busybox sh -c 'echo 123456 >/file; echo x >/anon/x'
expect_ok d volume create named
expect_match "a label kept it" "$id" "$(d container prune -f --filter 'label!=keep=1')"
expect_eq "only it" old "$(d ps -a --format '{{.Names}}')"
expect_no_match "older than an hour" '[0-9a-f]{64}' "$(d container prune -f --filter until=1h)"
expect_match "now the other" "reclaimed space: [1-9]" "$(d container prune -f)"
expect_fail 1 'invalid filter .?until' d volume prune -f --filter until=1h
volumes=$(d volume prune -f)
expect_no_match "a named volume stays" named "$volumes"
expect_match "one without a name goes" '[0-9a-f]{64}' "$volumes"
expect_match "but for all" named "$(d volume prune -af)"
expect_eq "events" "container volume" "$(echo $(d events --since 1 --until "$(date +%s.%N)" --filter event=prune --format '{{.Type}}' | sort -u))"

expect_unchanged
stop_stack
done_testing
