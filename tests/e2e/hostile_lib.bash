# hostile_lib.bash - for tests that meet hostile_registry.py: start some, tell them what to do,
# and ask what they were asked. The image is busybox, as library/img:latest.
need python3 openssl jq
python3 -c 'import ssl, http.server' 2>/dev/null || skip "python3 lacks ssl or http.server"

LAYOUT=$(image busybox)
mkdir -p "$T/certs"

set_to() { # NAME JSON: what the registry NAME does from now on
	serial=$((${serial:-0} + 1))
	jq -c --arg l "$LAYOUT" --arg s $serial '{layout: $l, serial: $s} + .' <<<"$2" >"$T/$1.new" && mv "$T/$1.new" "$T/$1.json"
	: >"$T/$1.requests"
}
hostile() { # NAME ADDR PORT [CERT KEY [CA]]
	set_to "$1" '{}'
	launch "$1" "$(command -v python3)" "$TOP/tests/e2e/hostile_registry.py" "$2" "$3" "$T/$1.json" \
		"$T/$1.requests" "${@:4}"
	wait_for 10 bash -c "</dev/tcp/$2/$3" || fail "$1 does not listen"
}
asked() { grep -cE -- "$2" "$T/$1.requests"; }
forget() { # every image, and so every blob
	local i
	for i in $(ctr images ls -q); do ctr images rm "$i" >/dev/null || fail "cannot remove $i"; done
}
pull() { ctr images pull "$@"; }
api() { curl -sS --max-time 60 --unix-socket "$T/containerd.sock" -d "$2" "http://c/v1/transfer/$1"; }
manifest() { # JQ-PROGRAM: the image's manifest, changed
	local d
	d=$(jq -r '.manifests[0].digest' "$LAYOUT/index.json")
	d=$(jq -r '.manifests[0].digest // empty' "$LAYOUT/blobs/sha256/${d#sha256:}" | grep . || echo "$d")
	jq -c "$1" "$LAYOUT/blobs/sha256/${d#sha256:}"
}

IMG=127.0.0.1:5100/library/img
BEARER='"auth": "bearer", "realm": "http://127.0.0.1:5100/token"'
hostile reg 127.0.0.1 5100
start_containerd --certs-dir "$T/certs"
