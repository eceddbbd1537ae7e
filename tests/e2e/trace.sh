#!/bin/bash
# docker --trace shows one command's way through every box, with the system calls that made the
# container; DOCKER_TRACE writes it for Perfetto. Who does not ask leaves no trace.
. "${0%/*}/lib.sh"
unset DOCKYARD_TRACE
need python3 curl
start_stack busybox

# ---- drawn ----
docker --trace run --name one busybox env >"$T/out" 2>"$T/drawn"
drawn=$(cat "$T/drawn")
expect_no_match "the container is not told of the trace" 'TRACE' "$(cat "$T/out")"
expect_match "the trace has an id" '^trace [0-9a-f]{32}$' "$drawn"
for box in docker dockerd registry containerd shim runc kernel; do
	expect_match "$box is in it" "\\|  *$box: " "$drawn"
done
expect_match "clone3 with its flags" 'kernel: clone3\(.*CLONE_NEWNS\|CLONE_NEWPID.*\) = [0-9]+$' "$drawn"
expect_match "a mount" 'kernel: move_mount\([0-9]+, .*/rootfs/proc\)' "$drawn"
expect_match "the change of root" 'kernel: pivot_root\(.*/rootfs\)' "$drawn"
expect_match "a write to a cgroup" 'kernel: write\(/sys/fs/cgroup/.*/docker/[0-9a-f]{12}/[a-z.]+, ".*"\)' "$drawn"
expect_match "the filter" 'kernel: seccomp\(SECCOMP_SET_MODE_FILTER, [0-9]+ instructions\)' "$drawn"
expect_match "the program" 'kernel: execve\(env\)' "$drawn"
expect_match "what the daemon does at its end, for who waits" 'dockerd: exit of one \(0\).*dockerd: network: leave bridge.*containerd: DELETE /v1/tasks' \
	"$(tr '\n' ' ' <<<"$drawn")"
expect_ok docker --trace rm one
expect_match "its removal" 'dockerd: remove one$' "$output"
expect_fail 1 'dockerd: restart again in 100 ms' docker --trace run --restart on-failure:1 --name again busybox false
expect_ok docker run -d --name two busybox sleep 100
expect_ok docker --trace exec two true
expect_match "exec enters the namespaces" 'runc: exec.*kernel: setns\(.*CLONE_NEWNS.*kernel: execve\(true\)' "$(tr '\n' ' ' <<<"$output")"
expect_ok docker --trace rm -f two
expect_match "the end of it, too" 'shim: runc kill [0-9a-f]{12}$' "$output"
expect_match "up to its exit" 'dockerd: exit of two \(137\).*dockerd: remove two' "$(tr '\n' ' ' <<<"$output")"

# ---- written, and two at once ----
DOCKER_TRACE=$T/a.json docker run --rm --name first busybox true &
DOCKER_TRACE=$T/b.json docker run --rm --name second busybox true
wait $!
expect_ok python3 "$TOP/tests/e2e/trace_check.py" "$T/a.json" first second
expect_ok python3 "$TOP/tests/e2e/trace_check.py" "$T/b.json" second first
expect_ok env DOCKER_TRACE="$T/c.txt" "$TOP/05-cli/docker" version
expect_match "another file's name: the drawing" ' dockerd: GET /v1.*/version: 200' "$(cat "$T/c.txt")"
expect_fail 1 'open /none/x.json: no such file or directory' env DOCKER_TRACE=/none/x.json "$TOP/05-cli/docker" version
expect_fail 1 'docker: docker ps: exit status 1' docker --trace -H unix:///none.sock ps

# ---- only who asks ----
ask() { curl -sS --unix-socket "$T/$1" -H "traceparent: 00-$3-00f067aa0ba902b7-$4" "http://x$2"; }
kept() { curl -sS --unix-socket "$T/docker.sock" "http://x/trace/$1"; }
id=4bf92f3577b34da6a3ce929d0e0e4736
ask docker.sock /images/json $id 00 >/dev/null
expect_eq "without the flag nothing is kept" "" "$(kept $id)"
ask docker.sock /images/json $id 01 >/dev/null
expect_match "with it dockerd's part is, and containerd's" \
	'	dockerd	GET /images/json: 200.*	containerd	GET /v1/images: 200' "$(kept $id | sort -r -k3,3 | tr '\n' ' ')"
expect_match "a trace has 32 digits" 'is no trace id' "$(kept 123)"
expect_match "the registry tells whoever traces how long it took" 'Server-Timing: total;dur=[0-9.]+' \
	"$(curl -sSi -H "traceparent: 00-$id-00f067aa0ba902b7-01" http://$REGISTRY/v2/)"
expect_no_match "and nobody else" 'Server-Timing' "$(curl -sSi http://$REGISTRY/v2/)"
expect_eq "no file is left of it" "" "$(find "$T/run-containerd" -name 'trace*')"

# Strangers' traces push each other out: the memory has an end.
for i in {10..40}; do
	ask docker.sock /_ping "${i}f92f3577b34da6a3ce929d0e0e4736" 01 >/dev/null
done
expect_eq "the oldest is forgotten" "" "$(kept $id | grep -v containerd)"
expect_match "the latest is kept" 'GET /_ping: 200' "$(kept 40f92f3577b34da6a3ce929d0e0e4736)"
stop_stack
done_testing
