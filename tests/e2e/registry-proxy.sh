#!/bin/bash
# The registry as a mirror of another one: fifty clients cost one download, a broken download is
# taken up where it broke, a wrong one is nobody's, and what is here is served without upstream.
. "${0%/*}/lib.sh"
need python3 jq
LAYOUT=$(image busybox)
UP=127.0.0.1:5100

set_to() { # JSON: what upstream does from now on
	serial=$((${serial:-0} + 1))
	jq -c --arg l "$LAYOUT" --arg s $serial '{layout: $l, serial: $s} + .' <<<"$1" >"$T/up.new" && mv "$T/up.new" "$T/up.json"
	: >"$T/up.requests"
}
start_upstream() {
	launch up "$(command -v python3)" "$TOP/tests/e2e/hostile_registry.py" ${UP/:/ } "$T/up.json" "$T/up.requests"
	wait_for 10 bash -c "</dev/tcp/${UP/://}" || fail "upstream does not listen"
}
mirror() { start_registry --proxy "http://$UP" "$@"; }
afresh() { stop_registry && rm -rf "$T/registry" && mirror "$@"; }
asked() { grep -cE -- "$1" "$T/up.requests"; }
get() { curl -sS --max-time 60 "http://$REGISTRY/v2/library/img/$1" "${@:2}"; }
status() { get "$1" -o /dev/null -w '%{http_code}' "${@:2}"; }
layer=$(cd "$LAYOUT/blobs/sha256" && ls -S | head -n 1)
size=$(stat -c %s "$LAYOUT/blobs/sha256/$layer")
fifty() { # PATH: at once, into $T/got.N; "STATUS EXIT" of each in $T/ends
	rm -f "$T"/got.*
	curl -sZ --parallel-immediate --parallel-max 50 --max-time 60 -w '%{http_code} %{exitcode}\n' \
		-o "$T/got.#1" "http://$REGISTRY/v2/library/img/$1?n=[1-50]" >"$T/ends" 2>/dev/null
}
whole() { sha256sum "$T"/got.* | grep -c "^$1"; }
ends() { grep -c "^$1" "$T/ends"; }

set_to '{"also": ["other/img", "clients/img"]}'
start_upstream
mirror

expect_match "a blob that is not here has a size" "^Content-Length: $size" "$(get "blobs/sha256:$layer" -I | tr -d '\r')"

# ---- a blob, for many ---------------------------------------------------------------
# Upstream sends a part, stops until it is told, and hangs up.
set_to '{"faults": [{"match": "GET .*/blobs/", "do": "stall", "bytes": 300000, "until": "'"$T/go"'"}]}'
get "blobs/sha256:$layer" -o "$T/left" 2>/dev/null &
leaver=$!
wait_for 10 test -s "$T/left" || fail "nobody is sent what there is"
fifty "blobs/sha256:$layer" &
wait_for 10 test -s "$T/got.50" || fail "who comes later is sent nothing"
kill "$leaver"
touch "$T/go"
wait %fifty
expect_eq "one left, and the others have it" 50 "$(whole "$layer")"
expect_eq "it was asked for once, and for its rest" \
	"$(printf '%s\n' '- 200' 'bytes=300000- 206')" "$(grep GET "$T/up.requests" | cut -d' ' -f4-5)"
set_to '{}'
expect_eq "then it is here" 200 "$(status "blobs/sha256:$layer")"
expect_eq "a part of it, too" 206 "$(status "blobs/sha256:$layer" -r 5-9)"
expect_eq "and nobody is asked" "" "$(cat "$T/up.requests")"
expect_eq "what upstream lacks" 404 "$(status "blobs/sha256:$(printf '%064d' 1)")"

if command -v skopeo >/dev/null; then # a real client, of two repositories with the same blobs
	set_to '{}'
	expect_ok skopeo copy -q --all --src-tls-verify=false "docker://$REGISTRY/other/img:latest" "oci:$T/pulled:latest"
	expect_eq "skopeo pulls what there is" "$(ls "$LAYOUT/blobs/sha256")" "$(ls "$T/pulled/blobs/sha256")"
	expect_eq "what another repository has is not fetched again" 0 "$(asked "^GET .*$layer")"
	expect_eq "but upstream says whether this one has it" 1 "$(asked "^HEAD /v2/other/img/blobs/sha256:$layer")"
fi

# Others have the mirror in their configuration, under the name of a registry that is not there.
mkdir -p "$T/hosts/upstream.test"
printf '[[registry]]\nlocation = "upstream.test"\n[[registry.mirror]]\nlocation = "%s"\ninsecure = true\n' "$REGISTRY" >"$T/registries.conf"
printf '[host."http://%s"]\ncapabilities = ["pull", "resolve"]\n' "$REGISTRY" >"$T/hosts/upstream.test/hosts.toml"
export CONTAINERS_REGISTRIES_CONF=$T/registries.conf
echo '{}' >"$DOCKER_CONFIG/config.json" # podman insists on the file
set_to '{}'
clients=0
for name in podman buildah; do
	command -v $name >/dev/null || continue
	expect_ok $name --root "$T/$name" --runroot "$T/$name-run" --storage-driver vfs pull -q upstream.test/clients/img
	clients=$((clients + 1))
done
if [ -x /usr/bin/containerd ] && [ -x /usr/bin/ctr ]; then
	launch theirs /usr/bin/containerd --root "$T/theirs" --state "$T/theirs-run" --address "$T/theirs.sock"
	ready theirs 20 /usr/bin/ctr -a "$T/theirs.sock" version
	expect_ok /usr/bin/ctr -a "$T/theirs.sock" images pull --hosts-dir "$T/hosts" --snapshotter native upstream.test/clients/img:latest
	stop theirs
	clients=$((clients + 1))
