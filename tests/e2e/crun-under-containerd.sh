#!/bin/bash
# Our containerd and its shim run a container with the real crun in place of
# our runc: what they say to a runtime is the OCI command line and nothing else.
. "${0%/*}/lib.sh"
need crun

all_hierarchies # crun refuses a hybrid set-up that lacks one
RUNTIME=$(command -v crun)
start_stack busybox
mark

expect_eq "crun runs a container" hello "$(docker run --rm busybox echo hello)"
expect_fail 42 '' docker run --rm busybox sh -c 'exit 42'
expect_ok docker run -d --name keeps busybox sh -c 'trap "exit 5" TERM; while :; do sleep 0.1; done'
expect_eq "exec goes through crun" 1 "$(docker exec keeps sh -c 'grep -c . /proc/1/comm')"
expect_ok docker stop keeps
expect_eq "its exit status comes through" 5 "$(docker inspect -f '{{.State.ExitCode}}' keeps)"
expect_fail 127 'no-such-program' docker run --rm busybox no-such-program
expect_ok docker rm keeps
expect_unchanged "crun"
stop_stack
done_testing
