#!/bin/bash
# The part of make bench that builds images: every row is measured for whatever is installed, each goal has its
# verdict, and nothing is left behind. Not how fast anything is.
. "${0%/*}/lib.sh"
need python3
[ -z "${SAN:-}" ] || skip "a build with sanitizers is not what is to be measured"
[ -n "${BENCHES:-}" ] || skip "the benchmark of builds has minutes to itself: BENCHES=1 tests/e2e/run bench-build"
unset DOCKYARD_TRACE

image busybox >/dev/null
mark
expect_ok env QUICK=1 BUILD_ROUNDS=1 "$TOP/tests/bench/build.py"
said=$output
programs=$(grep -Ec '^(ours|docker|buildah|buildah, one layer): /' <<<"$said")
expect_match "ours is measured" '^ours: /' "$said"
for program in docker buildah; do
	expect_match "$program is measured, or said not to be here" "^$program: (/|not installed, skipped)" "$said"
done
for row in '20 steps' '20 steps: processor' '2 MB of context'; do
	expect_match "$row" "^$row +ms( +[0-9.]+ \\[[^]]+\\]){$programs}\$" "$said"
done
expect_match "the cache" '^20 steps, cached +ms +[0-9.]+ ' "$said"
expect_eq "each goal has its verdict" 3 "$(grep -Ec ' (met|missed|not measured)$' <<<"$said")"
expect_unchanged "make bench"
done_testing
