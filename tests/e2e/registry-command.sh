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

expect_fail 1 'no reference nope' registry seed --root "$root" "$layout:nope" a
expect_fail 1 'open the layout /nowhere: No such file' registry seed --root "$root" /nowhere a
expect_fail 1 'not an OCI image layout' registry seed --root "$root" "$T" a
expect_fail 1 'not a repository name' registry seed --root "$root" "$layout" ../up
expect_fail 1 'not a repository name' registry seed --root "$root" "$layout" Upper:v1
expect_fail 1 '"-x" is not a tag' registry seed --root "$root" "$layout" a:-x

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
expect_fail 2 '--tls-ca needs --tls-cert' "$R" --root "$T/other" --tls-ca "$T/pem"
expect_fail 2 "unrecognized option '--nope'" "$R" --nope
expect_fail 2 'requires an argument' "$R" --root
expect_fail 2 'no command "sevre"' "$R" sevre
expect_fail 2 'wrong number of arguments' "$R" seed --root "$T/other" "$layout"
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
