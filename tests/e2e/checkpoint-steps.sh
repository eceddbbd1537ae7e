#!/bin/bash
# A checkpoint need not be an end: the container runs on, is doubled, is saved in two steps,
# or is there until the restored one has all of its memory.
. "${0%/*}/lib.sh"
. "${0%/*}/checkpoint_lib.bash"
mark

# ---- with and without an end ----------------------------------------------------

bundle stays "$counting"
run stays
before=$(word_of stays)
expect_ok checkpoint stays --leave-running
expect_eq "--leave-running: it runs" "running $before" "$(status stays) $(word_of stays)"
count=$(count_of stays)
wait_for 5 counts stays "$count" || fail "it does not count any more"
# The images make a second container of it: the same memory under another id.
mkdir "$T/twin" && cp "$T/stays/config.json" "$T/twin"
echo twin >>"$T/ids"
quietly restore -d --bundle "$T/twin" --image-path "$T/img-stays" --pid-file "$T/pid" twin || fail "twin"
expect_eq "restored under another id" "running $before" "$(status twin) $(word_of twin)"
expect_eq "the pid file" "$(runc state twin | sed -n 's/.*"pid": \([0-9]*\),/\1/p')" "$(cat "$T/pid")"
expect_match "in a cgroup of its own" '/twin$' "$(cat "/proc/$(cat "$T/pid")/cgroup")"
expect_no_match "and not in the other's" '/stays' "$(cat "/proc/$(cat "$T/pid")/cgroup")"
expect_fail 1 'already exists' runc restore -d --bundle "$T/twin" --image-path "$T/img-stays" twin
delete twin
delete stays
expect_unchanged "leaving it running"

# ---- memory before and memory after ----------------------------------------------

# First the memory alone, while it runs; then what has changed since.
bundle steps "$counting"
run steps
word=$(word_of steps)
if runc checkpoint --pre-dump --image-path "$T/parent" --work-path "$T/work-steps" steps 2>"$T/said"; then
	expect_eq "--pre-dump: it runs" running "$(status steps)"
	expect_ok checkpoint steps --parent-path ../parent
	expect_ok test -e "$T/img-steps/parent"
	restore steps
	expect_eq "a second dump upon the first" "$word" "$(word_of steps)"
else
	expect_match "without memory tracking there is no pre-dump" \
		'criu is missing features: \[MemTrack\]' "$(cat "$T/said")"
	expect_eq "and it runs" running "$(status steps)"
	echo "not tried: a dump in two steps (this kernel does not track what is written to)"
fi
delete steps
expect_unchanged "a dump in two steps"

# The checkpoint stays until the restored one has fetched all of its memory from it.
bundle lazy "$counting"
bundle later "$counting"
run lazy
echo later >>"$T/ids"
word=$(word_of lazy)
mkfifo "$T/ready"
exec {ready}<>"$T/ready"
runc checkpoint --lazy-pages --page-server 127.0.0.1:27277 --status-fd "$ready" \
	--manage-cgroups-mode ignore --image-path "$T/img-lazy" --work-path "$T/work-lazy" lazy >"$T/said" 2>&1 &
expect_eq "a byte says that the pages can be had" 1 "$(timeout 20 head -c 1 <&"$ready" | wc -c)"
criu lazy-pages --page-server --address 127.0.0.1 --port 27277 -D "$T/img-lazy" >/dev/null 2>&1 &
wait_for 5 test -S "$T/img-lazy/lazy-pages.socket" || fail "criu lazy-pages does not begin"
restore_lazily() {
	timeout -s KILL 15 "$TOP/02-runc/runc" --root "$T/runc" restore -d --lazy-pages --manage-cgroups-mode ignore \
		--bundle "$T/later" --image-path "$T/img-lazy" --work-path "$T/img-lazy" later \
		</dev/null >/dev/null 2>&1
}
if restore_lazily; then
	wait_for 20 counts later || fail "the lazily restored one does not run"
	expect_eq "lazily restored" "$word" "$(word_of later)"
	wait_for 5 sh -c "! '$TOP/02-runc/runc' --root '$T/runc' state lazy" || fail "the first has not ended"
else
	grep -q 'page-pipe: splice' "$T/work-lazy/dump.log" || fail "the lazy restore" "$(cat "$T/said")"
	echo "not tried to the end: lazy pages (this criu, by itself, does not hand them out)"
	expect_ok runc delete --force lazy
fi
expect_ok runc delete --force later
done_testing
