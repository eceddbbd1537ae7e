#!/bin/bash
# One script of commands, given to the real docker CLI and to ours: whatever the daemon (ours, and the real one where
# it is installed), both say the same and exit alike.
. "${0%/*}/lib.sh"
. "${0%/*}/cli_steps.bash"
need_real_docker 28
real=$cli ours=$TOP/05-cli/docker

# run_steps CLI SOCKET NAME STEPS...: the script's output, normalised, in $T/NAME.
run_steps() {
	local name=$3
	cli=$1 DOCKER_HOST=unix://$2 work=$T/work-$3
	shift 3
	mkdir -p "$work" && cd "$work" || return
	export DOCKER_HOST DOCKER_CONFIG=$work/config
	for part; do $part; done </dev/null 2>&1 | normalise >"$T/$name"
}
compare() { # what, the two names
	expect_eq "$1" "" "$(diff "$T/$2" "$T/$3")"
	expect_match "$1: all of it" '^\[[0-9]+\]$' "$(tail -n 1 "$T/$3")"
}

trap 'thaw; end_real_docker' EXIT

real_daemon() {
	for program in dockerd containerd containerd-shim-runc-v2 iptables; do
		command -v $program >/dev/null || return 1
	done
	start_real_containerd
	start_real_dockerd "$T/real.sock" --registry-mirror "$MIRROR" --bip 172.30.0.1/16
}

all_hierarchies
start_stack
(run_steps "$real" "$T/docker.sock" real-ours steps first_steps)
(run_steps "$ours" "$T/docker.sock" ours-ours steps first_steps)
compare "both clients with our daemon" real-ours ours-ours
# The screen is never empty: each frame is drawn over the last one, where the real one draws it twice.
frames=$(script -qec "timeout -s INT 1 $ours stats" /dev/null | cat -v)
expect_match "stats begins at the top, line over line" '^\^\[\[HCONTAINER ID +NAME.*PIDS\^\[\[K\^M$' "$frames"
expect_match "and erases what is below" '^\^\[\[J\^\[\[HCONTAINER' "$frames"
interrupted() { python3 "$TOP/tests/e2e/cli_interrupt.py" "$ours" "$@"; }
expect_eq "ctrl-C at a password leaves the terminal as it was" "echo -2 b'\\r\\n'" "$(interrupted Password login -u me 127.0.0.1:1)"
expect_eq "and at a question" "echo -2 b'\\r\\n'" "$(interrupted y/N volume prune)"
stop_stack
# Half a minute, which CI has not: there it is our daemon alone.
if [ -z "${CI:-}" ] && real_daemon; then
	start_registry
	(run_steps "$real" "$T/real.sock" real-real steps)
	(run_steps "$ours" "$T/real.sock" ours-real steps)
	compare "both clients with the real daemon" real-real ours-real
	expect_eq "of the real daemon a trace has what was asked" "docker docker" "$(DOCKER_HOST=unix://$T/real.sock docker --trace version \
		2>&1 >/dev/null | sed -n 's/.*|  *\([a-z]*\): .*/\1/p' | xargs)"
fi
done_testing
