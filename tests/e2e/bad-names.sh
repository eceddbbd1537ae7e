#!/bin/bash
# A missing image, a malformed reference, a taken name, a taken port, a missing
# container, a program that is not there: one clear error each, Docker's exit
# code, and nothing left behind. The real CLI gets the same where there is one.
. "${0%/*}/lib.sh"
start_stack busybox

expect_ok docker pull busybox
expect_ok docker run -d --name taken -p 8080:80 busybox sleep 1000
mark

one_line() { expect_eq "one line: $output" 1 "$(grep -vc -e '^Unable to find image' -e "^See 'docker" -e "^Run 'docker" -e '^$' -e '^[0-9a-f]*$' -e 'Pulling from' <<<"$output")"; }

bad() { # the docker command
	# Docker Hub is out of reach here; a registry that is there says "not found".
	expect_fail 125 'registry-1.docker.io' "$@" run --rm nonesuch
	expect_fail 125 'manifest unknown|not found' "$@" run --rm "$REGISTRY/nonesuch"
	expect_unchanged "a missing image"
	expect_fail 125 'invalid reference format' "$@" run --rm 'UPPER//case'
	expect_fail 1 'invalid reference format' "$@" pull 'busy box:latest'
	expect_fail 125 'invalid|tag|reference' "$@" run --rm 'busybox:-bad-'
	expect_unchanged "a malformed reference"
	expect_fail 125 'already in use' "$@" run --rm --name taken busybox true
	expect_unchanged "a taken name"
	expect_fail 125 '8080.*(already allocated|already in use)|already allocated' "$@" run --rm -p 8080:80 busybox true
	expect_unchanged "a port that another container has"
	expect_fail 125 '8090' "$@" run --rm -p 8090:80 busybox true
	expect_unchanged "a port that a process of the host has"
	expect_fail 125 'invalid|Invalid' "$@" run --rm -p 99999:80 busybox true
	expect_fail 125 'invalid|Invalid|bad' "$@" run --rm --name '-bad/name' busybox true
	expect_fail 127 'no-such-program.*(not found|no such file)' "$@" run --rm busybox no-such-program
	expect_unchanged "a program that is not there"
	expect_fail 126 '(permission denied|is a directory|Permission denied|Is a directory)' "$@" run --rm busybox /etc
	expect_unchanged "a program that cannot be run"
	expect_fail 1 'No such container: nobody' "$@" stop nobody
	expect_fail 1 'No such container: nobody' "$@" exec nobody true
	expect_fail 1 'No such container: nobody' "$@" logs nobody
	expect_fail 1 'No such container: nobody' "$@" rm nobody
	expect_fail 1 'No such image: nonesuch' "$@" rmi nonesuch
	expect_fail 127 'no-such-program' "$@" exec taken no-such-program
	expect_fail 1 'running' "$@" rm taken
	expect_fail 125 'unknown flag|not.*support' "$@" run --no-such-flag busybox
	expect_unchanged "all of these together"
}
python3 -m http.server --bind 0.0.0.0 8090 >/dev/null 2>&1 &
listener=$!
wait_for 5 curl -fsS http://127.0.0.1:8090/
mark
bad docker
expect_fail 125 'nonesuch' docker run --rm "$REGISTRY/nonesuch"
one_line
expect_fail 125 'already allocated' docker run --rm -p 8080:80 busybox true
one_line
for real in $(type -aP docker | sort -u | grep -v "^$TOP/" | head -n 1); do bad "$real"; done
kill $listener
expect_ok docker rm -f taken
stop_stack
done_testing
