#!/bin/bash
# Containers run on overlayfs, with 127 layers too, and on the copying snapshotter, which is
# chosen where overlayfs does not work; what a container did becomes a layer that umoci and
# GNU tar read, and that is the same on both.
. "${0%/*}/lib.sh"
need curl jq python3 tar

seed busybox
start_registry
api() { curl -s --unix-socket "$T/containerd.sock" "$@"; }
chain_of() { api "http://c/v1/resolve/$(jq -rn --arg n "$1" '$n | @uri')" | jq -r .chainID; }
run() { ctr run --rm "$1" "c$RANDOM" "${@:2}"; }

# An archive with an image of N layers: each adds a file and removes the one before.
many_layers() { # N FILE
	python3 - "$1" "$2" "$(image busybox)" <<'END'
import gzip, hashlib, io, json, os, sys, tarfile
n, out, layout = int(sys.argv[1]), sys.argv[2], sys.argv[3]
def blob(d):
    return open(os.path.join(layout, "blobs", *d["digest"].split(":")), "rb").read()
doc = json.load(open(os.path.join(layout, "index.json")))["manifests"][0]
while True:
    m = json.loads(blob(doc))
    if "layers" in m:
        break
    doc = m["manifests"][0]
layers = [gzip.decompress(blob(l)) for l in m["layers"]]
while len(layers) < n:
    i, b = len(layers), io.BytesIO()
    with tarfile.open(fileobj=b, mode="w") as t:
        f = tarfile.TarInfo("layer/%03d" % i); f.size = 3; t.addfile(f, io.BytesIO(b"%03d" % i))
        t.addfile(tarfile.TarInfo("layer/.wh.%03d" % (i - 1)))
    layers.append(b.getvalue())
config = json.loads(blob(m["config"]))
config["rootfs"]["diff_ids"] = ["sha256:" + hashlib.sha256(l).hexdigest() for l in layers]
config.pop("history", None)
with tarfile.open(out, "w") as t:
    def add(name, data):
        f = tarfile.TarInfo(name); f.size = len(data); t.addfile(f, io.BytesIO(data))
    add("config.json", json.dumps(config).encode())
    for i, l in enumerate(layers):
        add("%d/layer.tar" % i, l)
    add("manifest.json", json.dumps([{"Config": "config.json", "RepoTags": ["many:1"],
        "Layers": ["%d/layer.tar" % i for i in range(len(layers))]}]).encode())
END
}

# What a container changed, as a layer; the digest of its archive.
layer() { # IMAGE
	local key=k$RANDOM
	api -d "{\"key\":\"$key\",\"parent\":\"$(chain_of "$1")\"}" http://c/v1/snapshots/prepare >"$T/mounts"
	(
		mkdir -p "$T/mnt"
		if [ "$(jq -r '.mounts[0].type' "$T/mounts")" = overlay ]; then
			mount -t overlay -o "$(jq -r '.mounts[0].options | join(",")' "$T/mounts")" overlay "$T/mnt"
		else
			mount --bind "$(jq -r '.mounts[0].source' "$T/mounts")" "$T/mnt"
		fi
		cd "$T/mnt" || exit 1
		echo changed >etc/passwd
		rm -r usr/sbin
		mkdir -p new/dir && echo data >new/dir/file && ln new/dir/file new/other && mknod new/null c 1 3
		cd / && umount "$T/mnt"
	) || fail "change a snapshot"
	api -d '{"sourceDateEpoch":1700000000}' "http://c/v1/snapshots/$key/diff" >"$T/layer.json"
	jq -r .diffID "$T/layer.json"
}

