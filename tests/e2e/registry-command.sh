#!/bin/bash
# The registry's command line: seeding beside a live registry, listing, and
# every way to start it wrongly ends in one clear sentence and a status.
. "${0%/*}/lib.sh"

layout=$(image busybox)
root=$T/registry
index=$(grep -o 'sha256:[0-9a-f]*' "$layout/index.json")

# ---- seed and ls -----------------------------------------------------------
expect_ok registry seed --root "$root" "$layout" library/busybox
expect_match "seed says what it stored" "^$index  index library/busybox:latest$" "$output"
expect_ok registry seed --root "$root" "$layout:latest" library/busybox:1.36
start_registry
expect_ok registry seed --root "$root" "$layout" seeded/live:v1
expect_eq "a live registry shows it at once" "$index" "sha256:$(curl -s \
	"http://$REGISTRY/v2/seeded/live/manifests/v1" | sha256sum | cut -d' ' -f1)"
expect_ok registry ls --root "$root"
expect_eq "ls" "library/busybox:latest library/busybox:1.36 seeded/live:v1" \
	"$(grep ":[^ ]*  $index" <<<"$output" | cut -d' ' -f1 | tr '\n' ' ' | sed 's/ $//')"

# ---- gc, beside the live registry ---------------------------------------------
layer=sha256:$(cd "$layout/blobs/sha256" && ls -S | head -n 1)
status() { curl -s -o /dev/null -w '%{http_code}' "http://$REGISTRY/v2/$1" "${@:2}"; }
expect_eq "a manifest is deleted" 202 "$(status "seeded/live/manifests/$index" -X DELETE)"
expect_ok registry gc --root "$root"
expect_match "what is a day old at most is spared" '^removed 0 manifests and 0 blobs' "$output"
expect_ok registry gc --root "$root" --untagged --grace 0s --dry-run
expect_match "a dry run names what goes" "^seeded/live  blob $layer  [0-9]+ bytes" "$output"
expect_eq "and takes nothing" 200 "$(status "seeded/live/blobs/$layer")"
expect_ok registry gc --root "$root" --untagged --grace 0s
expect_match "gc says what it took" '^removed [1-9] manifests and [1-9] blobs, 0 bytes freed' "$output"
expect_eq "it is gone there" 404 "$(status "seeded/live/blobs/$layer")"
expect_eq "and not where it is needed" 200 "$(status "library/busybox/blobs/$layer")"
expect_fail 1 'no store in /nowhere' registry gc --root /nowhere
expect_fail 2 'are for gc' registry ls --root "$root" --dry-run
expect_fail 2 '"5" is not a time' registry gc --root "$root" --grace 5
[ ! -e /nowhere ] || fail "gc made a store"
expect_ok registry seed --root "$root" "$layout" seeded/live:v1

expect_fail 1 'no reference nope' registry seed --root "$root" "$layout:nope" a
expect_fail 1 'open the layout or archive /nowhere: No such file' registry seed --root "$root" /nowhere a
expect_fail 1 'not an OCI image layout' registry seed --root "$root" "$T" a
expect_fail 1 'not a repository name' registry seed --root "$root" "$layout" ../up
expect_fail 1 'not a repository name' registry seed --root "$root" "$layout" Upper:v1
expect_fail 1 '"-x" is not a tag' registry seed --root "$root" "$layout" a:-x

# ---- archives ---------------------------------------------------------------------
list() { registry ls --root "$root" | sed -n "s|^\($1[^ ]*\)  .*|\1|p" | tr '\n' ' ' | sed 's/ $//'; }
tar -C "$layout" -czf "$T/layout.tgz" .
expect_ok bash -c '"$1" seed --root "$2" - archive/stdin:v2 <"$3"' - "$TOP/06-registry/registry" "$root" "$T/layout.tgz"
expect_eq "a compressed layout, from standard input" "$index" "$(registry ls --root "$root" | sed -n 's|^archive/stdin:v2  ||p')"
if command -v skopeo >/dev/null; then
	skopeo copy -q "oci:$layout:latest" "docker-archive:$T/docker.tar:example.com/class/one:v1" --additional-tag class/two:v2 || fail "skopeo copy"
	expect_ok registry seed --root "$root" "$T/docker.tar"
	expect_eq "docker save's images keep their names" "class/one:v1 class/two:v2" "$(list class/)"
	expect_ok registry seed --root "$root" "$T/docker.tar:two:v2" archive/named
	expect_eq "or get one" archive/named:latest "$(list archive/named)"
	expect_ok skopeo copy -q --src-tls-verify=false "docker://$REGISTRY/class/one:v1" "dir:$T/pulled"
	expect_eq "its layers are what they were" "$(zcat "$layout"/blobs/sha256/* 2>/dev/null | wc -c)" \
		"$(find "$T/pulled" -type f -size +1k ! -name '*.json' -exec cat {} + | wc -c)"
	skopeo copy -q "oci:$layout:latest" "oci-archive:$T/oci.tar:v3" || fail "skopeo copy"
	expect_ok registry seed --root "$root" "$T/oci.tar" archive/oci:v3
	expect_eq "an OCI archive" archive/oci:v3 "$(list archive/oci)"
	expect_fail 1 'has no name: give it one' registry seed --root "$root" "$T/oci.tar"
	expect_fail 1 'has no image nope' registry seed --root "$root" "$T/oci.tar:nope" archive/x
