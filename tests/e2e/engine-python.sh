#!/bin/bash
# Python's docker library, the distribution's own, speaks to dockerd: everything that it offers
# for containers, images, networks and volumes, and the errors that programs catch.
. "${0%/*}/lib.sh"
/usr/bin/python3 -c 'import docker' 2>/dev/null || skip "python3-docker is not installed"

start_stack
expect_ok /usr/bin/python3 "${0%/*}/engine_python.py" "$REGISTRY"
echo "$output"
stop_stack
done_testing
