#!/bin/bash
# The same requests to a real dockerd and to ours: status, headers, errors and the shape of every body
# differ only where 04-dockerd/COMPATIBILITY.md says so. UPDATE=1 writes that page anew.
. "${0%/*}/lib.sh"
need containerd containerd-shim-runc-v2 dockerd iptables python3

compat=$TOP/tests/compat
page=$TOP/04-dockerd/COMPATIBILITY.md
trap 'thaw; end_real_docker' EXIT

tar -cf "$T/context" -T /dev/null
echo hello >"$T/hello" && tar -cf "$T/box" -C "$T" hello
replay() { # SOCKET
	python3 "$compat/replay.py" "$1" "$compat/requests" "$T" || fail "the requests to $1"
}

all_hierarchies
seed busybox
start_registry
start_real_containerd
start_real_dockerd "$T/real.sock" --registry-mirror "$MIRROR"
replay "$T/real.sock" >"$T/real.json"
end_real_docker

start_containerd
start_dockerd
replay "$T/docker.sock" >"$T/ours.json"

{
	sed '/^<!-- generated/q' "$page"
	echo
	python3 "$compat/report.py" "$T/real.json" "$T/ours.json"
} >"$T/page" || fail "the report"
expect_match "a third at least is answered alike" '^([6-9][0-9]|1[0-9][0-9]) of [0-9]+ requests' "$(cat "$T/page")"
[ -z "${UPDATE:-}" ] || cp "$T/page" "$page"
# A machine may show fewer than the page has, and another version of Docker has others.
case $(dockerd --version) in
*20.10.*) expect_eq "no difference that 04-dockerd/COMPATIBILITY.md has not (UPDATE=1 writes it)" "" \
	"$(grep '^ *- ' "$T/page" | grep -vxF -f "$page")" ;;
esac
done_testing
