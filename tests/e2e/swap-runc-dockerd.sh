#!/bin/bash
# Real dockerd, with a containerd and shims of its own, runs containers on our runc.
. "${0%/*}/lib.sh"
need containerd containerd-shim-runc-v2 dockerd iptables

need_real_docker
docker() { "$cli" "$@"; }
clean_up() {
	docker ps -q --filter status=paused | xargs -r "$cli" unpause
	docker ps -aq | xargs -r "$cli" rm -f
	end_real_docker
} >/dev/null 2>&1
trap 'thaw; clean_up' EXIT

all_hierarchies
real_dockerd() { # [OPTION...]
	start_real_dockerd "$T/docker.sock" --bridge none --iptables=false --ip6tables=false \
		--add-runtime "dockyard=$TOP/02-runc/runc" --default-runtime dockyard "$@"
}
import() { # the one layer of the image
	local layer
	layer=$(find "$(image busybox)/blobs" -type f -size +100k | head -n 1)
	expect_ok docker import -c 'ENV PATH=/bin:/sbin' -c 'CMD ["sh"]' "$layer" busybox
}
run() { docker run --rm --network none "$@"; }

start_real_containerd
real_dockerd
import
mark

# ---- what a container is like ---------------------------------------------

expect_eq "our runtime is the one in use" dockyard "$(docker info -f '{{.DefaultRuntime}}')"
expect_eq "run prints" hello "$(run busybox echo hello)"
expect_fail 42 '' run busybox sh -c 'exit 42'
expect_fail 127 'exec: \\?"no-such-program\\?": executable file not found in \$PATH' run busybox no-such-program
expect_fail 126 'permission denied' run busybox /etc
expect_eq "stdin comes in" HELLO "$(echo hello | run -i busybox tr a-z A-Z)"
expect_match "-t gives a terminal" '/dev/pts/0' \
	"$(script -qec "$cli run --rm --network none -it busybox tty" /dev/null </dev/null)"
status='grep -E "^(CapEff|NoNewPrivs|Seccomp):" /proc/self/status | cut -f2 | tr "\n" " "'
expect_eq "Docker's capabilities and seccomp profile" "00000000a80425fb 0 2 " \
	"$(run busybox sh -c "$status")"
expect_eq "fewer of both, and no new privileges" "00000000a80425db 1 0 " \
	"$(run --cap-drop KILL --security-opt no-new-privileges --security-opt seccomp=unconfined \
		busybox sh -c "$status")"
expect_match "--privileged: the host's devices, and every capability that Docker knows" '^[0-9a-f]{8}f[ef]f{6} /dev/full$' \
	"$(run --privileged busybox sh -c 'echo "$(grep CapEff /proc/self/status | cut -f2) $(ls -d /dev/full)"')"
expect_eq "--user and --group-add" "7 8 8 9" "$(run --user 7:8 --group-add 9 busybox sh -c 'echo $(id -u) $(id -g) $(id -G)')"
expect_eq "--init is process 1" "docker-init" "$(run --init busybox cat /proc/1/comm)"
expect_fail 1 'Read-only file system' run --read-only busybox touch /file
expect_eq "--tmpfs on a read-only root" "tmpfs 65536" "$(run --read-only --tmpfs /t:size=64k busybox \
	sh -c 'touch /t/x && df -B 1 /t | awk "NR == 2 { print \$1, \$2 }"')"
expect_match "--device" '^c.* 10, +229 .*/dev/f$' "$(run --device /dev/fuse:/dev/f:r busybox ls -l /dev/f)"
expect_fail any 'denied|not permitted' run --device /dev/fuse:/dev/f:r busybox sh -c 'echo >/dev/f'
expect_eq "--ulimit, --sysctl, --hostname, --shm-size" "100 1 box 1048576" \
	"$(run --ulimit nofile=100 --sysctl net.ipv4.ip_forward=1 --hostname box --shm-size 1m busybox \
		sh -c 'echo $(ulimit -n) $(cat /proc/sys/net/ipv4/ip_forward) $(hostname) $(df -B 1 /dev/shm | awk "NR == 2 { print \$2 }")')"
expect_eq "--pid host" "$(readlink /proc/self/ns/pid)" "$(run --pid host --privileged busybox readlink /proc/self/ns/pid)"
expect_eq "--cgroupns host" "$(readlink /proc/self/ns/cgroup)" "$(run --cgroupns host busybox readlink /proc/self/ns/cgroup)"
expect_no_match "--cgroupns private" "^$(readlink /proc/self/ns/cgroup | tr '[]' '..')$" \
	"$(run --cgroupns private busybox readlink /proc/self/ns/cgroup)"
expect_eq "a volume, read-only" ro "$(run -v "$T/home:/mnt:ro" busybox sh -c 'touch /mnt/x 2>/dev/null || echo ro')"
expect_fail any 'Read-only file system' run busybox sh -c 'echo x >/proc/sys/kernel/domainname'
expect_eq "masked paths are empty" "0 0" \
	"$(run busybox sh -c 'echo $(cat /proc/timer_list | wc -c) $(ls /sys/firmware | wc -l)')"

