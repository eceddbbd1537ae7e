#!/bin/bash
# Five hundred containers: containerd is killed, and the next one knows them all in less than a
# second; a shim that does not answer holds nothing up, and its container lives.
. "${0%/*}/lib.sh"
need python3 jq
unset DOCKYARD_TRACE
N=${MANY:-500}
[ -z "${CI:-}" ] || N=${MANY:-150} # the figure of five hundred is for who has the time
[ -z "${SAN:-}" ] || N=50

# Cgroups are the machine's: names that no other run of this test has at the same time.
U=$(basename "$T" | tr -cd 'A-Za-z0-9')

seed busybox
start_registry
RUNTIME=$TOP/02-runc/runc
start_containerd --runtime "$RUNTIME" # called directly: a script in front would take as long again
IMAGE=$REGISTRY/library/busybox:latest
expect_ok ctr images pull --plain-http "$IMAGE"
stop_registry
mark

names=$(seq -f "$U-%g" "$N")
echo "$names" >>"$T/ids"
parent=$(curl -s --unix-socket "$T/containerd.sock" \
	"http://containerd/v1/resolve/$(jq -rn --arg x "$IMAGE" '$x|@uri')" | jq -r .chainID)
many() { expect_ok python3 "$TOP/tests/e2e/containerd_many.py" "$1" "$T/containerd.sock" "$parent" $names; }
many start
expect_eq "all run" "$N" "$(ctr tasks ls | grep -c RUNNING)"

# restart: kill containerd, start it, and print after how many milliseconds it knew how many.
restart() {
	stop_containerd KILL
	python3 - "$T/containerd.sock" "$N" "$TOP/03-containerd/containerd" --root "$T/containerd" \
		--state "$T/run-containerd" --address "$T/containerd.sock" --runtime "$RUNTIME" 2>>"$T/containerd.log" <<-'END'
		import http.client, json, socket, subprocess, sys, time
		address, n, *argv = sys.argv[1:]
		class Unix(http.client.HTTPConnection):
		    def connect(self):
		        self.sock = socket.socket(socket.AF_UNIX)
		        self.sock.connect(address)
		begin = time.monotonic()
		child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
		while True:
		    try:
		        c = Unix("containerd")
		        c.request("GET", "/v1/tasks")
		        tasks = json.load(c.getresponse())
		        break
		    except OSError:
		        time.sleep(0.002)
		took = time.monotonic() - begin
		states = {t["status"] for t in tasks}
		print(round(took * 1000), len(tasks), *sorted(states), child.pid)
	END
}
took=
for i in 1 2 3; do
	read -r ms known states pid < <(restart)
	pid_containerd=$pid
	expect_eq "all are known again" "$N running" "$known $states"
	took="$took $ms"
done
best=$(tr ' ' '\n' <<<"$took" | grep . | sort -n | head -n 1)
echo "restart with $N containers: $took ms"
[ -n "${SAN:-}" ] || expect_eq "in less than a second (it took$took ms)" yes "$([ "$best" -lt 1000 ] && echo yes)"

# ---- a shim that does not answer -------------------------------------------------

stuck=$U-7
shim=$(cat "$T/run-containerd/default/$stuck/shim.pid")
kill -STOP "$shim"
read -r ms known states pid < <(restart)
pid_containerd=${pid##* }
expect_eq "a shim that is stopped: one more state" "$N running unknown" "$known $states ${pid%% *}"
expect_fail 1 'has not answered yet' ctr tasks metrics "$stuck"
expect_ok ctr tasks metrics "$U-8"
kill -CONT "$shim"
wait_for 15 ctr tasks metrics "$stuck" || fail "the shim goes on, and its task is not known"
expect_match "its container has lived" "^$stuck +[0-9]+ +RUNNING" "$(ctr tasks ls)"

many remove
kill "$pid_containerd"
wait_for 10 sh -c "! kill -0 $pid_containerd" || fail "containerd does not stop"
pid_containerd=
done_testing
