#!/bin/bash
# A container is taken apart by the real criu and goes on later where it stopped; mounts from
# the host and namespaces that are shared are there again.
. "${0%/*}/lib.sh"
. "${0%/*}/checkpoint_lib.bash"
mark

# ---- memory, files, clocks, limits ----------------------------------------------

bundle plain "$counting" "c['linux']['resources'] = {'pids': {'limit': 77}}" "c['hostname'] = 'keeper'"
run plain
runc exec plain sh -c 'mkdir /tmp/dir && echo kept >/tmp/dir/file' || fail "exec"
there_and_back plain
expect_eq "a tmpfs has kept what was in it" kept "$(runc exec plain cat /tmp/dir/file)"
expect_eq "so has the open file, without a gap" "" "$(runc exec plain cat /tmp/log |
	awk '$1 != NR { print "line " NR ": " $1 }')"
expect_eq "the host name" keeper "$(runc exec plain cat /proc/sys/kernel/hostname)"
expect_eq "the limit is in force again" 77 \
	"$(cat /sys/fs/cgroup/{pids,.}/plain/pids.max 2>/dev/null)"
expect_match "loopback is up, as in a new container" 'UP' "$(runc exec plain ip link show lo)"
expect_match "the root is still read-only" 'Read-only' "$(runc exec plain sh -c 'echo x >/data/x' 2>&1)"
# The second time it is in a time namespace that criu has made for it.
there_and_back plain
pid=$(runc state plain | sed -n 's/.*"pid": \([0-9]*\),/\1/p')
expect_eq "exec sees the same clocks as init" "$(readlink "/proc/$pid/ns/time")" \
	"$(runc exec plain readlink /proc/self/ns/time)"
# A process that exec has added is saved too, once it belongs to init.
runc exec plain sh -c 'sleep 1234 </dev/null >/dev/null 2>&1 &' || fail "exec"
there_and_back plain
expect_match "the process of exec is there" 'sleep 1234' "$(runc exec plain ps)"
quietly pause plain && expect_eq "it can be paused" paused "$(status plain)"
expect_ok checkpoint plain # paused, it can be saved as well
restore plain
delete plain
expect_unchanged "restoring"

# ---- mounts --------------------------------------------------------------------

mkdir -p "$T/volume/below" "$T/other" "$rootfs/real/conf"
ln -s /real/conf "$rootfs/conf"
echo one >"$T/file"
mount -t tmpfs below "$T/volume/below"
bundle mounts "$counting" "
def bind(to, source, *options):
    c['mounts'].append({'destination': to, 'type': 'bind', 'source': source, 'options': list(options)})" "
bind('/volume', '$T/volume', 'rbind', 'rw'); bind('/volume/inner', '$T/other', 'bind', 'ro')
bind('/etc/file', '$T/file', 'bind', 'ro'); bind('/conf', '../other', 'bind')
bind('/tmp/in/tmpfs', '$T/other', 'bind'); bind('/dev/zero', '/dev/zero', 'bind')" "
c['linux']['namespaces'] = [n for n in c['linux']['namespaces'] if n['type'] != 'cgroup']"
# Where each mount comes from and how; the numbers of the devices are new ones. criu
# does not give /dev/null over a masked file its read-only back: it makes no difference.
mounts() { runc exec mounts cat /proc/self/mountinfo | awk '$4 != "/null" { print $4, $5, $6, $9 }' | sort; }
run mounts
mounts >"$T/mounts.before"
# What was made to mount on is made again where it is missing.
expect_ok checkpoint mounts
rmdir "$T/volume/inner"
restore mounts
mounts >"$T/mounts.after"
expect_eq "the same mounts" "" "$(diff "$T/mounts.before" "$T/mounts.after")"
expect_match "among them the container's own cgroups" '/mounts /sys/fs/cgroup/' "$(cat "$T/mounts.after")"
runc exec mounts sh -c 'echo here >/volume/below/x; echo here >/conf/x; echo two >/etc/file' 2>/dev/null
expect_eq "they are still the host's" "here here one" \
	"$(cat "$T/volume/below/x" "$T/other/x" "$T/file" | tr '\n' ' ' | sed 's/ $//')"
expect_match "a masked file stays masked" '^0$' "$(runc exec mounts sh -c 'cat /proc/keys | wc -c')"
delete mounts
umount "$T/volume/below"
expect_unchanged "mounts"

# ---- namespaces and hooks ----------------------------------------------------------

ip netns add shared || fail "ip netns add"
hook="lambda kind: [{'path': '/bin/sh', 'args': ['sh', '-c', 'echo %s >>$T/hooks' % kind]}]"
bundle spaces "$counting" "
[n for n in c['linux']['namespaces'] if n['type'] == 'network'][0]['path'] = '/run/netns/shared'
[n for n in c['linux']['namespaces'] if n['type'] == 'ipc'][0]['path'] = '/proc/1/ns/ipc'" "
hook = $hook
c['hooks'] = {k: hook(k) for k in ('prestart', 'createRuntime', 'poststart', 'poststop')}"
run spaces
there_and_back spaces
pid=$(runc state spaces | sed -n 's/.*"pid": \([0-9]*\),/\1/p')
expect_eq "the shared network namespace" "$(stat -L -c %i /run/netns/shared)" "$(stat -L -c %i "/proc/$pid/ns/net")"
expect_eq "the shared ipc namespace" "$(readlink /proc/1/ns/ipc)" "$(readlink "/proc/$pid/ns/ipc")"
delete spaces
expect_eq "the hooks" "prestart createRuntime poststart poststop prestart createRuntime poststop" \
	"$(tr '\n' ' ' <"$T/hooks" | sed 's/ $//')"
ip netns del shared
expect_unchanged "namespaces"
done_testing
