#!/bin/bash
# A full disk: a pull that does not fit, and a container that writes until
# nothing does, end in an error that says so; what was half written is gone, and
# the daemons go on.
. "${0%/*}/lib.sh"

mkdir -p "$T/containerd"
mount -t tmpfs -o size=7m small "$T/containerd"
start_stack nginx busybox
mark
used() { df --output=used "$T/containerd" | tail -n 1; }
before=$(used)
expect_fail 1 '[Nn]o space left' docker pull nginx
expect_no_match "it is no image" nginx "$(docker images)"
expect_unchanged "a pull onto a full disk"
expect_eq "what it had written is gone" yes "$([ "$(used)" -le $((before + 64)) ] && echo yes || echo "no: $(used) KiB, before: $before")"
expect_eq "what fits still works" hello "$(docker run --rm busybox echo hello)"
expect_fail 1 '[Nn]o space left' docker run --rm busybox sh -c 'dd if=/dev/zero of=/big bs=64k 2>&1'
expect_eq "and again" hello "$(docker run --rm busybox echo hello)"
expect_unchanged "a container that filled the disk"
stop_stack
umount "$T/containerd"
done_testing
