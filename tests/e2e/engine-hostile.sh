#!/bin/bash
# Clients of dockerd that do not mean well: what is no HTTP, bodies whose end is not clear or never
# comes, JSON bombs, connections by the hundred, hijacked ones that are half closed or never read.
# Each is refused or bounded, and another client is served meanwhile.
. "${0%/*}/lib.sh"
need python3

start_stack busybox
expect_ok docker pull busybox
expect_ok python3 "$TOP/tests/e2e/engine_hostile.py" "$T/docker.sock" "$pid_dockerd"
echo "$output"
expect_eq "no container is left" "" "$(docker ps -aq)"
stop_stack
done_testing
