#!/bin/bash
# The real docker CLI drives our dockerd: every version that is on this machine.
. "${0%/*}/lib.sh"

start_stack busybox nginx

real_clis() { # what the PATH has under that name, and is not ours
	type -aP docker | while read -r p; do readlink -f "$p"; done | sort -u |
		grep -v "^$TOP/"
}
[ -n "$(real_clis)" ] || skip "no docker CLI is installed"

drive() { # PATH of a CLI
	d() { "$cli" "$@"; }
	cli=$1
	version=$("$cli" --version)
	expect_ok d version
	expect_match "$version: version shows the server" 'Server:' "$output"
	expect_ok d info
	expect_ok d pull busybox
	expect_match "$version: pull" 'docker.io/library/busybox:latest' "$output"
	expect_ok d pull nginx
	expect_match "$version: images" '^nginx +latest ' "$(d images)"
	expect_eq "$version: run" hello "$(d run --rm busybox echo hello)"
	expect_fail 7 '' d run --rm busybox sh -c 'exit 7'
	expect_eq "$version: run -i" HELLO "$(echo hello | d run --rm -i busybox tr a-z A-Z)"
	expect_fail 127 'no-such-program' d run --rm busybox no-such-program
	expect_fail 126 '/etc' d run --rm busybox /etc
	# A terminal, which script(1) stands in for.
	expect_match "$version: run -it has a terminal" '/dev/(pts/[0-9]+|console)' \
		"$(script -qec "$cli run --rm -it busybox tty" /dev/null </dev/null)"

	expect_ok d run -d --name web -p 8081:80 nginx
	expect_ok wait_for 5 curl -fsS http://127.0.0.1:8081/
	expect_match "$version: ps" '0.0.0.0:8081->80/tcp.* web$' "$(d ps)"
	expect_match "$version: logs" 'GET / HTTP' "$(d logs web 2>&1)"
	expect_match "$version: logs --tail" '^1$' "$(d logs --tail 1 web 2>&1 | grep -c '')"
	expect_eq "$version: exec" 1 "$(d exec web sh -c 'cat /proc/1/comm | grep -c nginx')"
	expect_fail 5 '' d exec web sh -c 'exit 5'
	expect_match "$version: exec -it" '/dev/pts/' "$(script -qec "$cli exec -it web tty" /dev/null </dev/null)"
	expect_eq "$version: inspect" running "$(d inspect -f '{{.State.Status}}' web)"
	expect_ok d stop web
	expect_match "$version: ps -a" 'Exited \(0\)' "$(d ps -a)"
	expect_ok d start web
	expect_ok wait_for 5 curl -fsS http://127.0.0.1:8081/
	expect_ok d kill web
	expect_match "$version: a killed one" 'Exited \(137\)' "$(d ps -a)"
	expect_ok d rm web
	expect_fail 1 'No such container' d inspect --type container web
	expect_ok d rmi nginx busybox
	expect_eq "$version: all images are gone" "" "$(d images -q)"
	expect_unchanged "$version"
}
mark
for cli in $(real_clis); do drive "$cli"; done
stop_stack
done_testing
