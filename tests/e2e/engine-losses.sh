#!/bin/bash
# What dockerd had begun, or knew alone, when it or containerd was killed, or the disk was full: the next one
# finds out what became of it. Each moment that random-kills.sh may hit is made here on purpose.
. "${0%/*}/lib.sh"
need jq

# The runtime waits before `start`, or before `create`, as long as there is $T/hold-start or $T/hold-create.
cat >"$T/slow-runtime" <<END
#!/bin/sh
for a; do
	case \$a in start|create) while [ -e "$T/hold-\$a" ]; do touch "$T/held"; sleep 0.02; done ;; esac
done
exec "$TOP/02-runc/runc" "\$@"
END
chmod +x "$T/slow-runtime"
RUNTIME=$T/slow-runtime
mkdir "$T/docker"
mount -t tmpfs -o size=4m small "$T/docker"
start_stack busybox
expect_ok docker pull busybox
mark

held() { wait_for 5 test -e "$T/held" || fail "the runtime is not held"; }
hold() { rm -f "$T/held"; touch "$T/hold-$1"; }
api() { curl -sS --max-time 20 --unix-socket "$T/docker.sock" -X "$1" -H 'Content-Type: application/json' ${3:+-d "$3"} "http://d$2"; }
ctrd() { curl -sS --max-time 20 --unix-socket "$T/containerd.sock" -H 'Containerd-Namespace: moby' -X "$1" ${3:+-d "$3"} "http://c/v1$2"; }
how() { docker inspect -f '{{.State.Status}} {{.State.ExitCode}}' "$1"; }
is() { [ "$(how "$1")" = "$2" ]; }
restart_dockerd() { stop_dockerd KILL; start_dockerd; }
document() { echo "$T/docker/containers/$(docker inspect -f '{{.Id}}' "$1")/container.json"; }
fill() { dd if=/dev/zero of="$T/docker/ballast" bs=4k status=none 2>/dev/null; }
times() { docker logs "$1" | grep -c begin; }

# ---- it ran and ended between the start and the document that says so
expect_ok docker create --name unseen busybox sh -c 'echo begin; exit 7'
doc=$(document unseen)
hold start
docker start unseen >"$T/start" 2>&1 &
held
stop_dockerd KILL
rm "$T/hold-start"
wait_for 5 sh -c "grep -q begin '${doc%/*}'/*-json.log" || fail "it does not run"
sleep 0.2
start_dockerd
expect_eq "an exit that its dockerd did not live to see" "exited 7" "$(how unseen)"
expect_eq "it ran once" 1 "$(times unseen)"
expect_ok docker rm unseen

# ---- containerd dies when it has told the shim to start
hold start
docker run -d --name once busybox sh -c 'echo begin; exec sleep 1000' >"$T/once" 2>&1 &
runner=$!
held
stop_containerd KILL
rm "$T/hold-start"
start_containerd
wait $runner
expect_eq "the start succeeds all the same" 0 $?
expect_eq "it runs" "running 0" "$(how once)"
expect_eq "it was started once" 1 "$(times once)"

# ---- an exec that ends while containerd is away
exec=$(api POST /containers/once/exec '{"Cmd":["sh","-c","sleep 0.5; exit 5"]}' | jq -r .Id)
expect_eq "an exec starts" "" "$(api POST "/exec/$exec/start" '{"Detach":true}')"
stop_containerd KILL
sleep 0.7
start_containerd
exec_is() { [ "$(api GET "/exec/$exec/json" | jq -c '[.Running, .ExitCode]')" = "$1" ]; }
wait_for 5 exec_is '[false,5]'
expect_eq "its exit status is known" '[false,5]' "$(api GET "/exec/$exec/json" | jq -c '[.Running, .ExitCode]')"
expect_ok docker rm -f once

# ---- a full disk: the exit is in memory only, and dockerd is killed; it starts on the full disk
expect_ok docker run -d --name full busybox sh -c 'echo begin; while [ ! -e /go ]; do sleep 0.02; done; exit 9'
fill
expect_ok docker exec full touch /go
wait_for 5 is full "exited 9"
expect_eq "it ends on a full disk" "exited 9" "$(how full)"
restart_dockerd
expect_eq "and is known after a kill" "exited 9" "$(how full)"
sleep 1.2 # dockerd's second look at the tasks
restart_dockerd
expect_eq "and after another" "exited 9" "$(how full)"
rm "$T/docker/ballast"
saved() { [ "$(jq -r '"\(.State.Running) \(.State.ExitCode)"' "$(document full)")" = "false 9" ]; }
wait_for 5 saved
expect_ok saved
expect_ok wait_for 5 sh -c "[ \"\$(curl -sS --unix-socket '$T/containerd.sock' -H 'Containerd-Namespace: moby' http://c/v1/tasks)\" = '[]' ]"
expect_ok docker rm full

