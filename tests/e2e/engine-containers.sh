#!/bin/bash
# The rarer ways to a container: attach by WebSocket, top with arguments of ps, other OCI
# runtimes, namespaces that containers share, and what stats counts.
. "${0%/*}/lib.sh"
need python3 curl
need_real_docker
d() { "$cli" "$@"; }
api() { curl -sS --unix-socket "$T/docker.sock" -H 'Content-Type: application/json' "$@"; }
ws() { # PATH STEPS...
	python3 "$TOP/tests/e2e/engine_ws.py" "$T/docker.sock" "$@"
}
run() { d run --rm --network none "$@" 2>&1; }

# A runtime that writes down how it was called; "mine" has an argument of its own.
cat >"$T/recorder" <<END
#!/bin/sh
echo "\$@" >>$T/recorded
[ "\$1" = --mine ] && shift
exec $TOP/02-runc/runc "\$@"
END
chmod +x "$T/recorder"
echo '{"runtimes":{"mine":{"path":"'"$T/recorder"'","runtimeArgs":["--mine"]},"away":{"path":"/no/such"}}}' >"$T/daemon.json"
seed busybox
start_registry
start_containerd
start_dockerd --config-file "$T/daemon.json"
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
expect_match "the container goes on; nothing but text was asked for" "^1 b'early" "$(ws "/v1.27/containers/talker/attach/ws?logs=1")"
expect_match "who does not mask is told so" "^8 b'.x03.xea'" "$(ws "/containers/talker/attach/ws?$q" raw 82026869)"
expect_match "no handshake" 'no WebSocket handshake' "$(api 'http://d/containers/talker/attach/ws')"
expect_match "no container" '^HTTP/1.1 404' "$(ws '/containers/nosuch/attach/ws')"

# ---- top as the host's ps shows it
expect_eq "columns of the client's choice" "PID COMMAND|$(d inspect -f '{{.State.Pid}}' talker) sh" \
	"$(d top talker -o pid,comm | awk '{ print $1, $2 }' | paste -sd '|')"
expect_match "an option that does not go with a list of processes" 'sh -c echo early' "$(d top talker f -eo pid,cmd)"
expect_fail 1 "find PID field in ps output" d top talker -o comm
expect_fail 1 'specifying "uid=PID" is not allowed' d top talker -o uid=PID
expect_fail 1 'error' d top talker --nosuch
d top talker "-ef;touch" "$T/shell" >/dev/null 2>&1
expect_eq "no shell reads them" "" "$(ls "$T/shell" 2>/dev/null)"

# ---- what is measured
numbers() { api "http://d/containers/talker/stats?stream=0&one-shot=1" | python3 -c "import json, sys; s = json.load(sys.stdin); print($1)"; }
expect_eq "a sample alone has nothing before it" "0 False" "$(numbers "s['precpu_stats']['cpu_usage']['total_usage'], 'system_cpu_usage' in s['precpu_stats']")"
expect_eq "kinds of memory, as the kernel has them, and devices" "True True" \
	"$(numbers "'inactive_file' in s['memory_stats']['stats'], isinstance(s['blkio_stats']['io_service_bytes_recursive'], list)")"
[ ! -d /sys/fs/cgroup/cpuacct ] && [ ! -d /sys/fs/cgroup/cpu,cpuacct ] ||
	expect_eq "usage of each CPU" "$(grep -c ^processor /proc/cpuinfo)" "$(numbers "len(s['cpu_stats']['cpu_usage']['percpu_usage'])")"
expect_eq "a resize without a terminal is no error" 200 "$(api -o /dev/null -w '%{http_code}' -X POST 'http://d/containers/talker/resize?h=1&w=1')"
expect_ok d kill talker
expect_eq "what does not run uses nothing" "{} {} 0" "$(numbers "s['memory_stats'], s['pids_stats'], s['cpu_stats']['cpu_usage']['total_usage']")"

# ---- namespaces that containers share
expect_ok d run -d --network none --ipc shareable --shm-size 3m --name donor busybox sh -c 'echo mine >/dev/shm/file; exec sleep 1000'
expect_eq "a donor's memory and its namespace" "mine 3072 $(d exec donor readlink /proc/self/ns/ipc)" \
	"$(run --ipc container:donor --shm-size 9m busybox sh -c \
		'echo $(cat /dev/shm/file) $(df -k /dev/shm | awk "END { print \$2 }") $(readlink /proc/self/ns/ipc)')"
