#!/bin/bash
# make bench BENCH=pull: whatever is installed pulls the image, cold and with half of it there, and nothing is
# left behind. Not how fast anything is.
. "${0%/*}/lib.sh"
need python3 curl tar
[ -z "${SAN:-}" ] || skip "a build with sanitizers is not what is to be measured"
[ -n "${BENCHES:-}" ] || skip "the benchmark of pulls has minutes to itself: BENCHES=1 tests/e2e/run bench-pull"
[ -w /proc/sys/vm/drop_caches ] || skip "the kernel's caches cannot be dropped here"
unset DOCKYARD_TRACE

bench() { env -u MAKEFLAGS -u MAKELEVEL make --no-print-directory -C "$TOP" bench BENCH=pull QUICK=1 PULL_MB=2 "$@"; }
left() { find /sys/fs/cgroup "${TMPDIR:-/tmp}" -maxdepth 2 -name 'dockyard-bench.*' 2>/dev/null | sort; }
before=$(left)
mark

expect_ok bench
said=$output
expect_match "the image is described" '^image: 8 layers, 100 files, 2 MiB, compressed [0-9]+ MiB; registry: /' "$said"
programs=4 # ours, ours through dockerd, the floor, two at a time
for program in containerd docker podman; do
	expect_match "$program is measured, or said not to be here" "^$program: " "$said"
	grep -q "^$program: not installed" <<<"$said" || programs=$((programs + 1))
done
number='[0-9]+\.[0-9]+ \[[^]]+\]'
for row in pull 'pull, on disk' shared 'shared, on disk'; do
	expect_match "$row: all programs" "^$row +s +1( +$number){$programs}\$" "$said"
done
expect_eq "each goal has its verdict" 5 "$(grep -Ec '^(pull|shared): ours.* (met|missed|not measured)$' <<<"$said")"
expect_match "noise is reported" '^noise: load average' "$said"

# What fails is told, and fails the benchmark.
mkdir "$T/bin"
printf '#!/bin/sh\ncase "$*" in --version) echo podman 0;; *) echo no such thing >&2; exit 3;; esac\n' >"$T/bin/podman"
chmod +x "$T/bin/podman"
expect_fail any '^podman: pull, .*could not be measured: .*exit status 3' \
	env PATH="$T/bin:$PATH" QUICK=1 PULL_MB=1 PULLERS=ours,podman "$TOP/tests/bench/pull.py"
expect_match "with the last words of what failed" '^no such thing$' "$output"

expect_eq "no directory is left" "$before" "$(left)"
expect_unchanged "make bench"
done_testing
