#!/bin/bash
# A truncated or corrupt layer, one that is not what its config promises, and
# one that climbs out of its root: the pull fails with one clear error that
# says what is wrong, and neither the host nor the store keeps any of it.
. "${0%/*}/lib.sh"
need python3
export ESCAPE=$T/outside
mkdir "$T/outside"

for kind in good dotdot absolute-link hard-link diff-id not-gzip cut config no-platform; do
	expect_ok python3 "$TOP/tests/e2e/bad_image.py" $kind "$T/layout-$kind"
	expect_ok registry seed --root "$T/registry" "$T/layout-$kind" "bad/$kind"
done
layer_of() { # LAYOUT: the path of the largest blob in the registry
	local digest
	digest=$(ls -S "$1/blobs/sha256" | head -n 1)
	find "$T/registry" -name "$digest" -type f -print -quit
}
# These two are spoiled in the registry's own store, behind its back.
for kind in corrupt truncated; do
	expect_ok python3 "$TOP/tests/e2e/bad_image.py" good "$T/layout-$kind"
	expect_ok registry seed --root "$T/registry" "$T/layout-$kind" "bad/$kind"
done
file=$(layer_of "$T/layout-corrupt")
chmod u+w "$file"
expect_ok dd if=/dev/zero of="$file" bs=1 count=9 seek=5000 conv=notrunc
file=$(layer_of "$T/layout-truncated")
chmod u+w "$file"
truncate -s 5000 "$file"

start_registry
start_containerd
start_dockerd
expect_ok docker pull "$REGISTRY/bad/good"
expect_ok docker rmi "$REGISTRY/bad/good"
mark
blobs() { find "$T/containerd" -path '*blobs/*' -type f | sort; }
snapshots() { ls "$T/containerd/snapshots" 2>/dev/null | sort; }
kept=$(blobs) shots=$(snapshots)

bad() { # KIND REGEX
	expect_fail 1 "$2" docker pull "$REGISTRY/bad/$1"
	expect_no_match "$1 is no image afterwards" "bad/$1" "$(docker images)"
	expect_unchanged "pulling bad/$1"
	expect_eq "nothing got out" "" "$(ls "$T/outside")"
}
bad dotdot '\.\./'
bad hard-link 'passwd|\.\./'
bad diff-id 'diff|sha256|promise'
bad not-gzip 'gzip|unexpected|incorrect header|corrupt'
bad cut 'gzip|end|truncated|corrupt|unexpected'
bad config 'config|JSON'
bad no-platform 'linux/|platform|no match'
bad corrupt 'digest|sha256|corrupt'
bad truncated 'size|bytes|short|end|truncated|digest|transfer|5000'
expect_fail 125 '\.\./' docker run --rm "$REGISTRY/bad/dotdot"
expect_unchanged "running an image that cannot be unpacked"

# A link out of the root is legal; following it stays inside.
docker pull "$REGISTRY/bad/absolute-link" >/dev/null 2>&1
expect_eq "a member behind an absolute link stays in the root" "" "$(ls "$T/outside")"
docker rmi "$REGISTRY/bad/absolute-link" >/dev/null 2>&1
expect_eq "no blob of a bad image is kept" "$kept" "$(blobs)"
expect_eq "no snapshot of one either" "$shots" "$(snapshots)"
# And a good one still comes through.
expect_ok docker pull "$REGISTRY/bad/good"
stop_stack
done_testing
