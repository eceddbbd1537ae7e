#!/bin/bash
# A log on a full disk: the lines of a task that was deleted meanwhile, what lay in its pipe included,
# and of the next task of the same container are there once and in order when there is room again.
. "${0%/*}/lib.sh"

mkdir -p "$T/logs"
mount -t tmpfs -o size=1m small "$T/logs"
seed busybox
start_registry
start_containerd
IMAGE=$REGISTRY/library/busybox:latest
LOG=$T/logs/c.log
expect_ok ctr images pull --plain-http "$IMAGE"
mark

post() { curl -sS --max-time 20 --unix-socket "$T/containerd.sock" -d "$2" "http://c/v1/$1"; }
delete() { curl -sS --max-time 20 --unix-socket "$T/containerd.sock" -X DELETE "http://c/v1/$1"; }
begin_task() { # more than the log takes, less than log, buffers and pipe together
	post tasks "{\"containerID\":\"c\",\"log\":{\"driver\":\"json-file\",\"path\":\"$LOG\"}}" >/dev/null
	post tasks/c/start "{}" >/dev/null
}
shims() { pgrep -fc "^[^ ]*containerd-shim --bundle $T/" || true; }
no_shim() { [ "$(shims)" = 0 ]; }
said() { jq -rj .log "$LOG"; }
expected() { for run in 1 2; do seq -f "%05g of a line in the log" 1 1000; done; printf end; }

# One block is left free: the log takes some lines, then none.
expect_ok ctr containers create "$IMAGE" c sh -c \
	'i=1; while [ $i -le 1000 ]; do printf "%05d of a line in the log\n" $i; i=$((i + 1)); done; [ ! -e /again ] || printf end; touch /again'
dd if=/dev/zero of="$T/logs/filler" bs=4k count=255 2>/dev/null
begin_task
expect_match "the task ends, and its status is known" '"exitStatus": ?0' "$(post tasks/c/wait '{}')"
expect_match "it can be deleted" '"exitStatus": ?0' "$(delete tasks/c)"
expect_eq "its shim stays with what the disk has not taken" 1 "$(shims)"
begin_task
expect_match "the next task ends as well" '"exitStatus": ?0' "$(post tasks/c/wait '{}')"
expect_match "and is deleted" '"exitStatus": ?0' "$(delete tasks/c)"
expect_eq "two shims wait" 2 "$(shims)"
rm "$T/logs/filler"
wait_for 5 no_shim
expect_eq "no shim stays when all is written" 0 "$(shims)"
expect_eq "each line is there once and in order" "$(expected | md5sum)" "$(said | md5sum)"

dd if=/dev/zero of="$T/logs/filler" bs=64k 2>/dev/null
begin_task
post tasks/c/wait '{}' >/dev/null
delete tasks/c >/dev/null
expect_eq "a shim waits again" 1 "$(shims)"
rm "$LOG"
wait_for 3 no_shim
expect_eq "but not for a log that was deleted" 0 "$(shims)"
expect_ok ctr containers rm c
rm -f "$T/logs/filler"
expect_unchanged "a full log"
stop_containerd
stop_registry
umount "$T/logs"
done_testing
