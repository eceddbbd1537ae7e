#!/bin/bash
# A dead daemon: who needs it says so in one clear error; a container goes on
# without any daemon, and is there, with its log, when they come back.
. "${0%/*}/lib.sh"

cannot='Cannot connect to the Docker daemon at unix://.*Is the docker daemon running'
expect_fail 1 "$cannot" docker ps
expect_fail 125 "$cannot" docker run --rm busybox true
expect_fail 1 'containerd' ctr version
expect_fail 1 'Cannot connect' docker -H tcp://127.0.0.1:2375 ps

start_stack busybox
expect_ok docker run -d --name keeps busybox sh -c 'i=0; while :; do i=$((i + 1)); echo line $i; sleep 0.1; done'
wait_for 5 sh -c "'$TOP/05-cli/docker' logs keeps | grep -q 'line 2'"
pid=$(docker inspect -f '{{.State.Pid}}' keeps)

# containerd dies by SIGKILL: dockerd says what is missing, the container runs on.
stop_containerd KILL
expect_fail 125 'containerd' docker run --rm busybox true
expect_eq "the container survives containerd" yes "$(kill -0 "$pid" && echo yes)"
start_containerd
expect_ok wait_for 10 docker exec keeps true
expect_eq "and a new one starts" hello "$(docker run --rm busybox echo hello)"

# dockerd dies by SIGKILL.
stop_dockerd KILL
expect_fail 1 "$cannot" docker ps
expect_eq "the container survives dockerd" yes "$(kill -0 "$pid" && echo yes)"
start_dockerd
expect_match "it is still running" ' Up .* keeps$' "$(docker ps)"
expect_eq "as the same process" "$pid" "$(docker inspect -f '{{.State.Pid}}' keeps)"

# Both die, and the container ends meanwhile: its status is known afterwards.
stop_dockerd KILL
stop_containerd KILL
kill -KILL "$pid"
sleep 0.3
start_containerd
start_dockerd
expect_eq "an exit that no daemon saw" 137 "$(docker inspect -f '{{.State.ExitCode}}' keeps)"
lines=$(docker logs keeps | sed 's/line //' | tr '\n' ' ')
expect_eq "no line of the log is lost" "$(seq -s ' ' "$(wc -w <<<"$lines")") " "$lines"
expect_ok docker rm keeps

# A second daemon on the same socket or the same directory is refused.
expect_fail 1 'socket|in use|another' "$TOP/04-dockerd/dockerd" --data-root "$T/docker2" --exec-root "$T/x2" \
	-H "unix://$T/docker.sock" --containerd "$T/containerd.sock" --pidfile "$T/docker2.pid"
expect_fail 1 'root|in use|another' "$TOP/03-containerd/containerd" --root "$T/containerd" \
	--state "$T/s2" --address "$T/containerd2.sock"
expect_ok docker ps

# The pid file of a dead one does not count, even while nobody has asked how it ended.
stop_dockerd
mkdir "$T/dead"
cp "$(type -P sleep)" "$T/dead/dockerd"
sh -c '"$0" 0.3 & echo "$!" >"$1"; exec sleep 60' "$T/dead/dockerd" "$T/docker.pid" &
wait_for 5 sh -c "grep -q 'State:.*Z' /proc/\$(cat '$T/docker.pid')/status"
expect_eq "a dead dockerd that is still listed" dockerd "$(cat "/proc/$(cat "$T/docker.pid")/comm")"
start_dockerd
expect_ok docker ps
stop_stack
done_testing
