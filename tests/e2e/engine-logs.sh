#!/bin/bash
# Log drivers: each line is where its driver sends it, as a real server of that kind would get it, and
# `docker logs` shows it all the same. Driven by a real docker CLI.
. "${0%/*}/lib.sh"
need_real_docker
need python3
d() { "$cli" "$@"; }

# Servers of this test's own: each message a line of a file, as Python writes bytes.
mount -t tmpfs run /run
mkdir -p /run/systemd/journal
cat >"$T/servers.py" <<'END'
import os, socket, sys, threading
def serve(name, sock, stream=False):
    with open(os.path.join(sys.argv[1], name), 'w') as out:
        peer = sock.accept()[0].makefile('rb') if stream else None
        while True:
            message = peer.readline() if stream else sock.recv(65536)
            if not message:
                return
            print(repr(message), file=out, flush=True)
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(('127.0.0.1', 5514))
tcp = socket.create_server(('127.0.0.1', 5515))
journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
journal.bind('/run/systemd/journal/socket')
for args in ('udp', udp), ('tcp', tcp, True), ('journal', journal):
    threading.Thread(target=serve, args=args).start()
END
launch servers "$(command -v python3)" "$T/servers.py" "$T"
ready servers 10 test -S /run/systemd/journal/socket

MIRROR=http://$REGISTRY
seed busybox && start_registry && start_containerd
start_dockerd --log-driver local --log-opt max-size=2k --log-opt max-file=2
expect_ok d pull busybox
mark

# ---- what is not understood
expect_fail 125 "unknown log opt 'color' for json-file log driver" d run --log-driver json-file --log-opt color=red busybox true
expect_fail 125 "no log driver named 'gelf' is registered" d run --log-driver gelf busybox true
expect_fail any 'failed to initialize logging driver: dial tcp 127.0.0.1:1: connect: connection refused' \
	d run --rm --log-driver syslog --log-opt syslog-address=tcp://127.0.0.1:1 busybox true

# ---- the daemon's default: local
expect_eq "info says it" local "$(d info -f '{{.LoggingDriver}}')"
expect_ok d run --name kept busybox sh -c 'i=0; while [ $i -lt 100 ]; do echo line $i; i=$((i + 1)); done; echo bad >&2; printf end'
expect_eq "its file is nobody's business" "local |" "$(d inspect -f '{{.HostConfig.LogConfig.Type}} {{.LogPath}}|' kept)"
expect_eq "the tail" "$(printf 'line 99\nbad\nend')" "$(d logs --tail 3 kept 2>&1)"
expect_match "with times" '^20..-..-..T..:..:..\.[0-9]{9}Z line 99$' "$(d logs -t --tail 3 kept 2>/dev/null)"
expect_eq "streams apart" bad "$(d logs kept 2>&1 >/dev/null)"
kept=("$T/docker/containers/$(d inspect -f '{{.Id}}' kept)"/local.log*)
expect_eq "rotated, and the old one compressed" "local.log local.log.1.gz" "$(echo "${kept[@]##*/}")"
expect_ok d run -d --name said busybox sh -c 'echo one; sleep 0.3; echo two'
expect_eq "followed" "one two" "$(d logs -f said | xargs)"

# ---- json-file: attributes
expect_ok d run --name labelled --log-driver json-file --log-opt labels=color --log-opt env-regex='^A' \
	--log-opt tag='{{.Name}}' --label color='dark red' -e AB=1 busybox echo hi
expect_eq "details" "AB=1,color=dark+red,tag=labelled hi" "$(d logs --details labelled)"

# ---- syslog
expect_ok d run --name sys --log-driver syslog --log-opt syslog-address=udp://127.0.0.1:5514 \
	--log-opt tag='{{.ImageName}}/{{.Name}}' --log-opt syslog-facility=local0 busybox sh -c 'echo out; echo err >&2'
expect_ok wait_for 3 grep -q err "$T/udp"
expect_match "standard output" "^b'<134>[A-Z][a-z]{2} [ 1-3][0-9] ..:..:.. busybox/sys\[[0-9]+\]: out\\\\n'" "$(cat "$T/udp")"
expect_match "standard error" "^b'<131>.*: err\\\\n'" "$(cat "$T/udp")"
expect_eq "and docker logs reads a copy" "out err" "$(d logs sys 2>&1 | xargs)"
expect_ok d run --name uncopied --log-driver syslog --log-opt syslog-address=tcp://localhost:5515 \
	--log-opt syslog-format=rfc5424 --log-opt cache-disabled=true busybox echo out
expect_ok wait_for 3 grep -q out "$T/tcp"
id=$(d inspect -f '{{printf "%.12s" .Id}}' uncopied)
expect_match "RFC 5424, by TCP" "^b'<30>1 20..-..-..T..:..:..[^ ]+ $(hostname) $id [0-9]+ $id - out\\\\n'" "$(cat "$T/tcp")"
expect_fail 1 'configured logging driver does not support reading' d logs uncopied

# ---- more than a socket holds: the container waits, and nothing is lost
expect_ok d run --name many --log-driver journald busybox seq 1000
expect_ok wait_for 5 grep -q 'MESSAGE=1000\\n' "$T/journal"
expect_eq "all lines, in order" "$(seq 1000 | md5sum)" "$(sed "s/.*MESSAGE=\([0-9]*\).*/\1/" "$T/journal" | md5sum)"

# ---- journald, and a container that would like to say more than lines
expect_ok d run --name jour --log-driver journald --log-opt labels=container_name,note --label container_name=forged \
	--label note="$(printf 'a\nPRIORITY=0')" busybox printf 'out\nPRIORITY=0\n'
expect_ok wait_for 3 grep -q MESSAGE=PRIORITY "$T/journal"
entry=$(grep MESSAGE=out "$T/journal")
for field in PRIORITY=6 "CONTAINER_ID=$(d inspect -f '{{printf "%.12s" .Id}}' jour)" "CONTAINER_ID_FULL=$(d inspect -f '{{.Id}}' jour)" \
	CONTAINER_NAME=jour IMAGE_NAME=busybox; do
	expect_match "a field of the journal" "\\\\n$field\\\\n" "$entry"
done
expect_match "a value of two lines is one value" 'NOTE\\n\\x0c(\\x00){7}a\\nPRIORITY=0\\n' "$entry"
expect_no_match "no name is forged" forged "$entry"
expect_eq "and docker logs reads a copy" "out PRIORITY=0" "$(d logs jour | xargs)"

expect_ok d rm -f kept said labelled sys uncopied many jour
expect_unchanged "all of it"
stop_stack
done_testing
