#!/bin/bash
# A shim that comes up after its containerd was killed ends by itself: the next containerd may
# have looked for it before it listened, and would never tell it to.
. "${0%/*}/lib.sh"
need python3

mkdir -p "$T/bundle/rootfs"
cat >"$T/bundle/options.json" <<END
{"id": "orphan", "namespace": "default", "runtime": {"binary": "/bin/false", "root": "$T/runc"}}
END
shims() { pgrep -fc "^[^ ]*containerd-shim --bundle $T/bundle"; }
none() { [ "$(shims)" = 0 ]; }
start_shim() { # READER: does somebody read what it reports?
	python3 - "$1" "$TOP/03-containerd/containerd-shim" "$T/bundle" <<-'END'
		import os, subprocess, sys
		reader, writer = os.pipe()
		if sys.argv[1] == "no":
		    os.close(reader)
		subprocess.run([sys.argv[2], "--bundle", sys.argv[3]], stdout=writer)
		os.close(writer)
		if sys.argv[1] == "yes":
		    print(os.read(reader, 100).decode(), end="")
	END
}

expect_eq "a shim reports that it is ready" "{}" "$(start_shim yes)"
expect_eq "and stays" 1 "$(shims)"
kill -KILL "$(cat "$T/bundle/shim.pid")"
wait_for 2 none
start_shim no
wait_for 2 none
expect_eq "a shim without a containerd ends" 0 "$(shims)"
expect_eq "and takes its socket along" no "$([ -e "$T/bundle/shim.sock" ] && echo yes || echo no)"
done_testing
