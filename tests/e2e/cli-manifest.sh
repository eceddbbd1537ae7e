#!/bin/bash
# docker manifest: a list is put together, annotated, pushed and looked at by the real client and by ours, at a registry,
# and looked at where a login is wanted; both say the same, exit alike, keep the same files and push the same bytes.
. "${0%/*}/lib.sh"
need_real_docker 28
need python3
real=$cli ours=$TOP/05-cli/docker

{
	seed busybox lib/one
	seed busybox lib/two
	seed nginx lib/web
} >/dev/null
start_registry
echo "{\"layout\": \"$(image busybox)\", \"auth\": \"basic\"}" >"$T/closed.json"
launch closed "$(command -v python3)" "$TOP/tests/e2e/hostile_registry.py" 127.0.0.1 5100 "$T/closed.json" "$T/closed.requests"
ready closed 10 curl -sS http://127.0.0.1:5100/v2/

# What was seeded is a list of one; the image alone is the tag "img".
for name in one two web; do
	digest=$(curl -sS "http://$REGISTRY/v2/lib/$name/manifests/latest" | grep -o 'sha256:[0-9a-f]*' | head -n 1)
	curl -sS "http://$REGISTRY/v2/lib/$name/manifests/$digest" |
		curl -sSf -T - -H 'Content-Type: application/vnd.oci.image.manifest.v1+json' "http://$REGISTRY/v2/lib/$name/manifests/img" || fail "no $name:img"
done

m() {
	echo "\$ docker manifest $*"
	"$client" manifest "$@" 2>&1
	echo "[$?]"
}
steps() { # CLIENT NAME: what it says, in $T/NAME; what it keeps, in $T/NAME.d
	local client=$1 list=$REGISTRY/lib/one:$2
	export DOCKER_CONFIG=$T/$2.d
	mkdir "$DOCKER_CONFIG"
	m inspect "$REGISTRY/lib/one"
	m inspect --insecure "$REGISTRY/lib/one"
	m inspect --insecure -v "$REGISTRY/lib/one:img"
	m inspect --insecure "$REGISTRY/lib/one:nosuch"
	m inspect --insecure "$REGISTRY/lib/nosuch"
	m inspect UPPER
	m create --insecure "$list" "$REGISTRY/lib/one:latest"
	m create --insecure "$list" "$REGISTRY/lib/one:img" "$REGISTRY/lib/two:img" "$REGISTRY/lib/web:img"
	m create --insecure "$list" "$REGISTRY/lib/web:img"
	m create --insecure --amend "$list" "$REGISTRY/lib/web:img"
	m annotate --arch arm64 --variant v8 --os-features a,b "$list" "$REGISTRY/lib/two:img"
	m annotate --arch nonsense "$list" "$REGISTRY/lib/two:img"
	m annotate --arch arm64 "$list" "$REGISTRY/lib/two:nosuch"
	m inspect "$list"
	m inspect -v "$list"
	m inspect "$list" "$REGISTRY/lib/two:img"
	m inspect "$list" "$REGISTRY/lib/two:nosuch"
	(cd "$DOCKER_CONFIG/manifests" && find . -type f | sort | while read -r f; do echo "$f $(cat "$f")"; done)
	m push --insecure "$list"
	m push --insecure --purge "$list"
	m push --insecure "$list"
	m inspect --insecure "$list"
	m inspect --insecure -v "$list"
	m create --insecure "$list" "$REGISTRY/lib/two:img"
	m rm "$list" "$REGISTRY/lib/two:img"
	m create x
}
steps "$real" first | sed 's/first/NAME/g' >"$T/expected"
export DOCKER_CONFIG=$T/later.d
steps "$ours" later | sed 's/later/NAME/g' >"$T/got"
# Why there is no manifest is ours alone to say, and so is the way that TLS fails.
expect_eq "docker manifest" "" "$(diff "$T/expected" <(sed -E 's/^(no such manifest: [^ ]*) \(.*\)$/\1/' "$T/got"))"
expect_match "all of it" '^\[1\]$' "$(tail -n 1 "$T/got" | grep .)"

# A registry that wants to know who asks.
client=$ours closed=127.0.0.1:5100/library/img
expect_match "without a login" "no such manifest: $closed:latest .unauthorized" "$(m inspect --insecure $closed)"
printf '{"auths":{"127.0.0.1:5100":{"auth":"%s"}}}' "$(printf 'user:pass word' | base64)" >"$DOCKER_CONFIG/config.json"
expect_match "with one" '"schemaVersion": 2' "$(m inspect --insecure $closed)"
echo "{\"layout\": \"$(image busybox)\", \"auth\": \"bearer\", \"realm\": \"http://127.0.0.1:5100/token\"}" >"$T/closed.json"
expect_match "with a token for it" '"schemaVersion": 2' "$(m inspect --insecure $closed)"
expect_match "which was asked for by name" '^GET /token.* Basic' "$(cat "$T/closed.requests")"
done_testing
