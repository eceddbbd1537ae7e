#!/bin/bash
# The rarer ways to a container: attach by WebSocket, top with arguments of ps, other OCI
# runtimes, namespaces that containers share.
. "${0%/*}/lib.sh"
need python3 curl
need_real_docker
d() { "$cli" "$@"; }
api() { curl -sS --unix-socket "$T/docker.sock" "$@"; }
ws() { # PATH STEPS...
	python3 "$TOP/tests/e2e/engine_ws.py" "$T/docker.sock" "$@"
}

start_stack busybox
expect_ok d pull busybox

# ---- attach by WebSocket: the two streams as one, without Docker's frames
expect_ok d run -di --network none --name talker busybox sh -c 'echo early >&2; while read x; do echo "got $x"; done; echo bye'
said_early() { d logs talker 2>&1 | grep -q early; }
expect_ok wait_for 5 said_early
q='stream=1&stdin=1&stdout=1&stderr=1'
got=$(ws "/containers/talker/attach/ws?$q&logs=1" wait early ping there send $'hello\n' wait 'got hello' close)
expect_match "the handshake" '^HTTP/1.1 101' "$got"
expect_match "what was logged" "^2 b'early" "$got"
expect_match "a ping is answered" "^10 b'there'" "$got"
expect_match "what it said to that" "^2 b'got hello" "$got"
expect_match "a close is answered" "^8 b'.x03.xe8'" "$got"
expect_eq "and the container goes on" true "$(d inspect -f '{{.State.Running}}' talker)"
expect_match "nothing but output was asked for" "^1 b'early" "$(ws "/v1.27/containers/talker/attach/ws?logs=1" | head -n 2)"
expect_match "who does not mask is told so" "^8 b'.x03.xea'" "$(ws "/containers/talker/attach/ws?$q" raw 82026869)"
expect_match "no handshake" 'no WebSocket handshake' "$(api 'http://d/containers/talker/attach/ws')"
expect_match "no container" '^HTTP/1.1 404' "$(ws '/containers/nosuch/attach/ws')"
expect_ok d rm -f talker
stop_dockerd
stop_containerd
stop_registry
done_testing
