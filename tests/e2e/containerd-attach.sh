#!/bin/bash
# A shim's attach socket and log: many clients, slow and dead ones, half-close,
# frames, terminals, execs, rotation; and what an idle shim costs.
. "${0%/*}/lib.sh"
need python3 jq

# Cgroups are the machine's: names that no other run of this test has at the same time.
U=$(basename "$T" | tr -cd 'A-Za-z0-9')

seed busybox
start_registry
start_containerd
IMAGE=$REGISTRY/library/busybox:latest
expect_ok ctr images pull --plain-http "$IMAGE"
parent=$(curl -s --unix-socket "$T/containerd.sock" \
	"http://containerd/v1/resolve/$(jq -rn --arg x "$IMAGE" '$x|@uri')" | jq -r .chainID)
mark
expect_ok python3 "$TOP/tests/e2e/containerd_attach.py" "$T/containerd.sock" "$parent"
checks=$((checks + $(grep -c '^ok' <<<"$output")))
expect_unchanged "attaching"

# ---- an idle shim --------------------------------------------------------------
for i in 1 2 3; do
	expect_ok ctr run -d --log-uri "file://$T/idle$i.json" "$IMAGE" $U-idle$i \
		sh -c 'head -c 3000000 /dev/zero; exec sleep 60'
done
if ! nm "$TOP/03-containerd/containerd-shim" 2>/dev/null | grep -q __asan; then
	sleep 0.3
	# What no other process shares: the program itself is one copy for all shims.
	pid=$(cat "$T/run-containerd/default/$U-idle2/shim.pid")
	private=$(awk '/^Private_(Dirty|Clean)/ { n += $2 } END { print n }' \
		"/proc/$pid/smaps_rollup")
	expect_eq "an idle shim's private memory (it is $private kB) is under 300 kB" yes \
		"$([ "$private" -lt 300 ] && echo yes)"
fi
for i in 1 2 3; do
	expect_ok ctr tasks rm -f $U-idle$i
	expect_ok ctr containers rm $U-idle$i
done
expect_unchanged "idle shims"
stop_containerd
stop_registry
done_testing
