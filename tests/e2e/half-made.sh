#!/bin/bash
# A task, or an exec, that is being made when its containerd, or its shim, is killed: as long as the runtime is
# at it the next containerd waits, without keeping others waiting; what will never be made is gone.
. "${0%/*}/lib.sh"

mkdir -p "$T/run-containerd"
mount -t tmpfs -o size=4m small "$T/run-containerd"
seed busybox
start_registry
start_containerd
IMAGE=$REGISTRY/library/busybox:latest
C=$(basename "$T" | tr -cd 'A-Za-z0-9')
expect_ok ctr images pull --plain-http "$IMAGE"
mark

api() { curl -sS --max-time 20 --unix-socket "$T/containerd.sock" -X "$1" ${3:+-d "$3"} "http://c/v1/$2"; }
kind() { api GET "tasks/$C" | jq -r '.error.kind // .status'; }
has_kind() { [ "$(kind)" = "$1" ]; }
create() { api POST tasks "{\"containerID\":\"$C\"}" >"$T/answer" 2>&1 & }
restart() { # it answers soon
	local begun=$SECONDS
	stop containerd KILL
	rm "$T/containerd.sock"
	start_containerd
	expect_eq "$1" yes "$([ $((SECONDS - begun)) -le 5 ] && echo yes || echo "after $((SECONDS - begun)) s")"
}
shim_pid() { cat "$T/run-containerd/default/$C/shim.pid"; }
creators() { pgrep -fc "^[^ ]*runc .*create.*--bundle $T" || true; }
left() { find "$T/run-containerd" -name "*$C*" | sort | xargs; }

# The runtime is held up by a hook of the container until $T/go is there.
expect_ok ctr containers create "$IMAGE" "$C" sleep 100
ctr containers info "$C" | jq --arg t "$T" '.spec.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c",
	"touch \($t)/held; while [ ! -e \($t)/go ]; do sleep 0.05; done"]}]' >"$T/container.json"
api DELETE "containers/$C" >/dev/null
api POST containers "$(cat "$T/container.json")" >/dev/null
held() { create; wait_for 5 test -e "$T/held"; rm -f "$T/held"; }

held
restart "containerd serves while a runc create is under way"
sleep 0.7 # longer than it waits for a quick one
expect_eq "the task is not yet known" unavailable "$(kind)"
touch "$T/go"
wait_for 5 has_kind created
expect_eq "but not lost, however long it took" created "$(kind)"
expect_eq "and can be started" "{}" "$(api POST "tasks/$C/start" '{}')"

# Of an exec, too, the shim may be the only one to know.
exec_status() { api GET "tasks/$C/execs" | jq -r '.[] | .execID + " " + .status'; }
shim=$(shim_pid)
kill -STOP "$shim"
api POST "tasks/$C/execs" '{"execID":"ghost","process":{"args":["true"]}}' >/dev/null 2>&1 &
wait_for 5 test -e "$T/run-containerd/default/$C/exec-ghost.process.json"
sleep 0.1 # the request to the shim follows the document
stop containerd KILL
kill -CONT "$shim"
rm "$T/containerd.sock"
start_containerd
expect_eq "an exec that nobody was told of is listed" "ghost created" "$(exec_status)"
expect_match "it can be started" pid "$(api POST "tasks/$C/execs/ghost/start" '{}')"
expect_match "waited for" '"exitStatus": ?0' "$(api POST "tasks/$C/execs/ghost/wait" '{}')"
expect_eq "and deleted" "" "$(api DELETE "tasks/$C/execs/ghost")$(exec_status)"

api POST "tasks/$C/kill" '{"signal":9}' >/dev/null
api POST "tasks/$C/wait" '{}' >/dev/null
expect_match "and deleted" '137' "$(api DELETE "tasks/$C")"
rm "$T/go"

held
kill -KILL "$(shim_pid)"
wait_for 5 grep -q error "$T/answer"
expect_match "a create whose shim is killed fails" '"kind": ?"unavailable"' "$(cat "$T/answer")"
expect_eq "and leaves no runtime behind" 0 "$(creators)"
expect_eq "there is no task" not_found "$(kind)"
expect_eq "nor anything of it" "" "$(left)"

held
shim=$(shim_pid)
stop containerd KILL
kill -KILL "$shim"
rm "$T/containerd.sock"
start_containerd
expect_eq "killed both: there is no task" not_found "$(kind)"
expect_eq "no runtime goes on" 0 "$(creators)"
expect_eq "and nothing of it is there" "" "$(left)"
touch "$T/go"
create
wait_for 5 has_kind created
expect_eq "it can be created then" created "$(kind)"
kill -KILL "$(shim_pid)"
wait_for 5 has_kind stopped
expect_eq "a task that was there, and lost its shim, has stopped" stopped "$(kind)"
expect_match "it is deleted" 255 "$(api DELETE "tasks/$C")"

# How a container ends is recorded also when the disk is full.
jq --arg t "$T" '.id += "e" | .spec.process.args = ["sh", "-c", "while [ ! -e /end/end ]; do sleep 0.05; done; exit 7"] |
	.spec.mounts += [{type: "bind", source: ($t + "/end"), destination: "/end", options: ["bind"]}] | del(.spec.hooks)' \
	"$T/container.json" >"$T/ends.json"
mkdir "$T/end"
id=${C}e
api POST containers "$(cat "$T/ends.json")" >/dev/null
expect_match "the container is created" pid "$(api POST tasks "{\"containerID\":\"$id\"}")"
expect_eq "and started" "{}" "$(api POST "tasks/$id/start" '{}')"
dd if=/dev/zero of="$T/run-containerd/filler" bs=4k 2>/dev/null
touch "$T/end/end"
expect_match "a container ends on a full disk" '"exitStatus": ?7' "$(api POST "tasks/$id/wait" '{}')"
kill -KILL "$(cat "$T/run-containerd/default/$id/shim.pid")"
restart "containerd starts on a full disk"
expect_match "the exit status is still known" '"exitStatus": ?7' "$(api POST "tasks/$id/wait" '{}')"
expect_match "the task can be deleted" '"exitStatus": ?7' "$(api DELETE "tasks/$id")"
rm "$T/run-containerd/filler"
expect_ok ctr containers rm "$id"

# Killed before it had started a shim.
mkdir -p "$T/run-containerd/default/$C/rootfs"
echo '{"id":"'"$C"'","namespace":"default"}' >"$T/run-containerd/default/$C/options.json"
restart "containerd serves"
expect_eq "a bundle without more is no task" not_found "$(kind)"
expect_eq "and is removed" "" "$(left)"
expect_ok ctr containers rm "$C"
expect_unchanged "all of it"
stop_registry
stop containerd
done_testing