fi
head -c 100000 "$T/layout.tgz" >"$T/cut.tgz"
expect_fail 1 'seed archive/cut from .*cut.tgz: import: ' registry seed --root "$root" "$T/cut.tgz" archive/cut
expect_fail 1 'no image archive' registry seed --root "$root" - archive/empty
expect_eq "nothing of these is to be seen" "" "$(list archive/cut)$(list archive/empty)"

# A layout that lies about its blobs, lacks one, or puts a pipe in its place.
layer=$(find "$layout/blobs" -size +100k | head -n 1)
for damage in corrupt missing pipe; do
	cp -r "$layout" "$T/$damage"
	bad=$T/$damage/${layer#"$layout"/}
	case $damage in
	corrupt) chmod u+w "$bad" && printf x | dd of="$bad" conv=notrunc status=none ;;
	missing) rm -f "$bad" ;;
	pipe) rm -f "$bad" && mkfifo "$bad" ;;
	esac
	expect_fail 1 'content has the digest|No such file|not a regular file' \
		timeout 10 "$TOP/06-registry/registry" seed --root "$T/fresh" "$T/$damage" bad/$damage
done
expect_ok registry ls --root "$T/fresh"
expect_eq "nothing of a bad layout is to be seen" "" "$output"
expect_eq "nor anything half-written" "" "$(find "$T/fresh/ingest" -type f)"

# ---- starting wrongly ---------------------------------------------------------
R=$TOP/06-registry/registry
expect_fail 1 "another registry is serving $root" "$R" --root "$root" --addr 127.0.0.1:5009
expect_fail 1 "listen on $REGISTRY: Address already in use" "$R" --root "$T/other" --addr "$REGISTRY"
expect_fail 1 'File exists|Not a directory' "$R" --root /dev/null --addr 127.0.0.1:5009
expect_fail 1 'address nonsense: expected host:port' "$R" --root "$T/other" --addr nonsense
expect_fail 1 'No such file' "$R" --root "$T/other" --addr 127.0.0.1:5009 --tls-cert /no --tls-key /no
echo x >"$T/pem"
expect_fail 1 'certificate' "$R" --root "$T/other" --addr 127.0.0.1:5009 --tls-cert "$T/pem" --tls-key "$T/pem"
mkdir "$T/readonly"
mount -t tmpfs -o ro tmpfs "$T/readonly" && {
	expect_fail 1 'Read-only file system' "$R" --root "$T/readonly/store" --addr 127.0.0.1:5009
	umount "$T/readonly"
}
expect_fail 2 'go together' "$R" --root "$T/other" --tls-cert "$T/pem"
expect_fail 2 'go together' "$R" --root "$T/other" --proxy docker.io --proxy-user me
expect_fail 2 'need --proxy' "$R" --root "$T/other" --proxy-max-size 1G
expect_fail 2 '"1X" is not a size' "$R" --root "$T/other" --proxy docker.io --proxy-max-size 1X
expect_fail 2 'says nothing' "$R" --root "$T/other" --proxy docker.io --readonly
expect_fail 1 'mirror ftp://x: ' "$R" --root "$T/other" --proxy ftp://x
expect_fail 1 'password of the mirrored registry' "$R" --root "$T/other" --proxy docker.io --proxy-user me --proxy-password-file /no
expect_fail 2 '--tls-ca needs --tls-cert' "$R" --root "$T/other" --tls-ca "$T/pem"
expect_fail 2 "unrecognized option '--nope'" "$R" --nope
expect_fail 2 'requires an argument' "$R" --root
expect_fail 2 'no command "sevre"' "$R" sevre
expect_fail 2 'wrong number of arguments' "$R" seed --root "$T/other"
expect_fail 1 'say what the image is to be called' "$R" seed --root "$T/other" "$layout"
expect_fail 2 'for serving' "$R" ls --root "$T/other" --readonly
expect_ok "$R" --version
expect_match "the version" '^registry version [0-9]' "$output"
expect_ok "$R" --help
expect_match "the help" '^Usage: registry' "$output"

# ---- stopping -------------------------------------------------------------------
# A client in the middle of a slow upload does not keep it from stopping.
{ printf 'POST /v2/slow/blobs/uploads/?digest=%s HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc' "$index"; sleep 30; } |
	timeout 30 curl -s "telnet://$REGISTRY" >/dev/null 2>&1 &
sleep 0.3
before=$(date +%s)
stop_registry
expect_match "it stops at once" '^[0-4]$' "$(($(date +%s) - before))"
done_testing
