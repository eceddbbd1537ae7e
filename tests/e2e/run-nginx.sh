#!/bin/bash
# The whole flow with our own programs: docker run -d -p 8080:80 nginx pulls,
# unpacks, starts, and answers; then everything a user does with a container,
# until nothing of it is left.
. "${0%/*}/lib.sh"
start_stack nginx busybox
mark

expect_ok docker run -d -p 8080:80 --name web nginx
id=$(tail -n 1 <<<"$output")
expect_match "run -d prints the container's id" '^[0-9a-f]{64}$' "$id"
expect_ok wait_for 5 curl -fsS http://127.0.0.1:8080/
expect_match "nginx answers on the published port" 'Welcome to nginx!' "$(curl -fsS http://127.0.0.1:8080/)"
for box in docker dockerd registry containerd runc; do
	expect_match "the trace knows of $box" "	$box	" "$(cat "$T/trace")"
done
expect_ok "$TOP/tests/run/boxes" "$T/trace"

expect_match "ps shows it" "^${id:0:12} +nginx .*8080->80/tcp.* web$" "$(docker ps)"
expect_match "logs show what nginx logged" '"GET / HTTP/1.1" 200' "$(docker logs web 2>&1)"
expect_eq "exec runs in it" "$(cut -c1-12 <<<"$id")" "$(docker exec web cat /proc/sys/kernel/hostname)"
expect_fail 3 '' docker exec web sh -c 'exit 3'
expect_eq "inspect says that it runs" true "$(docker inspect -f '{{.State.Running}}' web)"
expect_match "images shows what was pulled" '^nginx +latest ' "$(docker images)"
expect_ok docker stop web
expect_eq "SIGQUIT lets nginx finish by itself" 0 "$(docker inspect -f '{{.State.ExitCode}}' web)"
expect_fail any '' curl -fsS --max-time 2 http://127.0.0.1:8080/
expect_match "ps -a shows how it ended" 'Exited \(0\)' "$(docker ps -a)"
expect_ok docker rm web
expect_unchanged "run, stop, rm"

# In the foreground.
expect_eq "the output of the command" hello "$(docker run --rm busybox echo hello)"
expect_fail 42 '' docker run --rm busybox sh -c 'exit 42'
expect_eq "standard input arrives" HELLO "$(echo hello | docker run --rm -i busybox tr a-z A-Z)"
expect_eq "standard error stays apart" err "$(docker run --rm busybox sh -c 'echo out; echo err >&2' 2>&1 >/dev/null)"
expect_eq "-e sets the environment" b "$(docker run --rm -e A=b busybox sh -c 'echo $A')"
mkdir "$T/data"
echo data >"$T/data/file"
expect_eq "-v binds a directory" data "$(docker run --rm -v "$T/data:/data" busybox cat /data/file)"
expect_match "-m limits the memory" '^(67108864)$' "$(docker run --rm -m 64m busybox sh -c \
	'cat /sys/fs/cgroup/memory.max 2>/dev/null || cat /sys/fs/cgroup/memory/memory.limit_in_bytes')"
expect_unchanged "docker run --rm"

# In and out of the bridge.
expect_ok docker run -d --name other nginx
address=$(docker inspect -f '{{.NetworkSettings.IPAddress}}' other)
expect_match "a container has an address of the bridge" '^172\.31\.' "$address"
expect_match "containers reach each other" 'Welcome to nginx!' "$(docker run --rm busybox wget -qO- "http://$address/")"
expect_ok docker rm -f other
expect_ok docker rmi nginx
expect_no_match "rmi removes the image" '^nginx' "$(docker images)"
expect_unchanged "everything"
stop_stack
done_testing