# ---- a restart by the policy while containerd is away
expect_ok docker run -d --name again --restart on-failure:2 busybox sh -c 'echo begin; sleep 0.4; exit 5'
wait_for 5 is again "running 0"
stop_containerd KILL
sleep 1
start_containerd
wait_for 8 is again "exited 5"
expect_eq "it is restarted later" "exited 5" "$(how again)"
expect_eq "as often as it should" "2 3" "$(docker inspect -f '{{.RestartCount}}' again) $(times again)"
expect_ok docker rm again

# ---- whoever cleans up after a dead dockerd, while containerd goes on with what that one asked for
expect_ok docker create --name made busybox sh -c 'echo begin; exit 3'
hold create
docker start made >/dev/null 2>&1 &
held
stop_dockerd KILL
id=$(ctrd GET /containers | jq -r '.[].id')
ctrd DELETE "/tasks/$id" >"$T/deleted" &
deleter=$!
sleep 0.3
rm "$T/hold-create"
wait $deleter
expect_match "a task is deleted when it has been made" exitStatus "$(cat "$T/deleted")"
expect_eq "so that its container can go too" "[]" "$(ctrd DELETE "/containers/$id")$(ctrd GET /containers)"
start_dockerd
expect_eq "dockerd has it as it was" "created 0" "$(how made)"
expect_ok docker start made
wait_for 5 is made "exited 3"
expect_eq "and it can be started" "exited 3 1" "$(how made) $(times made)"
expect_ok docker rm made

# ---- only what was never started is discarded as such
expect_ok docker run -d --name started busybox sh -c 'trap "exit 4" TERM; while :; do sleep 0.05; done'
id=$(docker inspect -f '{{.Id}}' started)
stop_dockerd
ctrd POST "/tasks/$id/kill" '{"signal":"TERM"}' >/dev/null
ctrd POST "/tasks/$id/wait" >/dev/null
expect_eq "a task that has run" "conflict true" "$(ctrd DELETE "/tasks/$id?unstarted=1" | jq -r .error.kind) $(ctrd GET "/tasks/$id" | jq .started)"
start_dockerd
expect_eq "its exit status" "exited 4" "$(how started)"
expect_ok docker rm started

# ---- two starts of one that goes when it cannot be started: the second finds it gone
expect_ok docker create --rm --name twice -v /nameless busybox /none
since=$(date +%s)
hold create
for i in 1 2; do api POST /containers/twice/start >"$T/twice$i" & done
held
sleep 0.3 # the other waits for the first
rm "$T/hold-create"
wait_for 10 grep -qs 'No such container\|marked for removal' "$T/twice1" "$T/twice2"
expect_eq "it is removed once" 1 "$(docker events --since "$since" --until "$(($(date +%s) + 1))" --filter event=destroy --filter type=container | grep -c name=twice)"
expect_no_match "and not tried twice" 'driver failed to remove' "$(cat "$T/dockerd.log")"

# ---- an exit, while dockerd can start no thread for it
pids=/sys/fs/cgroup/pids
[ -d "$pids" ] || pids=/sys/fs/cgroup
few=$pids/dy-few-${T##*.}
echo "${few##*/}" >>"$T/ids" # whoever ends this test early removes it
mkdir "$few" && [ -f "$few/pids.max" ] || { rmdir "$few"; few=''; echo "no control group with a limit of threads here"; }
if [ -n "$few" ]; then
	expect_ok docker run -d --name unheard busybox sleep 1000
	victim=$(docker inspect -f '{{.State.Pid}}' unheard)
	before=$pids$(sed -nE 's/^[0-9]+:(pids|):(.*)/\2/p' "/proc/$pid_dockerd/cgroup" | head -n 1)
	echo "$pid_dockerd" >"$few/cgroup.procs"
	echo 1 >"$few/pids.max"
	kill -9 "$victim"
	expect_ok wait_for 5 grep -q 'cannot start a thread' "$T/dockerd.log"
	echo max >"$few/pids.max"
	wait_for 5 is unheard "exited 137"
	expect_eq "it is seen all the same" "exited 137" "$(how unheard)"
	expect_ok docker rm unheard
	echo "$pid_dockerd" >"$before/cgroup.procs"
	expect_ok rmdir "$few"
fi

expect_unchanged "all of them"
stop_stack
umount "$T/docker"
done_testing
