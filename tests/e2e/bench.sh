#!/bin/bash
# make bench: every row is measured for every program, what does not do the work is
# found out and fails it, and nothing is left behind. Not how fast anything is.
. "${0%/*}/lib.sh"
need python3 busybox
[ -z "${SAN:-}" ] || skip "a build with sanitizers is not what is to be measured"
unset DOCKYARD_TRACE

bench() { env -u MAKEFLAGS -u MAKELEVEL make --no-print-directory -C "$TOP" bench BENCH=runtime QUICK=1 "$@"; }
export TMPDIR=$T/tmp # another benchmark may run beside this one
mkdir "$TMPDIR"
left() { find /sys/fs/cgroup "$TMPDIR" -maxdepth 2 -name 'dockyard-bench.*' 2>/dev/null | sort; }
before=$(left)
mark

expect_ok bench ROUNDS=1
said=$output
number='[0-9]+\.[0-9] \[[^]]+\]' programs=2
for program in crun runc; do
	expect_match "$program is measured, or said not to be here" "^$program: (/|not installed, skipped)" "$said"
	! grep -q "^$program: /" <<<"$said" || programs=$((programs + 1))
done
for row in 'run, docker' 'run, docker: cpu' 'run, minimal' 'run, minimal: cpu' exec 'exec: cpu' \
	'8 in sequence' '8, 8 at a time' 'run: memory' 'exec: memory'; do
	expect_match "$row: all programs" "^$row +(ms|MiB) +1( +$number){$programs}\$" "$said"
done
for row in create start delete 'create to delete' 'create: memory'; do
	expect_match "$row: all but the floor" "^$row +(ms|MiB) +1( +$number){$((programs - 1))} +-\$" "$said"
done
expect_eq "each goal has its verdict" 2 "$(grep -Ec '^run, (docker|minimal) +1\.6 of floor .* (met|missed)$' <<<"$said")"
grep -q '^crun: /' <<<"$said" &&
	expect_eq "and those that crun sets" 4 "$(grep -Ec ' 0\.5 of crun .* (met|missed)$' <<<"$said")"
expect_match "noise is reported" '^noise: load average' "$said"

# A program that says yes and does nothing, one that says no, and one that leaves something out.
cat >"$T/careless" <<-END
	#!/bin/sh
	# runc, but for the filter
	for a; do
		[ ! -f "\$a/config.json" ] || sed -i 's/"seccomp"/"forgotten"/' "\$a/config.json"
	done
	exec "$TOP/02-runc/runc" "\$@"
END
chmod +x "$T/careless"
expect_fail any 'liar: .*does not do the same work' env ROUNDS=0 \
	BENCH_RUNTIMES="liar=/bin/true broken=/bin/false careless=$T/careless" "$TOP/tests/bench/runtime.py"
expect_match "what fails is named" 'broken: .*does not do the same work' "$output"
expect_match "a missing filter is seen" "Seccomp: .*'0' in careless's container" "$output"
expect_no_match "the others are not suspected" '(ours|floor|crun|runc): .*does not do the same work' "$output"

expect_eq "no group and no directory is left" "$before" "$(left)"
expect_unchanged "make bench"
done_testing
