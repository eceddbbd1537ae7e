#!/bin/bash
# containerd is killed in the middle of imports and of layers being made, again and again,
# with both snapshotters, and its disk is full: every blob that is there is whole, every image
# that has a name can be used, and when all names are gone nothing is left.
. "${0%/*}/lib.sh"
need curl jq

ROUNDS=${ROUNDS:-12}
seed busybox
start_registry
start_containerd
ctr images pull --mirror "$MIRROR" busybox >/dev/null || fail "pull"
ctr images export "$T/busybox.tar" busybox || fail "export"
stop_containerd
rm -rf "$T/containerd"

api() { curl -s --unix-socket "$T/containerd.sock" "$@"; }
root_blobs() { find "$T/containerd/content/blobs" -type f; }

# One round: an image comes in, a container's changes become a layer, and the end comes.
work() {
	local key=k$1
	ctr images import "$T/busybox.tar"
	api -d "{\"key\":\"$key\",\"parent\":\"$(api http://c/v1/resolve/docker.io%2Flibrary%2Fbusybox:latest | jq -r .chainID)\"}" \
		http://c/v1/snapshots/prepare
	api -d '{}' "http://c/v1/snapshots/$key/diff"
	api -X DELETE "http://c/v1/snapshots/$key"
	ctr images rm busybox
} >/dev/null 2>&1

check() { # SNAPSHOTTER ROUND
	local f
	for f in $(root_blobs); do
		[ "$(sha256sum <"$f" | cut -d' ' -f1)" = "${f##*/}" ] || fail "$1, round $2: the blob ${f##*/} is not whole"
	done
	for f in $(ctr images ls -q); do
		expect_eq "$1, round $2: an image that has a name is unpacked" true \
			"$(api "http://c/v1/resolve/${f//\//%2F}" | jq .unpacked)"
	done
	expect_eq "$1, round $2: no snapshot is half unpacked" "" "$(ctr snapshots ls -q 'name~=^unpacking-')"
}

for snapshotter in overlayfs native; do
	start_containerd --snapshotter $snapshotter
	for ((i = 0; i < ROUNDS; i++)); do
		work $i &
		worker=$!
		sleep "$(awk -v s=$RANDOM 'BEGIN { print s % 400 / 1000 }')"
		stop_containerd KILL
		wait $worker
		rm -f "$T/containerd.sock"
		start_containerd --snapshotter $snapshotter
		check $snapshotter $i
	done
	ctr snapshots ls -q 'kind!=committed' | xargs -r "$TOP/03-containerd/ctr" --address "$T/containerd.sock" snapshots rm >/dev/null
	expect_ok ctr images import "$T/busybox.tar"
	expect_ok ctr images rm busybox
	expect_eq "$snapshotter: no blob is left" "" "$(root_blobs)"
	expect_eq "$snapshotter: no snapshot is left" "" "$(ctr snapshots ls -q)"
	expect_eq "$snapshotter: no directory is left" "" "$(find "$T"/containerd/snapshots* -mindepth 1 -maxdepth 1)"
	expect_eq "$snapshotter: no ingest is left" "" "$(find "$T/containerd/content/ingest" -type f)"
	expect_eq "$snapshotter: no mount is left" "" "$(grep "$T/containerd" /proc/self/mountinfo)"
	stop_containerd
	rm -rf "$T/containerd"
done

# ---- a full disk
mkdir "$T/containerd" && mount -t tmpfs -o size=2m none "$T/containerd" || skip "no tmpfs"
start_containerd
expect_fail 1 "No space left" ctr images import "$T/busybox.tar"
expect_eq "full disk: no blob is left" "" "$(root_blobs)"
expect_eq "full disk: no snapshot is left" "" "$(find "$T/containerd/snapshots" -mindepth 1)"
mount -o remount,size=64m "$T/containerd"
expect_ok ctr images import "$T/busybox.tar"
stop_containerd
stop_registry
done_testing