fi
if [ $clients -gt 0 ]; then
	expect_match "upstream was asked for what $clients clients wanted" '^GET /v2/clients/img/manifests/' "$(cat "$T/up.requests")"
	expect_eq "and for nothing twice" "" "$(sed -n 's/^GET \([^ ]*\).*/\1/p' "$T/up.requests" | sort | uniq -d)"
fi

# ---- tags --------------------------------------------------------------------------
set_to '{}'
fifty manifests/latest
index=$(grep -o 'sha256:[0-9a-f]*' "$LAYOUT/index.json")
expect_eq "a tag, for fifty" 50 "$(whole "${index#sha256:}")"
expect_eq "was fetched once" 1 "$(asked '^GET .*/manifests/')"
set_to '{}'
get manifests/latest >/dev/null
expect_eq "upstream is asked whether it is still so" "HEAD /v2/library/img/manifests/latest" "$(cut -d' ' -f1,2 "$T/up.requests")"
moved='{"schemaVersion":2,"manifests":[]}'
set_to "$(jq -n --arg b "$moved" --arg d "sha256:$(printf %s "$moved" | sha256sum | cut -d' ' -f1)" \
	'{type: "application/vnd.oci.image.index.v1+json", body: $b} | {extra: {"library/img/latest": ., "library/img/\($d)": .}}')"
expect_eq "a tag that moved has moved here" "$moved" "$(get manifests/latest)"
set_to '{"faults": [{"match": "manifests", "do": "status", "status": 429, "retry_after": 100, "times": 9}]}'
expect_eq "when upstream has had enough, it is what it was" "$moved" "$(get manifests/latest)"
expect_match "and the log says so" 'library/img:latest is served as it was, since .* 429' "$(cat "$T/registry.log")"
expect_eq "by digest it is here" 200 "$(status "manifests/$index")"
expect_eq "an unknown one is not" 503 "$(status manifests/other)"
stop up KILL
expect_eq "upstream is down" 200 "$(status manifests/latest)"
stop_registry && mirror
expect_eq "and was before we started" 200 "$(status manifests/latest)"
expect_eq "what is here is here" "$layer" "$(get "blobs/sha256:$layer" | sha256sum | cut -d' ' -f1)"
set_to '{}' && start_upstream

# ---- what goes wrong upstream ----------------------------------------------------------
set_to '{"faults": [{"match": "GET .*/blobs/", "do": "corrupt", "times": 1}]}'
afresh
fifty "blobs/sha256:$layer"
expect_eq "who is told of success has the blob" "$(ends '200 0')" "$(whole "$layer")"
expect_match "and who was sent a corrupt one, is not" '^[1-9]' "$(ends '200 18')"
expect_match "the log names it" "mirror: sha256:$layer of library/img: .*has the digest" "$(cat "$T/registry.log")"
expect_eq "the next try is a new one" "$layer" "$(get "blobs/sha256:$layer" | sha256sum | cut -d' ' -f1)"
set_to '{"faults": [{"match": "GET .*/blobs/", "do": "truncate", "bytes": 0, "times": 99}]}'
afresh
get "blobs/sha256:$layer" -f -o /dev/null 2>/dev/null
expect_match "a blob that never ends is no success" '^(18|22)$' $?
# Killed in the middle, the registry goes on where it was.
set_to '{"faults": [{"match": "GET .*/blobs/", "do": "stall", "bytes": 400000, "times": 1}]}'
get "blobs/sha256:$layer" -o "$T/partial" 2>/dev/null &
wait_for 10 test -s "$T/partial" || fail "nothing comes"
stop_registry KILL
mirror
expect_eq "after a kill" "$layer" "$(get "blobs/sha256:$layer" | sha256sum | cut -d' ' -f1)"
expect_match "only the rest is asked for" 'bytes=[1-9][0-9]*- 206' "$(grep GET "$T/up.requests" | tail -n 1)"

# ---- who may, and what ----------------------------------------------------------------
expect_eq "nobody pushes to a mirror" 405 "$(status blobs/uploads/ -X POST)"
expect_match "and it says why" '"UNSUPPORTED".*mirror' "$(get manifests/v1 -X PUT -d '{}')"
set_to '{"auth": "bearer", "realm": "http://127.0.0.1:5100/token"}'
echo 'pass word' >"$T/password"
afresh --proxy-user user --proxy-password-file "$T/password"
expect_eq "with a login and a token" 200 "$(status "blobs/sha256:$layer")"
expect_eq "which is used again" 1 "$(status manifests/latest >/dev/null; asked '^GET /token')"
set_to '{"auth": "basic"}'
afresh
expect_eq "without: refused, and not asked to log in" 403 "$(status manifests/latest)"

# ---- not more than it may keep -----------------------------------------------------------
set_to '{}'
afresh --proxy-max-size $((size + 300))
status manifests/latest >/dev/null
touch -a -d '1 hour ago' "$T"/registry/blobs/sha256/*
small=$(cd "$LAYOUT/blobs/sha256" && ls -S | tail -n 1)
expect_eq "a small blob" 200 "$(status "blobs/sha256:$small")"
expect_eq "and a large one" 200 "$(status "blobs/sha256:$layer")"
expect_match "make room by what is unused" 'mirror: evicted [1-9]' "$(cat "$T/registry.log")"
expect_eq "on the disk" "" "$(find "$T/registry" -name "${index#sha256:}" | grep -v /repositories/ || :)"
expect_eq "what went comes again" 200 "$(status manifests/latest)"
stop_registry
done_testing
