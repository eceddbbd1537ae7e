#!/bin/bash
# The half of make bench that asks two dockerds the same: every row is measured for whatever is installed,
# each goal has its verdict, and nothing is left behind. Not how fast anything is.
. "${0%/*}/lib.sh"
need python3
[ -z "${SAN:-}" ] || skip "a build with sanitizers is not what is to be measured"
[ -n "${BENCHES:-}" ] || skip "the benchmark of dockerd has minutes to itself: BENCHES=1 tests/e2e/run bench-engine"
unset DOCKYARD_TRACE
need_real_docker

image busybox >/dev/null
mark

expect_ok env QUICK=1 ENGINE_ROUNDS=1 "$TOP/tests/bench/engine.py"
said=$output
programs=$(grep -Ec '^(ours|docker): /' <<<"$said")
expect_match "ours is measured" '^ours: /' "$said"
expect_match "docker is measured, or said not to be here" '^docker: .*(, asked by|skipped)' "$said"
for row in 'run, bridge' 'run, no network' 'run, own client' create exec 'exec, own client' 'exec, asked of the API' 'ps, 4 containers' 'start of 3, 8 at a time' 'idle: memory'; do
	expect_match "$row" "^$row +(ms|MiB)( +[0-9.]+ \[[^]]+\]){$programs}\$" "$said"
done
expect_eq "each goal has its verdict" 5 "$(grep -Ec ' (met|missed|not measured)$' <<<"$said")"
expect_unchanged "make bench"
done_testing
