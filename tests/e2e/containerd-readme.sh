#!/bin/bash
# Every command in "The API" of 03-containerd/README.md works as it stands there,
# and answers what is printed there, but for ids, times and sizes.
. "${0%/*}/lib.sh"
need curl jq

seed busybox
start_registry
# $T/d stands for the README's /tmp/d, and $U for its container: cgroups are the machine's.
U=$(basename "$T" | tr -cd 'A-Za-z0-9')
mkdir "$T/d"
"$TOP/03-containerd/containerd" --root "$T/d/root" --state "$T/d/run" --address "$T/d/c.sock" \
	--runtime "$TOP/02-runc/runc" >"$T/containerd.log" 2>&1 </dev/null &
pid_containerd=$!
ready containerd 10 curl -s --unix-socket "$T/d/c.sock" http://c/v1/version
cd "$TOP/03-containerd" || exit 1

# What differs from run to run.
plain() {
	sed -E 's/sha256:[0-9a-f]{8,}…?/DIGEST/g; s/[0-9]{4}-[0-9-]+T[0-9:.]+Z/TIME/g; s/"(pid|memoryUsage|size)":[0-9]+/"\1":N/g
		s/^\[[0-9]+\]$/[N]/; s/\[true,[0-9]+/[true,N/; s,snapshots/[0-9]+,snapshots/N,g; s/ +$//'
}
compare() { # COMMAND EXPECTED
	local got
	got=$(plain <<<"$output")
	expect_eq "$1" "$(plain <<<"$2")" "$got"
}

command='' want=''
finish() {
	[ -z "$command" ] || compare "$command" "$want"
	command='' want=''
}
while IFS= read -r line; do
	case $line in
	'$ '*)
		finish
		command=${line#??}
		ours=${command//\/tmp\/d/$T/d}
		eval "${ours//hello/$U}" >"$T/out" 2>&1 </dev/null || fail "$command: $(cat "$T/out")"
		output=$(sed "s,$T/d,/tmp/d,g; s,$U,hello,g" "$T/out")
		[ "${command% &}" = "$command" ] || sleep 0.3 # a subscription must be in before the next line
		;;
	*) want+=${want:+$'\n'}$line ;;
	esac
done < <(sed -n '/^## The API/,$ { /^```$/,/^```$/ { /^```$/!p } }' README.md)
finish
[ "$checks" -ge 25 ] || fail "only $checks commands were found in README.md"
stop_containerd
stop_registry
done_testing