# ---- its life --------------------------------------------------------------

# limit FILE: of the container `sleeper`, in whichever hierarchy it is.
limit() { find /sys/fs/cgroup/*"$REAL_GROUP/$id" "/sys/fs/cgroup$REAL_GROUP/$id" -maxdepth 1 -name "$1" -exec cat {} \; 2>/dev/null | head -n 1; }
inspect() { docker inspect -f "{{.State.$2}}" "$1"; }

expect_ok docker run -d --name sleeper --network none -m 64m --memory-swap 64m --pids-limit 50 --cpus 0.5 busybox \
	sh -c 'trap "exit 5" USR1; while :; do sleep 0.1; done'
id=$output
echo "$id" >>"$T/ids"
expect_eq "-m" 67108864 "$(limit memory.max)$(limit memory.limit_in_bytes)"
expect_eq "--pids-limit" 50 "$(limit pids.max)"
expect_match "--cpus" '^50000( |$)' "$(limit cpu.max)$(limit cpu.cfs_quota_us)"
expect_ok docker update -m 96m --memory-swap 96m --pids-limit 60 --cpu-shares 512 sleeper
expect_eq "update sets the memory" 100663296 "$(limit memory.max)$(limit memory.limit_in_bytes)"
expect_eq "update sets the processes" 60 "$(limit pids.max)"
expect_match "update sets the shares" '^(512|20|59)$' "$(limit cpu.weight)$(limit cpu.shares)"
expect_eq "exec prints" inside "$(docker exec sleeper echo inside)"
expect_fail 3 '' docker exec sleeper sh -c 'exit 3'
expect_fail any 'exec: "no-such": executable file not found in' docker exec sleeper no-such
expect_eq "exec as another, elsewhere, with a variable" "7 /tmp x" \
	"$(docker exec -u 7 -w /tmp -e V=x sleeper sh -c 'echo $(id -u) $PWD $V')"
expect_match "exec -t gives a terminal" '/dev/pts/0' \
	"$(script -qec "$cli exec -it sleeper tty" /dev/null </dev/null)"
expect_match "top" 'sleep 0.1|trap' "$(docker top sleeper)"
expect_match "stats knows the memory, its limit and the processes" '^[0-9.]+[KM]iB / 96MiB [1-9][0-9]*$' \
	"$(docker stats --no-stream --format '{{.MemUsage}} {{.PIDs}}' sleeper)"
expect_ok docker pause sleeper
expect_eq "paused" paused "$(inspect sleeper Status)"
expect_fail any 'paused' docker exec sleeper true
expect_ok docker unpause sleeper
expect_eq "goes on" running "$(inspect sleeper Status)"
expect_ok docker kill -s USR1 sleeper
expect_eq "the signal arrives" 5 "$(docker wait sleeper)"
expect_ok docker start sleeper
expect_ok docker restart -t 0 sleeper
expect_ok docker kill sleeper
expect_eq "killed" 137 "$(docker wait sleeper)"
expect_ok docker rm sleeper

expect_fail 137 '' docker run --name eater --network none -m 16m --memory-swap 16m busybox \
	sh -c 'x=0123456789; while :; do x=$x$x; done'
expect_eq "the kernel's OOM killer is told of" true "$(inspect eater OOMKilled)"
expect_ok docker rm eater
expect_unchanged "dockerd"

# ---- root of the container is nobody outside --------------------------------

expect_ok docker rmi busybox
stop real_dockerd
grep -q '^mapped:' /etc/passwd || {
	for file in passwd group subuid subgid; do
		cp "/etc/$file" "$T/$file" 2>/dev/null || : >"$T/$file"
		[ -e "/etc/$file" ] || skip "there is no /etc/$file"
		mount --bind "$T/$file" "/etc/$file"
	done
	echo mapped:x:54321:54321::/:/bin/false >>/etc/passwd
	echo mapped:x:54321: >>/etc/group
	echo mapped:300000:65536 | tee -a /etc/subuid >>/etc/subgid
}
chmod 711 "$T" # its root has to reach its files
real_dockerd --userns-remap mapped
import
mark
expect_eq "--userns-remap: ids" "0 0 300000 65536" \
	"$(run busybox sh -c 'echo $(id -u) $(cat /proc/self/uid_map)')"
expect_ok docker run -d --name mapped --network none -m 64m busybox sleep 1000
echo "$output" >>"$T/ids"
expect_eq "it is nobody's process outside" 300000 "$(stat -c %u "/proc/$(inspect mapped Pid)")"
expect_eq "exec is in there too" "0 300000" "$(docker exec mapped sh -c 'echo $(id -u) $(tr -s " " </proc/1/uid_map | cut -d " " -f 3)')"
expect_match "a terminal" '/dev/pts/0' "$(script -qec "$cli exec -it mapped tty" /dev/null </dev/null)"
expect_eq "--userns host" "0 0 4294967295" "$(run --userns host busybox sh -c 'echo $(cat /proc/self/uid_map)')"
expect_ok docker rm -f mapped
expect_unchanged "dockerd with --userns-remap"
done_testing
