#!/bin/bash
# Without root privileges each program says so in one clear line, and changes nothing.
. "${0%/*}/lib.sh"
need setpriv

# nobody may not reach the tree, wherever it is: give it copies.
chmod 755 "$T"
mkdir -m 755 "$T/bin"
cp "$TOP/02-runc/runc" "$TOP/03-containerd/containerd" "$TOP/04-dockerd/dockerd" "$TOP/05-cli/docker" \
	"$TOP/01-kernel/kernel" "$T/bin/"
mkdir -m 777 "$T/nobody"
as_nobody() { (cd "$T/nobody" && HOME=$T/nobody setpriv --reuid 65534 --regid 65534 --clear-groups "$@"); }

rights='[Rr]oot|[Pp]ermi(ssion|tted)'
mkdir -p "$T/nobody/bundle/rootfs"
chmod -R 777 "$T/nobody"
expect_ok as_nobody "$T/bin/runc" spec
cp "$T/nobody/config.json" "$T/nobody/bundle/"
one_line() { expect_eq "one line: $output" 1 "$(grep -c . <<<"$output")"; }
mark
sed -i 's/"terminal": *true/"terminal": false/' "$T/nobody/bundle/config.json"
expect_fail 1 "$rights" as_nobody "$T/bin/runc" --root "$T/nobody/r" run --bundle "$T/nobody/bundle" c
one_line
expect_fail 1 "$rights" as_nobody "$T/bin/containerd" --root "$T/nobody/c" --state "$T/nobody/s" --address "$T/nobody/c.sock"
one_line
expect_fail 1 "$rights" as_nobody "$T/bin/dockerd" --data-root "$T/nobody/d" --exec-root "$T/nobody/x" \
	-H "unix://$T/nobody/d.sock" --containerd "$T/nobody/c.sock" --pidfile "$T/nobody/d.pid"
one_line
expect_fail 1 "$rights" as_nobody "$T/bin/kernel" ns --pid -- true
expect_unchanged "programs without privileges"

# The daemon's socket is root's: the CLI says what is wrong, and not "is it running?".
start_stack busybox
expect_fail 1 'permission denied.*docker.sock|docker.sock.*[Pp]ermission denied' as_nobody "$T/bin/docker" ps
expect_fail 125 '[Pp]ermission denied' as_nobody "$T/bin/docker" run busybox true
stop_stack
done_testing
