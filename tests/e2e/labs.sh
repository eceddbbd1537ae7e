#!/bin/bash
# Every lab's grader fails the starter and passes the reference solution.
. "${0%/*}/lib.sh"

for lab in "$TOP"/labs/[0-9]*/; do
	name=$(basename "$lab")
	expect_ok "$lab/grade" "$lab/solution"
	expect_fail 1 "^FAIL" "$lab/grade" "$lab/starter"
	expect_match "$name has a handout" '^# Lab ' "$(head -n 1 "$lab/README.md")"
done
expect_fail 2 "usage: make lab" "$TOP/labs/lab" 99
done_testing
