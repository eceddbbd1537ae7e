#!/bin/bash
# dockerd speaks the Engine API as its clients expect: versions, headers, errors, streams
# whose headers come before their bodies, hijacked connections and what is not there.
. "${0%/*}/lib.sh"

start_stack busybox
sock=$T/docker.sock
api() { # METHOD PATH [JSON]: the body; the status in $T/status
	curl -sS --unix-socket "$sock" -X "$1" -o "$T/body" -w '%{http_code}' "http://d$2" \
		${3:+-H 'Content-Type: application/json' -d "$3"} >"$T/status"
	cat "$T/body"
}
status() { api "$@" >/dev/null; cat "$T/status"; }
message() { api "$@" | jq_ 'd["message"]'; }
jq_() { python3 -c "import json,sys; d=json.load(sys.stdin); v=$1; print(v if isinstance(v,str) else json.dumps(v))"; }
need python3

# ---- versions and headers
expect_eq "ping" OK "$(api GET /_ping)"
headers=$(curl -sSI --unix-socket "$sock" http://d/_ping)
expect_match "ping tells the version" '^Api-Version: 1\.[0-9]+' "$headers"
expect_match "ping tells the system" '^Ostype: linux' "$headers"
expect_match "ping tells about experiments" '^Docker-Experimental: false' "$headers"
expect_eq "the oldest version" 200 "$(status GET /v1.24/info)"
expect_eq "too old" 400 "$(status GET /v1.23/info)"
expect_match "too old, in Docker's words" \
	'client version 1.23 is too old. Minimum supported API version is 1.24' "$(message GET /v1.23/info)"
expect_match "too new, in Docker's words" \
	'client version 1.99 is too new. Maximum supported API version is 1\.' "$(message GET /v1.99/info)"
expect_eq "an unknown page" 404 "$(status GET /v1.41/nope)"
expect_eq "an unknown page's body" '{"message":"page not found"}' "$(api GET /nope)"
for path in /swarm /services /nodes /secrets /configs /tasks; do
	expect_eq "$path without a swarm" 503 "$(status GET $path)"
done
expect_match "and says why" 'This node is not a swarm manager' "$(message GET /services)"
expect_eq "what Docker has and this daemon has not" 501 "$(status POST /session)"

# ---- errors
expect_eq "a missing container" 404 "$(status GET /containers/none/json)"
expect_eq "a missing container's message" "No such container: none" "$(message POST /containers/none/start)"
expect_eq "a missing image" 404 "$(status POST /containers/create '{"Image":"nosuch"}')"
expect_eq "a missing image's message" "No such image: nosuch:latest" \
	"$(message POST /containers/create '{"Image":"nosuch"}')"
expect_ok docker pull busybox
expect_eq "a broken body" 400 "$(status POST /containers/create '{"Image":')"
expect_eq "a body of another kind" 400 "$(status POST /containers/create '[1]')"
expect_eq "a field of another type" 400 "$(status POST /containers/create '{"Image":"busybox","Cmd":7}')"
expect_match "a field that does not exist" 'HostConfig.Nonsense: no such field' \
	"$(message POST /containers/create '{"Image":"busybox","HostConfig":{"Nonsense":1}}')"
expect_eq "a field that is not implemented" 501 \
	"$(status POST /containers/create '{"Image":"busybox","HostConfig":{"StorageOpt":{"size":"1G"}}}')"
expect_eq "a bad filter" 400 "$(status GET '/containers/json?filters=%7B%22x%22%3A%5B%22y%22%5D%7D')"
expect_eq "a bad number" 400 "$(status GET '/containers/json?limit=many')"
expect_eq "nothing was made by all that" '[]' "$(api GET '/containers/json?all=1')"

# ---- a container's life in single requests
id=$(api POST '/containers/create?name=one' '{"Image":"busybox","Cmd":["sh","-c","read x; echo got $x; exit 4"],
	"OpenStdin":true,"StdinOnce":true,"AttachStdin":true,"AttachStdout":true,"HostConfig":{"NetworkMode":"none"}}' | jq_ 'd["Id"]')
expect_match "an ID" '^[0-9a-f]{64}$' "$id"
expect_eq "the name is taken" 409 "$(status POST '/containers/create?name=one' '{"Image":"busybox"}')"
expect_eq "by a beginning of the ID" "/one" "$(api GET "/containers/${id:0:12}/json" | jq_ 'd["Name"]')"
expect_eq "created" created "$(api GET /containers/one/json | jq_ 'd["State"]["Status"]')"
expect_eq "kill needs a running one" 409 "$(status POST /containers/one/kill)"

cat >"$T/client.py" <<'P'
import socket, sys, json, struct, time, threading
path, i = sys.argv[1], sys.argv[2]
def conn():
    s = socket.socket(socket.AF_UNIX); s.settimeout(20); s.connect(path); return s
def head(s):
    h = b''
    while b'\r\n\r\n' not in h:
        d = s.recv(1)
        if not d: break
        h += d
    return h.decode()
def rest(s):
    o = b''
    while True:
        d = s.recv(65536)
        if not d: return o
        o += d
def post(p, extra=''):
    s = conn(); s.sendall(f'POST {p} HTTP/1.1\r\nHost: d\r\n{extra}Content-Length: 0\r\n\r\n'.encode()); return s
a = post(f'/v1.45/containers/{i}/attach?stdin=1&stdout=1&stderr=1&stream=1', 'Connection: Upgrade\r\nUpgrade: tcp\r\n')
h = head(a)
print('attach', h.split('\r\n')[0]); print('type', [l for l in h.split('\r\n') if l.lower().startswith('content-type')][0])
w = post(f'/v1.45/containers/{i}/wait?condition=next-exit')
t = time.time(); print('wait', head(w).split('\r\n')[0]); print('at once', time.time() - t < 1)
s = post(f'/v1.45/containers/{i}/start'); print('start', head(s).split('\r\n')[0]); s.close()
a.sendall(b'hello\n'); a.shutdown(socket.SHUT_WR)   # a half-close: the output still comes
o = rest(a); print('frame', o[0], struct.unpack('>I', o[4:8])[0], o[8:])
b = w.recv(4096); print('body', json.loads(b[b.index(b'{'):b.index(b'}') + 1])['StatusCode'])
P
python3 "$T/client.py" "$sock" "$id" >"$T/life" 2>&1
expect_match "attach is hijacked" '^attach HTTP/1.1 101 ' "$(cat "$T/life")"
expect_match "and framed" '^type [Cc]ontent-[Tt]ype: application/vnd.docker.multiplexed-stream' "$(cat "$T/life")"
expect_match "wait answers at once" '^at once True' "$(cat "$T/life")"
expect_match "start" '^start HTTP/1.1 204' "$(cat "$T/life")"
expect_match "output after the half-close, in a frame" "^frame 1 10 b'got hello" "$(cat "$T/life")"
expect_match "wait's body has the exit status" '^body 4$' "$(cat "$T/life")"
expect_eq "exited" '["exited", 4]' "$(api GET /containers/one/json | jq_ '[d["State"]["Status"], d["State"]["ExitCode"]]')"
expect_eq "wait on an ended one" 4 "$(api POST /containers/one/wait | jq_ 'd["StatusCode"]')"
expect_eq "the old framing's type" application/vnd.docker.raw-stream "$(curl -sS --unix-socket "$sock" -o /dev/null \
	-w '%{content_type}' "http://d/v1.41/containers/one/logs?stdout=1")"
expect_eq "stop what has stopped" 304 "$(status POST /containers/one/stop)"
expect_eq "no stream chosen" 400 "$(status GET /containers/one/logs)"
expect_eq "rename" 204 "$(status POST '/containers/one/rename?name=two')"
expect_eq "remove" 204 "$(status DELETE /containers/two)"
expect_eq "gone" 404 "$(status GET "/containers/$id/json")"

# ---- events, then and now
since=$(($(date +%s) - 60))
api GET "/events?since=$since&until=$(($(date +%s) + 1))" >"$T/events"
for action in create attach start die rename destroy; do
	expect_match "event $action" "\"Action\":\"$action\"" "$(cat "$T/events")"
done

# ---- a daemon that stops ends every stream, at once, and leaves the container alone
api POST '/containers/create?name=long' '{"Image":"busybox","Cmd":["sleep","1000"],"HostConfig":{"NetworkMode":"none"}}' >/dev/null
expect_eq "start" 204 "$(status POST /containers/long/start)"
expect_eq "start again" 304 "$(status POST /containers/long/start)"
pid=$(api GET /containers/long/json | jq_ 'd["State"]["Pid"]')
for path in 'GET /events' 'GET /containers/long/logs?follow=1&stdout=1' 'GET /containers/long/stats' \
	'POST /containers/long/wait' 'POST /containers/long/attach?stream=1&stdout=1'; do
	curl -sSN --unix-socket "$sock" -X "${path% *}" "http://d${path#* }" >/dev/null 2>&1 &
done
sleep 0.5
begun=$(date +%s%N)
stop_dockerd
took=$((($(date +%s%N) - begun) / 1000000))
expect_eq "the daemon ended within two seconds ($took ms)" yes "$([ $took -lt 2000 ] && echo yes)"
expect_eq "the container did not" yes "$(kill -0 "$pid" && echo yes)"
start_dockerd -H tcp://127.0.0.1:2375
expect_eq "and is known again" running "$(api GET /containers/long/json | jq_ 'd["State"]["Status"]')"
expect_eq "over TCP too" running "$(curl -sS http://127.0.0.1:2375/v1.45/containers/long/json | jq_ 'd["State"]["Status"]')"
expect_match "with a warning" 'without encryption' "$(cat "$T/dockerd.log")"
expect_eq "remove by force" 204 "$(status DELETE '/containers/long?force=1')"
stop_stack
done_testing
