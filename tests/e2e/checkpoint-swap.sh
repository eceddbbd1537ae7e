#!/bin/bash
# Real containerd and real podman checkpoint and restore containers through our runc.
. "${0%/*}/lib.sh"
. "${0%/*}/checkpoint_lib.bash"
need containerd containerd-shim-runc-v2 podman conmon
command -v ctr >/dev/null || skip "containerd's ctr is not installed"

group=/dockyard-swap-${T##*.}
counting='i=0; while :; do i=$((i+1)); echo $i >/counter; sleep 0.1; done'
past() { [ "$1" -gt "$2" ] || fail "$3" "  expected: more than $2" "  got:      $1"; }
clean_up() {
	podman rm -af -t 0 >/dev/null 2>&1
	[ -z "${pid_real:-}" ] || { kill "$pid_real"; wait "$pid_real"; } 2>/dev/null
	find /sys/fs/cgroup -depth -type d -path "*$group*" -exec rmdir {} + 2>/dev/null
}
trap clean_up EXIT

# ---- containerd ------------------------------------------------------------------

start_real_containerd
tar -C "$(image busybox)" -cf "$T/busybox.tar" .
real_ctr image import --base-name test "$T/busybox.tar" >"$T/import" 2>&1 || fail "import" "$(cat "$T/import")"
image=$(real_ctr image ls -q | head -n 1)

counter() { real_ctr task exec --exec-id "e$((++execs))" c cat /counter; }
execs=0
expect_ok real_ctr run -d --runc-binary "$TOP/02-runc/runc" --runc-root "$T/real/runc" --cgroup "$group/c" \
	"$image" c sh -c "$counting"
sleep 1
count=$(counter)
expect_ok real_ctr task checkpoint --image-path "$T/images" --work-path "$T/work" c
expect_ok test -s "$T/images/inventory.img"
past "$(counter)" "$count" "ctr task checkpoint leaves it running"
count=$(counter)
expect_ok real_ctr container checkpoint --rw --task c test/checkpoint:1
real_ctr task kill -s SIGKILL c
stopped() { real_ctr task ls | grep -q STOPPED; }
wait_for 10 stopped || fail "the killed task does not stop"
real_ctr task delete c >/dev/null 2>&1 # its status is that of a killed one
expect_ok real_ctr container delete c
expect_ok real_ctr container restore --rw --live c test/checkpoint:1
expect_match "restored, it runs" 'c +[0-9]+ +RUNNING' "$(real_ctr task ls)"
sleep 0.5
past "$(counter)" "$count" "ctr container restore lets it count on"
real_ctr task kill -s SIGKILL c
wait_for 10 stopped || fail "the restored task does not stop"
real_ctr task delete c >/dev/null 2>&1
expect_ok real_ctr container delete c
stop real

# ---- podman ------------------------------------------------------------------------

echo '{}' >"$DOCKER_CONFIG/config.json" # podman wants the file to be there
podman() {
	command podman --root "$T/podman" --runroot "$T/podman-run" --tmpdir "$T/podman-tmp" \
		--cgroup-manager cgroupfs --events-backend file --runtime "$TOP/02-runc/runc" "$@"
}
counter() { podman exec c cat /counter; }
# podman makes the image's name of the path, which must then be in lower case.
mount -t tmpfs images /mnt && cp -r "$(image busybox)" /mnt/busybox || fail "copy the image"
expect_ok podman pull -q oci:/mnt/busybox
expect_ok podman run -d --name c --network none --ulimit host --cgroup-parent "$group" "$output" \
	sh -c "$counting"
podman ps -aq --no-trunc >>"$T/ids"
sleep 1
count=$(counter)
expect_ok podman container checkpoint c
expect_match "podman knows that it has ended" 'Exited' "$(podman ps -a --format '{{.Status}}')"
expect_ok podman container restore c
sleep 0.5
past "$(counter)" "$count" "podman container restore lets it count on"
count=$(counter)
expect_ok podman container checkpoint --leave-running c
past "$(counter)" "$count" "podman container checkpoint --leave-running"
count=$(counter)
expect_ok podman container checkpoint --export "$T/exported.tar.gz" c
expect_ok podman rm -f -t 0 c
expect_ok podman container restore --import "$T/exported.tar.gz"
sleep 0.5
past "$(counter)" "$count" "a container that comes back from an archive counts on"
expect_ok podman rm -f -t 0 c
done_testing
