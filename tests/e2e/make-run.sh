#!/bin/bash
# make run shows the whole flow, works twice in a row, and says so where the port is
# taken; make stop undoes all of it, even after the daemons were killed.
. "${0%/*}/lib.sh"

# A tree of its own, so that a demonstration that a person has running stays untouched.
tree=$T/tree
mkdir -p "$tree/tests/images"
for program in 02-runc/runc 03-containerd/containerd 03-containerd/containerd-shim 04-dockerd/dockerd \
	05-cli/docker 06-registry/registry; do
	mkdir -p "$tree/${program%/*}"
	cp "$TOP/$program" "$tree/$program"
done
image nginx >/dev/null
image busybox >/dev/null
cp -a "$TOP/tests/run" "$tree/tests/"
cp "$TOP/tests/images/image" "$tree/tests/images/"
cp -a "$TOP/tests/images/build" "$tree/tests/images/"
unset DOCKER_HOST DOCKYARD_TRACE
start() { "$tree/tests/run/start" "$@"; }
stop_all() { "$tree/tests/run/stop"; }
forwarding=$(cat /proc/sys/net/ipv4/ip_forward)
mark

gone() { # everything that start made
	expect_eq "$1: .run is gone" no "$([ -e "$tree/.run" ] && echo yes || echo no)"
	expect_unchanged "$1"
	expect_eq "$1: forwarding is as it was" "$forwarding" "$(cat /proc/sys/net/ipv4/ip_forward)"
}

expect_ok start
expect_match "it prints the page" 'Welcome to nginx!' "$output"
for box in docker dockerd registry containerd shim runc kernel; do
	expect_eq "one line for $box" 1 "$(grep -Ec "^$box +[0-9-]" <<<"$output")"
done
expect_match "and says how to go on" 'make stop' "$output"
first=$(cat "$tree/.run/dockerd.pid")

expect_ok start
expect_match "it works twice" 'Welcome to nginx!' "$output"
expect_eq "with the same daemon" "$first" "$(cat "$tree/.run/dockerd.pid")"
expect_ok env PORT=9090 "$tree/tests/run/start"
expect_match "and on another port" 'Welcome to nginx!' "$(curl -fsS http://127.0.0.1:9090/)"
expect_eq "one container is left of three runs" 1 \
	"$(sh -c ". '$tree/.run/env'; docker ps -aq" | grep -c .)"
expect_ok stop_all
gone "make stop"
expect_ok stop_all # has nothing to do

python3 -m http.server 8080 >/dev/null 2>&1 &
listener=$!
wait_for 5 curl -fsS http://127.0.0.1:8080/
expect_fail 1 "port 8080 is taken by python3 \(pid $listener\).*make run PORT=" start
expect_eq "nothing was started" no "$([ -e "$tree/.run" ] && echo yes || echo no)"
kill $listener
wait $listener 2>/dev/null
expect_fail 1 'not a port number' env PORT=http "$tree/tests/run/start"

# Killed daemons are started again; the container has outlived them and is replaced.
kill_daemons() {
	local name pid
	for name in dockerd containerd; do
		read -r pid _ <"$tree/.run/$name.pid"
		kill -KILL "$pid"
	done
}
expect_ok start
kill_daemons
expect_ok start
expect_match "it works after a crash" 'Welcome to nginx!' "$output"
expect_eq "the container of before is gone" 1 "$(sh -c ". '$tree/.run/env'; docker ps -aq" | grep -c .)"

# A dead process that nobody has asked for its status is no running daemon.
sh -c 'sleep 0.3 & echo "$!" >"$1"; exec sleep 60' - "$T/zombie" &
wait_for 5 sh -c "grep -q 'State:.*Z' /proc/\$(cat '$T/zombie')/status"
expect_eq "a zombie has no start time" "" "$(. "$tree/tests/run/common"; started_at "$(cat "$T/zombie")")"
kill $!

# Killed daemons cannot tidy up; make stop does it for them.
kill_daemons
echo "$(cut -c 1-64 "$tree/.run/container")" >>"$T/ids"
expect_ok stop_all
gone "make stop after a crash"
done_testing
