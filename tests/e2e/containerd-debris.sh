#!/bin/bash
# What a containerd killed while it wrote a document left is gone after the next start,
# and nothing that looks like it elsewhere is touched.
. "${0%/*}/lib.sh"

start_containerd
api() { curl -fsS --max-time 10 --unix-socket "$T/containerd.sock" "http://containerd/v1/$1" "${@:2}"; }
expect_ok api snapshots/prepare -d '{"key":"kept"}'
expect_ok api containers -d '{"id":"kept","spec":{}}'
fs=$(api snapshots/kept/mounts | jq -r '.mounts[0].source')
stop_containerd KILL

debris=("$T/containerd/containers/default/kept.json" "$T/containerd/containers/default/new.json"
	"${fs%/fs}/info.json")
mkdir -p "$T/containerd/images/default"
debris+=("$T/containerd/images/default/$(printf %064d 1).json")
for file in "${debris[@]}"; do echo '{"half' >"$file.4711.0.tmp"; done
echo mine >"$fs/info.json.4711.0.tmp" # a container's own file
start_containerd
wait_for 5 ctr version || fail "containerd does not start"
expect_eq "unfinished documents are gone" "$fs/info.json.4711.0.tmp" \
	"$(find "$T/containerd" -name '*.tmp')"
expect_eq "the container is there" kept "$(api containers | jq -r '.[].id')"
expect_eq "the snapshot is there" kept "$(api snapshots | jq -r '.[].key')"

# A bundle whose removal was cut short is no task, whatever else is still there.
stop_containerd KILL
mkdir -p "$T/run-containerd/default/half/rootfs"
echo '{}' >"$T/run-containerd/default/half/config.json"
start_containerd
wait_for 5 ctr version || fail "containerd does not start"
expect_eq "no task" "[]" "$(api tasks)"
expect_eq "no bundle" "" "$(ls "$T/run-containerd/default")"
stop_containerd
done_testing
