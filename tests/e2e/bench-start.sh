#!/bin/bash
# The half of make bench that starts containers: every row is measured for whatever is installed,
# each goal has its verdict, and nothing is left behind. Not how fast anything is.
. "${0%/*}/lib.sh"
need python3
[ -z "${SAN:-}" ] || skip "a build with sanitizers is not what is to be measured"
[ -n "${BENCHES:-}" ] || skip "the benchmark of starts has minutes to itself: BENCHES=1 tests/e2e/run bench-start"
unset DOCKYARD_TRACE

left() { find /sys/fs/cgroup "${TMPDIR:-/tmp}" -maxdepth 2 -name 'dockyard-bench.*' 2>/dev/null | sort; }
before=$(left)
image busybox >/dev/null
mark

expect_ok env QUICK=1 START_ROUNDS=1 "$TOP/tests/bench/start.py"
said=$output
number='[0-9.]+ \[[^]]+\]' programs=1
expect_match "ours is measured" '^ours: /' "$said"
for program in ctr docker podman; do
	expect_match "$program is measured, or said not to be here" "^$program: (/|not installed, skipped)" "$said"
	! grep -q "^$program: /" <<<"$said" || programs=$((programs + 1))
done
for row in 'run' '2 in sequence' 'shim: memory'; do
	expect_match "$row: all programs" "^$row +(ms|MiB)( +$number){$programs}\$" "$said"
done
expect_match "our memory" "^idle: memory +MiB +$number" "$said"
expect_match "a restart" "^restart, 10 containers +ms +$number" "$said"
expect_eq "each goal has its verdict" 5 "$(grep -Ec ' (met|missed|not measured)$' <<<"$said")"
expect_eq "no group and no directory is left" "$before" "$(left)"
expect_unchanged "make bench"
done_testing
