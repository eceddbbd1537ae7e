#!/bin/bash
# A layer becomes the same files, with all that is to be known of them, as umoci and the real containerd
# make of it: an image that has everything in it which is hard to get right.
. "${0%/*}/lib.sh"
need python3 umoci containerd zstd curl
command -v ctr >/dev/null || skip "containerd's ctr is not installed"

list() { python3 "$TOP/tests/e2e/tree_list.py" "$1" >"$2" || fail "tree_list.py $1"; }
since=$(date +%s)
same() { # WHAT THEIRS OURS
	checks=$((checks + 1))
	python3 "$TOP/tests/e2e/tree_list.py" --compare "$since" "$2" "$3" >"$T/differences" ||
		fail "$1" "$(cut -c 1-300 "$T/differences" | head -n 40)"
}
mark

# Our stack: out of a registry, which is ours too, onto an overlay.
ours() { # LAYOUT NAME
	local mounts
	registry seed --root "$T/registry" "$1" "library/$2" >/dev/null || fail "seed $2"
	expect_ok ctr images pull --mirror "http://$REGISTRY" "$2"
	chain=$(curl -s --unix-socket "$T/containerd.sock" "http://c/v1/resolve/docker.io%2Flibrary%2F$2:latest" |
		python3 -c 'import json, sys; print(json.load(sys.stdin)["chainID"])')
	mounts=$(curl -s --unix-socket "$T/containerd.sock" -d "{\"key\":\"look-$2\",\"parent\":\"$chain\"}" \
		http://c/v1/snapshots/view)
	mkdir "$T/$2-ours"
	python3 - "$mounts" "$T/$2-ours" <<-'END' || fail "mount $2" "$mounts"
		import json, subprocess, sys
		for m in json.loads(sys.argv[1])["mounts"]:
		    subprocess.run(["mount", "-t", m["type"], "-o", ",".join(m["options"]), m["source"], sys.argv[2]], check=True)
	END
	list "$T/$2-ours" "$T/$2-ours.list"
	umount "$T/$2-ours"
}
real() { # LAYOUT NAME
	tar -C "$1" -cf "$T/$2.tar" .
	expect_ok real_ctr images import --base-name "test/$2" "$T/$2.tar"
	mkdir "$T/$2-real"
	expect_ok real_ctr images mount "$(real_ctr images ls -q | grep "test/$2")" "$T/$2-real"
	list "$T/$2-real" "$T/$2-real.list"
	umount "$T/$2-real"
}

start_registry
start_containerd
start_real_containerd
python3 "$TOP/tests/e2e/unpack_image.py" "$T/plain" || fail "unpack_image.py"
python3 "$TOP/tests/e2e/unpack_image.py" "$T/zstd" zstd || fail "unpack_image.py zstd"

ours "$T/plain" plain
real "$T/plain" plain
same "what real containerd unpacks, we unpack" "$T/plain-real.list" "$T/plain-ours.list"

expect_ok umoci unpack --image "$T/plain:latest" "$T/umoci"
list "$T/umoci/rootfs" "$T/umoci.list"
same "what umoci unpacks, we unpack" "$T/umoci.list" "$T/plain-ours.list"

ours "$T/zstd" zstd
real "$T/zstd" zstd
same "likewise where layers are zstd" "$T/zstd-real.list" "$T/zstd-ours.list"
same "and zstd is gzip" "$T/plain-ours.list" "$T/zstd-ours.list"

stop real
stop containerd
stop registry
expect_unchanged "unpacking"
done_testing
