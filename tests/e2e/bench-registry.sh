#!/bin/bash
# The part of make bench that asks two registries and the floor the same: the rows are measured for whatever is
# installed, each goal has its verdict, and nothing is left behind. Not how fast anything is.
. "${0%/*}/lib.sh"
need python3
[ -z "${SAN:-}" ] || skip "a build with sanitizers is not what is to be measured"
unset DOCKYARD_TRACE

make -s -C "$TOP/tests/bench" build/load || fail "the client is not built"
mark
for row in 'blob 1 KB, 16 clients' 'push 100 small'; do
	expect_ok env QUICK=1 ONLY="$row" "$TOP/tests/bench/registry.py"
	programs=3
	! grep -q '^docker-registry: docker-registry is not installed' <<<"$output" || programs=2
	expect_match "$row is measured" "^$row.* (1/s|s)( +[0-9.]+ \[[^]]+\]){$((2 * programs))}\$" "$output"
	expect_match "and memory" '^memory at rest: ours [0-9.]+ MiB, floor [0-9.]+ MiB' "$output"
	[ $programs = 2 ] || expect_eq "each goal has its verdict" 3 "$(grep -Ec ' (met|missed)$' <<<"$output")"
done
expect_unchanged "make bench"
done_testing