# ---- overlayfs
start_containerd --snapshotter overlayfs
ctr images pull --mirror "$MIRROR" busybox >/dev/null || fail "pull"
mark
expect_eq "overlayfs: a container runs" hello "$(run busybox echo hello)"
overlay=$(layer docker.io/library/busybox:latest)
digest=$(jq -r .digest "$T/layer.json")
blob=$T/containerd/content/blobs/sha256/${digest#sha256:}
expect_eq "GNU tar reads the layer" ".wh.sbin etc/passwd new/dir/file new/null new/other" \
	"$(tar -tzf "$blob" | grep -v '/$' | sed 's,^usr/.wh,.wh,' | sort | tr '\n' ' ' | sed 's/ $//')"
if command -v umoci >/dev/null; then # the layer on top of the image, as umoci unpacks it
	cp -r "$(image busybox)" "$T/layout"
	expect_ok umoci raw add-layer --image "$T/layout:latest" <(gunzip -c "$blob")
	expect_ok umoci raw unpack --image "$T/layout:latest" "$T/umoci"
	expect_eq "umoci: what was changed" "changed" "$(cat "$T/umoci/etc/passwd")"
	expect_eq "umoci: what was removed" "" "$(ls -d "$T/umoci/usr/sbin" 2>/dev/null)"
	expect_eq "umoci: hard links" 2 "$(stat -c %h "$T/umoci/new/other")"
fi
many_layers 127 "$T/many.tar"
expect_ok ctr images import "$T/many.tar"
expect_eq "127 layers" 126 "$(run many:1 cat /layer/126 | sed 's/^0//')"
expect_eq "127 layers: only the last file is left" 126 "$(run many:1 ls /layer)"
key=$(chain_of docker.io/library/many:1)
expect_eq "the changes of the last of 127 layers" '{"kind":"D","path":"/layer/125"}' \
	"$(api "http://c/v1/snapshots/$key/changes" | grep '"D"')"
expect_eq "the whole tree of 127 layers is an archive" layer/126 \
	"$(api "http://c/v1/snapshots/$key/archive?parent=" | tar -t | grep ^layer/.)"
stop_containerd

# ---- copies
start_containerd --snapshotter native
ctr images pull --mirror "$MIRROR" busybox >/dev/null || fail "pull"
expect_eq "native: a container runs" hello "$(run busybox echo hello)"
expect_eq "native: it can write" hello "$(run busybox sh -c 'echo hello >/f; rm -r /home; cat /f')"
native=$(layer docker.io/library/busybox:latest)
expect_eq "native: a mount is a bind mount" bind "$(jq -r '.mounts[0].type' "$T/mounts")"
expect_eq "the same layer" "$overlay" "$native"
expect_ok ctr images import "$T/many.tar"
expect_eq "native: many layers" 126 "$(run many:1 ls /layer)"
stop_containerd

# ---- in a user namespace, overlayfs keeps its notes elsewhere
cat >"$T/in-userns" <<'END'
mount -t tmpfs none "$T/o" || exit 77
"$TOP/03-containerd/containerd" --root "$T/o/root" --state "$T/o/state" --address "$T/o/sock" --shim /bin/true \
	>"$T/userns.log" 2>&1 &
ctr() { "$TOP/03-containerd/ctr" --address "$T/o/sock" "$@"; }
for _ in $(seq 100); do [ -S "$T/o/sock" ] && break; sleep 0.05; done
ctr images import "$T/many.tar" >"$T/userns.out" 2>&1 || { cat "$T/userns.out"; exit 1; }
mkdir "$T/o/m" && ctr images mount --rw many:1 "$T/o/m" >"$T/userns.out" 2>&1 || { cat "$T/userns.out"; exit 1; }
cd "$T/o/m" && ls layer && rm -r layer usr/sbin && mkdir layer && echo x >layer/x && cd /
ctr snapshots mounts /x "$T/o/m" | grep -o 'userxattr$'
ctr snapshots diff "$T/o/m" | tar -tz | LC_ALL=C sort | tr '\n' ' '
kill $!
END
export TOP
mkdir "$T/o"
inside=$(unshare -Urm --propagation private bash "$T/in-userns")
[ $? = 77 ] || expect_eq "in a user namespace" "$(printf '%s\n' 126 userxattr './ layer/ layer/.wh..wh..opq layer/x usr/ usr/.wh.sbin ')" \
	"$inside"

# ---- the choice
start_containerd
expect_eq "what was chosen before stays" 0 "$(grep -c 'snapshotter: native' "$T/containerd.log")"
stop_containerd
mkdir "$T/l" "$T/u" "$T/w" && mount -t overlay -o "lowerdir=$T/l,upperdir=$T/u,workdir=$T/w" overlay "$T/o" ||
	skip "no overlay can be mounted in $T"
start_containerd --root "$T/o/containerd"
expect_match "it is said why" 'snapshotter: native.*overlayfs does not work in' "$(cat "$T/containerd.log")"
ctr images pull --mirror "$MIRROR" busybox >/dev/null || fail "pull"
expect_eq "on an overlay: a container runs" hello "$(run busybox echo hello)"
stop_containerd
expect_fail 1 "does not work in" "$TOP/03-containerd/containerd" --root "$T/o/containerd" --state "$T/s" \
	--address "$T/s.sock" --snapshotter overlayfs
expect_fail 1 "no snapshotter" "$TOP/03-containerd/containerd" --root "$T/o/containerd" --state "$T/s" \
	--address "$T/s.sock" --snapshotter zfs
stop_registry
done_testing
