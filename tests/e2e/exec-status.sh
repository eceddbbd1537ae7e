#!/bin/bash
# The exit status of docker exec is there when its output has ended, every time.
. "${0%/*}/lib.sh"
start_stack busybox
expect_ok docker run -d --name keeps busybox sleep 1000

wrong=0
for i in $(seq 40); do
	docker exec keeps sh -c 'exit 5'
	[ $? = 5 ] || wrong=$((wrong + 1))
done
expect_eq "times that the exit status was not 5, of 40" 0 $wrong
expect_eq "nor was output lost" 40 "$(for i in $(seq 40); do docker exec keeps echo line; done | grep -c line)"
expect_ok docker rm -f keeps
stop_stack
done_testing
