#!/bin/bash
# Real podman, with its conmon, runs containers on our runc.
. "${0%/*}/lib.sh"
need podman conmon
echo '{}' >"$DOCKER_CONFIG/config.json" # podman wants the file to be there

podman() {
	command podman --root "$T/podman" --runroot "$T/podman-run" --tmpdir "$T/podman-tmp" \
		--cgroup-manager cgroupfs --events-backend file \
		--runtime "$TOP/02-runc/runc" "$@"
}
# The images' limits on open files are above ours, and raising them takes CAP_SYS_RESOURCE.
run() { podman run --network none --ulimit host --cgroup-parent "$group" "$@"; }

# podman leaves the parent of its cgroups; so they are below one that is ours.
# A group of v1 that is frozen outlives even the end of this pid namespace.
group=/dockyard-podman-${T##*.}
clean_up() {
	podman unpause -a >/dev/null 2>&1
	podman rm -af -t 0 >/dev/null 2>&1
	find /sys/fs/cgroup -depth -type d -path "*$group*" -exec rmdir {} + 2>/dev/null
}
trap clean_up EXIT

all_hierarchies
# podman makes the image's name of the path, which must then be in lower case.
mount -t tmpfs images /mnt && cp -r "$(image busybox)" /mnt/busybox || fail "copy the image"
expect_ok podman pull -q oci:/mnt/busybox
image_id=$output
ids() { podman ps -aq --no-trunc >>"$T/ids"; }
mark

expect_eq "podman run prints" hello "$(run --rm "$image_id" echo hello)"
run --rm "$image_id" sh -c 'exit 42'
expect_eq "podman run returns the container's exit status" 42 $?
expect_fail 127 'executable file not found in \$PATH' run --rm "$image_id" no-such-program
expect_fail 126 'permission denied' run --rm "$image_id" /etc/passwd
expect_eq "the terminal is one" "/dev/pts/0" \
	"$(run --rm -t "$image_id" tty | tr -d '\r')"
expect_eq "a volume is mounted read-only" "ro" \
	"$(run --rm -v "$T/home:/mnt:ro" "$image_id" sh -c 'touch /mnt/x 2>/dev/null || echo ro')"
expect_eq "the user is not root, without capabilities" "1000 0000000000000000" \
	"$(run --rm --user 1000 --cap-drop all "$image_id" \
		sh -c 'echo "$(id -u) $(grep CapEff /proc/self/status | cut -f2)"')"
expect_eq "a tmpfs begins with what it covers" "$(run --rm "$image_id" ls /etc)" \
	"$(run --rm --tmpfs /etc "$image_id" ls /etc)"
expect_eq "seccomp is on" 2 \
	"$(run --rm "$image_id" sh -c 'grep Seccomp: /proc/self/status | cut -f2')"

expect_ok run -d --name sleeper -m 64m --pids-limit 50 "$image_id" sleep 1000
ids
expect_eq "podman exec prints" inside "$(podman exec sleeper echo inside)"
podman exec sleeper sh -c 'exit 3'
expect_eq "podman exec returns the exit status" 3 $?
expect_eq "podman exec -t has a terminal" "/dev/pts/0" \
	"$(podman exec -t sleeper tty | tr -d '\r')"
expect_eq "the memory limit is 64 MiB" 67108864 \
	"$(cat /sys/fs/cgroup/{memory,.}/"$group"/libpod-"$(tail -n 1 "$T/ids")"/memory.{limit_in_bytes,max} 2>/dev/null)"
limit_of() { cat /sys/fs/cgroup/{$1,.}/"$group"/libpod-"$(tail -n 1 "$T/ids")"/{$2,$3} 2>/dev/null; }
expect_ok podman update -m 96m sleeper
expect_eq "update: it is 96 MiB" 100663296 "$(limit_of memory memory.limit_in_bytes memory.max)"
expect_match "stats: memory, and how many processes" '^[1-9][0-9.]*kB / [0-9.]+MB 1$' \
	"$(podman stats --no-stream --format '{{.MemUsage}} {{.PIDs}}' sleeper)"
expect_match "podman top sees the program" 'sleep 1000' "$(podman top sleeper args)"
expect_ok podman pause sleeper
expect_eq "paused" paused "$(podman inspect -f '{{.State.Status}}' sleeper)"
expect_fail any 'running containers' podman exec sleeper true
expect_ok podman unpause sleeper
expect_ok podman stop -t 1 sleeper
expect_eq "stopped by SIGKILL" 137 "$(podman inspect -f '{{.State.ExitCode}}' sleeper)"
expect_ok podman start sleeper
expect_eq "started again" running "$(podman inspect -f '{{.State.Status}}' sleeper)"
expect_ok podman kill -s KILL sleeper
expect_eq "killed" 137 "$(podman wait sleeper)"
expect_ok podman rm -f -t 0 sleeper
expect_unchanged "podman"
done_testing
