#!/bin/bash
# Images in files: what our containerd exports, the real tools read; what they write, ours
# imports, runs through and keeps under the same digests. Archives that lie are refused, and
# leave nothing.
. "${0%/*}/lib.sh"
need curl jq skopeo python3 tar

seed busybox
start_registry
start_containerd
NAME=docker.io/library/busybox:latest
A=$T/a
mkdir "$A"
pull() { ctr images pull --mirror "$MIRROR" busybox >/dev/null || fail "pull"; }
api() { curl -s --unix-socket "$T/containerd.sock" "$@"; }
config_of() { api "http://c/v1/resolve/$(jq -rn --arg n "$1" '$n | @uri')" | jq -r .configDescriptor.digest; }
chain_of() { api "http://c/v1/resolve/$(jq -rn --arg n "$1" '$n | @uri')" | jq -r '[.chainID, .unpacked] | @text'; }
blobs() { find "$T/containerd/content/blobs" -type f | wc -l; }
snapshots() { api http://c/v1/snapshots | jq length; }
expect_clean() { # WHAT
	local left
	for left in $(ctr images ls -q); do ctr images rm "$left" >/dev/null; done
	expect_eq "$1: no blob is left" 0 "$(blobs)"
	expect_eq "$1: no snapshot is left" 0 "$(snapshots)"
	expect_eq "$1: no ingest is left" 0 "$(find "$T/containerd/content/ingest" -type f | wc -l)"
}

# ---- out and in again
pull
digest=$(ctr images ls | awk -v n=$NAME '$1 == n { print $3 }')
config=$(config_of $NAME)
chain=$(chain_of $NAME)
expect_ok ctr images export "$A/ours.tar" busybox
expect_ok ctr images export "$A/again.tar" busybox
expect_eq "an export is reproducible" "$(sha256sum <"$A/ours.tar")" "$(sha256sum <"$A/again.tar")"
expect_eq "Docker finds its part" '["busybox:latest"]' "$(tar -xOf "$A/ours.tar" manifest.json | jq -c '.[0].RepoTags')"
expect_fail 1 "not_found|no such image" ctr images export "$A/none.tar" nothing
expect_eq "a failed export leaves no file" "" "$(ls "$A" | grep none)"
mknod "$A/null" c 1 3 && ln -s again.tar "$A/link" || fail "mknod"
expect_ok ctr images export "$A/null" busybox
expect_ok ctr images export "$A/link" busybox
expect_eq "no file takes the place of a device or of a link" "character special file, symbolic link" \
	"$(stat -c %F "$A/null"), $(stat -c %F "$A/link")"
expect_eq "through the link" "$(sha256sum <"$A/ours.tar")" "$(sha256sum <"$A/again.tar")"
expect_clean "export"
expect_ok ctr images import "$A/ours.tar"
expect_match "import tells what it did" "unpacking $NAME \\($digest\\)...done" "$output"
expect_eq "the same image" "$config $chain" "$(config_of $NAME) $(chain_of $NAME)"
expect_clean "import"
gzip -k "$A/ours.tar"
expect_ok ctr images import - <"$A/ours.tar.gz"
expect_eq "a compressed archive from the standard input" "$config $chain" "$(config_of $NAME) $(chain_of $NAME)"
expect_clean "import of a compressed archive"
expect_ok ctr images import --no-unpack --base-name other "$A/ours.tar"
expect_eq "not unpacked" 0 "$(snapshots)"
expect_clean "import without unpacking"

# ---- skopeo
expect_ok skopeo --insecure-policy inspect "docker-archive:$A/ours.tar"
expect_ok skopeo --insecure-policy copy "oci-archive:$A/ours.tar" "oci:$A/layout:x"
expect_eq "skopeo reads the same config" "$config" \
	"$(skopeo --insecure-policy inspect --raw "docker-archive:$A/ours.tar" | jq -r .config.digest)"
for kind in docker-archive oci-archive; do
	expect_ok skopeo --insecure-policy copy "oci-archive:$A/ours.tar" "$kind:$A/$kind.tar:docker.io/library/busybox:latest"
	expect_ok ctr images import "$A/$kind.tar"
	expect_eq "from skopeo's $kind" "$chain" "$(chain_of $NAME)"
	expect_clean "import from skopeo's $kind"
done

# ---- podman
if command -v podman >/dev/null; then
	podman_() { podman --root "$T/podman" --runroot "$T/podman-run" --storage-driver vfs --events-backend file "$@"; }
	expect_ok podman_ load -i "$A/ours.tar"
	expect_match "podman loads our archive" "busybox:latest" "$(podman_ images --format '{{.Repository}}:{{.Tag}}')"
	for format in docker-archive oci-archive; do
		expect_ok podman_ save --format $format -o "$A/podman-$format.tar" docker.io/library/busybox:latest
		expect_ok ctr images import "$A/podman-$format.tar"
		expect_eq "from podman's $format" "$chain" "$(chain_of $NAME)"
		expect_clean "import from podman's $format"
	done
fi

# ---- the real containerd
if command -v containerd >/dev/null; then
	all_hierarchies
	start_real_containerd
	expect_ok real_ctr images import "$A/ours.tar"
	expect_match "the real containerd has the same digest" "$digest" "$(real_ctr images ls)"
	expect_ok real_ctr images tag $NAME docker.io/library/second:1
	expect_ok real_ctr images export "$A/real.tar" $NAME docker.io/library/second:1
	expect_ok ctr images import "$A/real.tar"
	expect_eq "two images of the real containerd's archive" "$chain $chain" "$(chain_of $NAME) $(chain_of docker.io/library/second:1)"
	expect_eq "the same index" "$digest" "$(ctr images ls | awk -v n=$NAME '$1 == n { print $3 }')"
	expect_clean "import from the real containerd"
	cli=$(real_docker)
	if [ -n "$cli" ] && command -v dockerd >/dev/null; then
		start_real_dockerd "$T/docker.sock" --bridge none --iptables=false --ip6tables=false
		expect_ok "$cli" load -i "$A/ours.tar"
		expect_match "docker loads our archive" "Loaded image: busybox:latest" "$output"
		expect_eq "docker: the image's ID is the config's digest" "$config" "$("$cli" images -q --no-trunc busybox)"
		expect_ok "$cli" tag busybox:latest second:1
		expect_ok "$cli" save -o "$A/docker.tar" busybox:latest second:1
		expect_ok ctr images import "$A/docker.tar"
		expect_eq "two tags of docker's archive" "$config $config $chain" \
			"$(config_of $NAME) $(config_of docker.io/library/second:1) $(chain_of docker.io/library/second:1)"
		expect_clean "import from docker"
		stop real_dockerd
	fi
	stop real
fi

# ---- archives that lie
mkdir "$A/x"
tar -xf "$A/ours.tar" -C "$A/x"
bad() { # WHAT REGEX: the tree $A/y is refused
	tar -C "$A/y" -cf "$A/bad.tar" "${@:3}" .
	expect_fail 1 "$2" ctr images import "$A/bad.tar"
	expect_clean "$1"
	rm -rf "$A/y"
}
fresh() { cp -r "$A/x" "$A/y"; }
layer=$(jq -r '.[0].Layers[0]' "$A/x/manifest.json")
fresh; echo more >>"$A/y/$layer"; bad "a blob with other bytes" "digest"
fresh; rm "$A/y/$layer"; bad "a blob is missing" "lacks the blob"
fresh; echo '{' >"$A/y/index.json"; bad "index.json is no JSON" "index.json"
fresh; echo '{"schemaVersion":2,"manifests":[]}' >"$A/y/index.json"; bad "index.json is empty" "no images"
fresh; rm "$A/y/index.json" "$A/y/manifest.json"; bad "neither document" "neither index.json"
fresh; rm "$A/y/index.json"; rm "$A/y/$layer"; ln -s /etc/passwd "$A/y/$layer"; bad "a link out of the archive" "out of the archive"
fresh; rm "$A/y/index.json"; jq '.[0].Config = "../../etc/passwd"' "$A/x/manifest.json" >"$A/y/manifest.json"; bad "a name out of the archive" "no file"
fresh; rm "$A/y/index.json"; jq '.[0].Layers = []' "$A/x/manifest.json" >"$A/y/manifest.json"; bad "layers that the config does not name" "diff IDs"
fresh; mknod "$A/y/dev" c 1 3; bad "a device" "neither plain file"
fresh; head -c 5000000 /dev/zero | tr '\0' ' ' >"$A/y/index.json"; bad "a huge document" "more than"
head -c 300000 "$A/ours.tar" >"$A/cut.tar"
expect_fail 1 "ends in the middle|corrupt" ctr images import "$A/cut.tar"
expect_clean "an archive cut short"
python3 - "$A/twice.tar" <<'END'
import io, sys, tarfile
with tarfile.open(sys.argv[1], "w") as t:
    for name in "manifest.json", "manifest.json", "../up":
        i = tarfile.TarInfo(name); i.size = 2; t.addfile(i, io.BytesIO(b"[]"))
END
expect_fail 1 "two of it" ctr images import "$A/twice.tar"
expect_clean "a document twice"
head -c 1000000 /dev/urandom >"$A/noise"
expect_fail 1 "import" ctr images import "$A/noise"
expect_clean "noise"

# ---- in the middle
(head -c 200000 "$A/ours.tar"; sleep 3) | timeout -s KILL 1 "$TOP/03-containerd/ctr" --address "$T/containerd.sock" images import - >/dev/null 2>&1
sleep 0.3
expect_clean "a client that went away"
stop_containerd
stop_registry
done_testing
