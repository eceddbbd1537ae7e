#!/bin/bash
# containerd, dockerd and shims are killed at random moments, and the disk is full for a while,
# again and again, while containers run, write, end and are removed and images are pulled:
# nothing that was to last is lost, and nothing that was to go is left (random_kills.py).
#
# KILLS=300 SEED=7 tests/e2e/run random-kills: more of it, and the same choices again.
. "${0%/*}/lib.sh"
need python3

KILLS=${KILLS:-25} SEED=${SEED:-$((RANDOM * 32768 + RANDOM))}
echo "KILLS=$KILLS SEED=$SEED"
export DOCKYARD_TRACE= KILLS SEED MIRROR REGISTRY

# What a disk holds is on a small one; sockets and programs' state are not.
mkdir "$T/disk"
mount -t tmpfs -o size=48m disk "$T/disk"
python3 "$TOP/tests/e2e/kills_image.py" "$T/one" 1 || fail "kills_image.py"
python3 "$TOP/tests/e2e/kills_image.py" "$T/two" 2 || fail "kills_image.py"
seed busybox >/dev/null
registry seed --root "$T/registry" "$T/one" library/one >/dev/null || fail "seed one"
start_registry
echo "{\"layout\":\"$T/two\"}" >"$T/hostile.json"
launch hostile "$(command -v python3)" "$TOP/tests/e2e/hostile_registry.py" 127.0.0.1 5100 "$T/hostile.json" \
	"$T/hostile.requests"
wait_for 10 bash -c "</dev/tcp/127.0.0.1/5100" || fail "hostile_registry.py does not listen"
note_ids
mark
python3 "$TOP/tests/e2e/random_kills.py" "$TOP" "$T" || fail "KILLS=$KILLS SEED=$SEED tests/e2e/run random-kills"
expect_unchanged "all that was run, pulled, killed and removed"
stop_registry
umount "$T/disk"
done_testing
