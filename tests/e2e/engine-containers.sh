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

# ---- top as the host's ps shows it
expect_ok d run -d --network none --name target busybox sleep 1000
expect_eq "columns of the client's choice" "PID COMMAND|$(d inspect -f '{{.State.Pid}}' target) sleep" \
	"$(d top target -o pid,comm | awk '{ print $1, $2 }' | paste -sd '|')"
expect_match "an option that does not go with a list of processes" 'sleep 1000' "$(d top target f -eo pid,cmd)"
expect_fail 1 "find PID field in ps output" d top target -o comm
expect_fail 1 'specifying "uid=PID" is not allowed' d top target -o uid=PID
expect_fail 1 'unsupported|unknown|error' d top target --nosuch
expect_eq "no shell reads them" no "$(d top target "-ef;touch $T/shell" >/dev/null 2>&1; [ -e "$T/shell" ] && echo yes || echo no)"
expect_ok d rm -f target

# ---- other runtimes: a name in the configuration, asked for by a container
cat >"$T/recorder" <<END
#!/bin/sh
echo "\$@" >>$T/recorded
[ "\$1" = --mine ] && shift
exec $TOP/02-runc/runc "\$@"
END
chmod +x "$T/recorder"
stop_dockerd
echo '{"runtimes":{"mine":{"path":"'"$T/recorder"'","runtimeArgs":["--mine"]},"away":{"path":"/no/such"}}}' >"$T/daemon.json"
start_dockerd --config-file "$T/daemon.json"
expect_eq "they are known" "runc: runc mine: $T/recorder --mine" \
	"$(d info -f '{{.DefaultRuntime}}: {{(index .Runtimes "runc").Path}} mine: {{(index .Runtimes "mine").Path}} {{join (index .Runtimes "mine").Args " "}}')"
expect_ok d run -d --network none --runtime mine --name other busybox sleep 1000
expect_match "it was run, its arguments first" '^--mine --root .* create ' "$(cat "$T/recorded")"
expect_fail any 'unknown or invalid runtime name: nosuch' d create --runtime nosuch busybox
expect_fail any 'runtime away: /no/such: No such file' d run --rm --network none --runtime away busybox true
stop_dockerd
stop_containerd
echo '{"default-runtime":"mine","runtimes":{"mine":{"path":"'"$T/recorder"'"}}}' >"$T/daemon.json"
start_containerd
start_dockerd --config-file "$T/daemon.json"
expect_eq "after all daemons came again, an exec" hello "$(d exec other echo hello)"
expect_match "is that runtime's" '^--mine --root .* exec ' "$(cat "$T/recorded")"
: >"$T/recorded"
expect_ok d rm -f other
expect_match "and so is its end" '^--mine --root .* delete ' "$(cat "$T/recorded")"
: >"$T/recorded"
expect_eq "the default one" default "$(d run --rm --network none busybox echo default)"
expect_match "is run with other arguments now" '^--root .* create ' "$(cat "$T/recorded")"
echo '{"runtimes":{"third":{"path":"'"$T/recorder"'"}}}' >"$T/daemon.json"
kill -HUP "$pid_dockerd"
expect_ok wait_for 5 grep -q 'were read again' "$T/dockerd.log"
expect_eq "SIGHUP reads them again" "runc runc third " \
	"$(d info -f '{{.DefaultRuntime}} {{range $n, $r := .Runtimes}}{{$n}} {{end}}')"
expect_fail 125 'unknown or invalid runtime name: mine' d run --runtime mine busybox true
stop_dockerd
stop_containerd
stop_registry
done_testing