expect_ok d run -d --network none --ipc container:donor --runtime mine --name second busybox sleep 1000
expect_eq "who joined may be joined" mine "$(run --ipc container:second busybox cat /dev/shm/file)"
expect_ok d run -d --network none --name private busybox sleep 1000
expect_match "others keep theirs" 'non-shareable IPC .hint: use IpcMode:shareable for the donor container' "$(run --ipc container:private busybox true)"
expect_eq "none at all" "mqueue" "$(run --ipc none busybox sh -c 'mount | grep -oE "^(shm|mqueue)"')"
expect_eq "the host's memory and name" "$(stat -fc %T:%b /dev/shm) $(uname -n)" \
	"$(run --ipc host --uts host busybox sh -c 'echo $(stat -fc %T:%b /dev/shm) $(hostname)')"
expect_match "which is not another" 'conflicting options: hostname and the UTS mode' "$(run --uts host --hostname x busybox true)"
api -d '{"Image":"busybox"}' 'http://d/v1.39/containers/create?name=old' >/dev/null
expect_eq "a client from before 1.40 shares unasked" shareable "$(d inspect -f '{{.HostConfig.IpcMode}}' old)"
expect_match "the processes of a container" 'sleep 1000' "$(run --pid container:donor busybox ps)"
expect_match "which runs" "can't join PID namespace of container .*: container .* is not running" "$(run --pid container:old busybox true)"
expect_eq "a network of another comes with its name" "$(d exec donor hostname)" "$(d run --rm --network container:donor busybox hostname)"
api -d '{"Image":"busybox","NetworkDisabled":true,"Cmd":["ls","/sys/class/net"]}' 'http://d/containers/create?name=nonet' >/dev/null
expect_eq "no network" "lo|{}" "$( (d start -a nonet; d inspect -f '{{json .NetworkSettings.Networks}}' nonet) | paste -sd '|')"

# ---- other runtimes: a name in the configuration, asked for by a container
expect_eq "they are known" "runc: runc mine: $T/recorder --mine" \
	"$(d info -f '{{.DefaultRuntime}}: {{(index .Runtimes "runc").Path}} mine: {{(index .Runtimes "mine").Path}} {{join (index .Runtimes "mine").Args " "}}')"
expect_match "it was run, its arguments first" '^--mine --root .* create ' "$(cat "$T/recorded")"
expect_fail any 'unknown or invalid runtime name: nosuch' d create --runtime nosuch busybox
expect_fail any 'runtime away: /no/such: No such file' d run --rm --network none --runtime away busybox true
echo '{"default-runtime":"third","runtimes":{"third":{"path":"'"$T/recorder"'"}}}' >"$T/daemon.json"
stop_dockerd KILL
stop_containerd KILL
start_containerd
start_dockerd --config-file "$T/daemon.json"
: >"$T/recorded"
expect_eq "after all daemons came again, an exec, and the memory" mine "$(d exec second cat /dev/shm/file)"
expect_match "is that runtime's" '^--mine --root .* exec ' "$(cat "$T/recorded")"
: >"$T/recorded"
expect_ok d rm -f second
expect_match "and so is the end" '^--mine --root .* delete ' "$(cat "$T/recorded")"
: >"$T/recorded"
expect_eq "what is shared is found again, by the default runtime" mine "$(run --ipc container:donor busybox cat /dev/shm/file)"
expect_match "which is run in its own way" '^--root .* create ' "$(cat "$T/recorded")"
expect_ok d rm -f donor old private
expect_eq "nothing of the memory is left" "" "$(ls "$T/run-docker/shm"; grep "$T/run-docker/shm" /proc/mounts)"
echo '{"runtimes":{"fourth":{"path":"'"$T/recorder"'"}}}' >"$T/daemon.json"
kill -HUP "$pid_dockerd"
expect_ok wait_for 5 grep -q 'were read again' "$T/dockerd.log"
expect_eq "SIGHUP reads them again" "runc fourth runc " "$(d info -f '{{.DefaultRuntime}} {{range $n, $r := .Runtimes}}{{$n}} {{end}}')"
expect_fail any 'unknown or invalid runtime name: third' d create --runtime third busybox
stop_dockerd
stop_containerd
stop_registry
done_testing
