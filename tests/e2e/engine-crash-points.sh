#!/bin/bash
# dockerd dies before each change to the world that a request makes, one after the other, and the next
# dockerd finds or makes a state in which nothing is half there and the request can be repeated.
# By default before every ninth change; EVERY=1 for all of them, ONLY=create for one kind of request.
. "${0%/*}/lib.sh"
need python3 gcc

gcc -shared -fPIC -Wall -Werror -o "$T/crash_point.so" "$TOP/tests/e2e/crash_point.c" -ldl || fail "crash_point.c"
seed busybox
start_registry
start_containerd
expect_ok env PRELOAD="$T/crash_point.so" python3 "$TOP/tests/e2e/engine_crash_points.py" "$T" "$TOP" "${EVERY:-9}" \
	"$TOP/04-dockerd/dockerd" --data-root "$T/docker" --exec-root "$T/run-docker" -H "unix://$T/docker.sock" \
	--containerd "$T/containerd.sock" --pidfile "$T/docker.pid" --registry-mirror "$MIRROR" --bip 172.31.0.1/16
echo "$output"
stop_containerd
stop_registry
expect_eq "no bridge is left" "" "$(ip -o link | grep -E 'docker0|br-|veth')"
expect_eq "nor are rules" "" "$(nft list tables 2>/dev/null | grep dockyard)"
done_testing
