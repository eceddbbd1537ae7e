#!/bin/bash
# The requests of Compose 2 for one project's life get the answers that it depends on, with the API of today and
# with one before 1.44. engine-compose.sh runs the program itself, where it is installed; this needs none.
. "${0%/*}/lib.sh"
need python3

start_stack busybox
mark
for version in 1.51 1.43; do
	expect_ok python3 "$TOP/tests/e2e/engine_compose2.py" "$T/docker.sock" $version "$T"
	echo "$output"
done
expect_unchanged "the project"
stop_stack
done_testing
