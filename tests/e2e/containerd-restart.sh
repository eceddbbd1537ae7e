#!/bin/bash
# Killing containerd at any moment loses no container, no line of a log and no
# exit status; killing a shim costs its own container and leaves nothing behind.
. "${0%/*}/lib.sh"

# Cgroups are the machine's: names that no other run of this test has at the same time.
U=$(basename "$T" | tr -cd 'A-Za-z0-9')

seed busybox
start_registry
start_containerd
IMAGE=$REGISTRY/library/busybox:latest
expect_ok ctr images pull --plain-http "$IMAGE"
mark

status_of() { ctr tasks ls | awk -v id="$1" '$1 == id { print $3 }'; }
has_status() { [ "$(status_of "$1")" = "$2" ]; }
exit_of() { api POST "/v1/tasks/$1/wait" | jq -r .exitStatus; }
api() { # METHOD PATH [curl's arguments]
	local method=$1 path=$2
	shift 2
	curl -sS --max-time 20 --unix-socket "$T/containerd.sock" -X "$method" "http://containerd$path" "$@"
}
remove() { ctr tasks rm "$1" >/dev/null && ctr containers rm "$1" >/dev/null || fail "remove $1"; }
up() { # a socket may be a dead containerd's: only an answer counts
	start_containerd
	wait_for 10 ctr version || fail "containerd does not come back"
}
restart() {
	stop_containerd KILL
	up
}

# ---- a container that writes all the time ------------------------------------
expect_ok ctr run -d --log-uri "file://$T/lines.json" "$IMAGE" $U-lines sh -c '
	i=0
	while [ $i -lt 20000 ]; do echo line $i; i=$((i + 1)); [ $((i % 1000)) = 0 ] && sleep 0.1; done
	exit 7'
for _ in 1 2 3 4 5; do
	restart
	sleep 0.2
done
expect_eq "its exit status, asked for after five restarts" 7 "$(exit_of $U-lines)"
seq 0 19999 | sed 's/^/line /' >"$T/expected"
jq -rj .log "$T/lines.json" >"$T/got"
expect_ok cmp "$T/expected" "$T/got"
remove $U-lines

# ---- one that ends while nobody looks ------------------------------------------
expect_ok ctr run -d "$IMAGE" $U-ends sh -c 'sleep 0.5; exit 9'
stop_containerd KILL
sleep 1
up
expect_eq "it has stopped" STOPPED "$(status_of $U-ends)"
expect_eq "its exit status is kept" 9 "$(exit_of $U-ends)"
remove $U-ends

# ---- one that runs on, and an exec in it ---------------------------------------------
expect_ok ctr run -d "$IMAGE" $U-runs sh -c 'trap "exit 3" TERM; while :; do sleep 0.1; done'
pid=$(ctr tasks ls | awk -v id="$U-runs" '$1 == id { print $2 }')
expect_ok ctr tasks exec -d --exec-id sleeper $U-runs sh -c 'sleep 1; exit 4'
restart
expect_eq "it has the same process" "$pid" "$(ctr tasks ls | awk -v id="$U-runs" '$1 == id { print $2 }')"
expect_eq "an exec's exit status is kept" 4 \
	"$(api POST /v1/tasks/$U-runs/execs/sleeper/wait | jq -r .exitStatus)"
expect_eq "exec works after a restart" hello "$(ctr tasks exec --exec-id e $U-runs echo hello)"
expect_ok ctr tasks pause $U-runs
restart
expect_eq "it is still paused" PAUSED "$(status_of $U-runs)"
expect_ok ctr tasks resume $U-runs

# SIGTERM to containerd leaves it alone too, and is answered at once, also while
# somebody waits.
api POST /v1/tasks/$U-runs/wait >"$T/waited" 2>&1 &
waiter=$!
sleep 0.2
stop_containerd
wait $waiter
expect_ok kill -0 "$pid"
up
expect_ok ctr tasks kill $U-runs
expect_eq "it takes signals" 3 "$(exit_of $U-runs)"
remove $U-runs
expect_unchanged "containers that outlived containerd"

# ---- killed in the middle of create, start and delete -------------------------------
api POST /v1/snapshots/prepare -d '{"key":"warm"}' >/dev/null
for delay in 0 0.005 0.01 0.015 0.02 0.03 0.04 0.05 0.07 0.1; do
	ctr run --rm "$IMAGE" $U-middle sleep 0.05 >/dev/null 2>&1 </dev/null &
	runner=$!
	sleep "$delay"
	restart
	wait $runner
	# Whatever was there is either whole, so that it can be taken away, or gone.
	for _ in 1 2 3; do
		[ -z "$(status_of $U-middle)" ] && break
		api POST /v1/tasks/$U-middle/kill -d '{"signal":9}' >/dev/null
		ctr tasks rm $U-middle >/dev/null 2>&1 && break
		sleep 0.2
	done
	ctr containers rm $U-middle >/dev/null 2>&1
	ctr snapshots rm $U-middle >/dev/null 2>&1
	expect_eq "no task is left after $delay s" "" "$(status_of $U-middle)"
done
expect_ok ctr snapshots rm warm
expect_eq "no bundle is left" "" "$(find "$T/run-containerd/default" -mindepth 1)"
expect_unchanged "creation cut short"

# ---- a shim that is killed -----------------------------------------------------------
shim_of() { cat "$T/run-containerd/default/$1/shim.pid"; }
expect_ok ctr run -d "$IMAGE" $U-shim sleep 60
pid=$(ctr tasks ls | awk -v id="$U-shim" '$1 == id { print $2 }')
kill -KILL "$(shim_of $U-shim)"
wait_for 5 has_status $U-shim STOPPED || fail "the loss of a shim is not noticed"
expect_eq "a lost container's exit status" 255 "$(exit_of $U-shim)"
expect_eq "it is dead" dead "$(kill -0 "$pid" 2>/dev/null || echo dead)"
remove $U-shim

expect_ok ctr run -d "$IMAGE" $U-both sleep 60
stop_containerd KILL
kill -KILL "$(shim_of $U-both)"
up
expect_eq "a shim lost while containerd was away" STOPPED "$(status_of $U-both)"
expect_eq "its exit status" 255 "$(exit_of $U-both)"
remove $U-both

expect_ok ctr run -d "$IMAGE" $U-late sh -c 'exit 6'
wait_for 5 has_status $U-late STOPPED || fail "$U-late does not stop"
kill -KILL "$(shim_of $U-late)"
sleep 0.2
expect_eq "a shim killed after the end changes nothing" 6 "$(exit_of $U-late)"
restart
expect_eq "nor does a restart" 6 "$(exit_of $U-late)"
remove $U-late
expect_unchanged "lost shims"

stop_containerd
stop_registry
done_testing
