#!/bin/bash
# An unprivileged user runs containers with our runc: with one id or a range of them,
# with and without a cgroup of his own, and through the real podman.
. "${0%/*}/lib.sh"
need setpriv script

# ---- the user ---------------------------------------------------------------

# Nobody knows his number; he has a name only in files that this mount namespace sees.
uid=54321
for file in passwd group subuid subgid; do
	[ -e "/etc/$file" ] || skip "there is no /etc/$file"
	cp "/etc/$file" "$T/$file"
	mount --bind "$T/$file" "/etc/$file"
done
echo "tester:x:$uid:$uid::$T/user:/bin/sh" >>/etc/passwd
echo "tester:x:$uid:" >>/etc/group
echo tester:300000:65536 | tee -a /etc/subuid >>/etc/subgid

# He may not reach the tree, wherever it is: give him a copy.
chmod 711 "$T"
cp "${RUNTIME:-$TOP/02-runc/runc}" "$T/runc-copy"
bundle=$T/user/bundle
mkdir -p "$bundle/rootfs"/{bin,dev,etc,proc,sys,tmp} "$T/user/run"
cp "$(command -v busybox)" "$bundle/rootfs/bin/busybox" || skip "busybox is not installed"
for applet in $("$bundle/rootfs/bin/busybox" --list); do
	[ "$applet" = busybox ] || ln -s busybox "$bundle/rootfs/bin/$applet"
done
chown -R $uid:$uid "$T/user"
chmod 700 "$T/user/run"
user_env() { # [PATH]
	echo env -i "PATH=${1:-$PATH}" TERM=xterm "HOME=$T/user" "XDG_RUNTIME_DIR=$T/user/run" \
		setpriv --reuid $uid --regid $uid --clear-groups
}
as_user() { (cd "$bundle" && $(user_env) "$@"); }
runc() { as_user "$T/runc-copy" "$@"; }
# script tells its terminal of the end of its input by a NUL, which may be echoed.
on_terminal() { (cd "$bundle" && script -qec "$(user_env) $T/runc-copy $*" /dev/null </dev/null) | tr -d '\r' | sed 's/\^@//'; }
as_user unshare -Ur true 2>/dev/null || skip "unprivileged users may not have user namespaces here"

# edit STATEMENT: of Python, on the document d. container COMMAND...: what it is to run.
edit() {
	python3 -c "import json; p = '$bundle/config.json'; d = json.load(open(p)); l = d['linux']
def mount(at): return next(m for m in d['mounts'] if m['destination'] == at)
$1
json.dump(d, open(p, 'w'))" || fail "edit: $1"
}
container() {
	python3 -c "import json, sys; p = '$bundle/config.json'; d = json.load(open(p))
d['process']['args'] = sys.argv[1:]
json.dump(d, open(p, 'w'))" "$@"
}
begin() { # a document to begin with
	rm -f "$bundle/config.json"
	expect_ok runc spec --rootless
	edit "d['process']['terminal'] = False"
}
in_background() { runc "$@" </dev/null >"$T/out" 2>&1; }
squeeze='tr -s " "'

# ---- one id, no cgroup --------------------------------------------------------

begin
container sh -c "echo \$(id -u) \$(id -g) \$(cat /proc/self/uid_map /proc/self/setgroups)"
mark
expect_eq "run: root inside, the user outside" "0 0 0 $uid 1 deny" "$(runc run c)"
container sh -c 'touch /new; exit 9'
edit "d['root']['readonly'] = False"
expect_fail 9 '' runc run c
expect_eq "what root makes is the user's" $uid "$(stat -c %u "$bundle/rootfs/new")"
rm "$bundle/rootfs/new"
edit "d['root']['readonly'] = True"
container sh -c 'mount | grep -c " /dev\| /proc \| /sys "; echo >/dev/null; head -c 3 /dev/zero | wc -c; cat /proc/timer_list | wc -c;
	cat /proc/self/cgroup >/dev/null; echo x >/proc/sys/kernel/domainname'
expect_fail 1 'Read-only file system' runc run c
expect_match "mounts, devices, masked paths" '^[1-9][0-9]+ 3 0 ' "$(echo $output)"
edit "d['process']['terminal'] = True"
container sh -c 'tty; stat -c %u:%g $(tty)'
expect_match "a terminal, which is his" "/dev/pts/0 0:0" "$(echo $(on_terminal run c))"
edit "d['process']['terminal'] = False"

container sleep 1000
expect_ok in_background create c
expect_match "create: no root is needed for the state" '"status": "created"' "$(runc state c)"
expect_ok runc start c
expect_match "list: it is the user's" '^c +[0-9]+ +running .* tester' "$(runc list)"
expect_eq "exec" "0 $uid" "$(runc exec c sh -c "echo \$(id -u) \$($squeeze </proc/self/uid_map | cut -d ' ' -f 3)")"
expect_fail 4 '' runc exec c sh -c 'exit 4'
expect_match "exec with a terminal" /dev/pts/0 "$(echo $(on_terminal exec -t c tty))"
expect_fail 1 'cgroups not configured' runc pause c
expect_fail 1 'no cgroup' runc ps c
expect_fail 1 'cgroup' runc events --stats c
expect_fail 1 'cannot set memory limit: container could not join or create cgroup' runc update --memory 33554432 c
expect_ok runc kill c KILL
stopped() { runc state c | grep -q '"stopped"'; }
expect_ok wait_for 5 stopped
expect_ok runc delete c

container true
edit "l['resources'] = {'devices': [{'allow': False, 'access': 'rwm'}]}"
expect_ok runc run c # device rules protect from nothing that he could open
edit "l['resources'] = {'memory': {'limit': 33554432}}"
expect_fail 1 'cannot set memory limit: container could not join or create cgroup|rootless needs no limits' runc run c
edit "l['resources'] = {}; l['cgroupsPath'] = '/elsewhere/c'"
expect_fail 1 'cgroup.*[Pp]ermission denied' runc run c
edit "del l['cgroupsPath']; mount('/dev/pts')['options'].append('gid=5')"
expect_fail 1 "mounting \"devpts\".*gid" runc run c
begin
container sh -c 'echo $(readlink /proc/1/ns/pid >/dev/null 2>&1 && echo mine) $(ls -d /proc/self)'
edit "l['namespaces'] = [n for n in l['namespaces'] if n['type'] != 'pid']"
expect_fail 1 'mounting "proc"' runc run c
edit "mount('/proc').update(type='bind', source='/proc', options=['rbind']); l['maskedPaths'] = []; l['readonlyPaths'] = []"
expect_eq "the host's processes, by a bind mount of /proc" "/proc/self" "$(echo $(runc run c))"
begin
edit "l['namespaces'] = [n for n in l['namespaces'] if n['type'] != 'user']; del l['uidMappings'], l['gidMappings']"
expect_fail 1 'rootless container requires user namespaces' runc run c
container sh -c "id -u; $squeeze </proc/self/uid_map"
expect_eq "root of a user namespace needs none" "0 0 $uid 1" "$(echo $(as_user unshare -Ur "$T/runc-copy" run c))"
begin
edit "l['uidMappings'][0]['hostID'] = 0"
expect_fail 1 'map the user ids' runc run c
expect_unchanged "what an unprivileged user runs"

# ---- a range of ids -------------------------------------------------------------

begin
edit "
for k in 'uidMappings', 'gidMappings':
    l[k].append({'containerID': 1, 'hostID': 300000, 'size': 65536})
d['process']['user'] = {'uid': 7, 'gid': 8, 'additionalGids': [9]}
mount('/dev/pts')['options'].append('gid=5')"
container sh -c "echo \$(id -u) \$(id -g) \$(id -G) \$(cat /proc/self/uid_map) \$(grep -c '/dev/pts .*gid=300004' /proc/self/mounts)"
if command -v newuidmap >/dev/null; then
	expect_eq "newuidmap writes the range" "7 8 8 9 0 $uid 1 1 300000 65536 1" "$(runc run c)"
	edit "l['uidMappings'][1]['hostID'] = 200000"
	expect_fail 1 'map the user ids: newuidmap' runc run c
fi
without() { (cd "$bundle" && $(user_env /nowhere | sed "s|setpriv|$(command -v setpriv)|") "$T/runc-copy" run c); }
expect_fail 1 'newuidmap: No such file' without

# ---- cgroups of his own ------------------------------------------------------------

group=/dockyard-rootless-${T##*.}
hierarchies() { awk '$3 == "cgroup" || $3 == "cgroup2" { print $2 }' /proc/self/mounts | grep '^/sys/fs/cgroup'; }
remove_groups() { find /sys/fs/cgroup -depth -type d -path "*$group*" -exec rmdir {} + 2>/dev/null; }
trap 'thaw; remove_groups' EXIT
# limit FILE...: the one of them that there is, of the container c.
limit() { hierarchies | while read -r h; do for f; do cat "$h$group/c/$f" 2>/dev/null; done; done; }
delegate() {
	local h f
	hierarchies | while read -r h; do
		mkdir "$h$group" && chown $uid:$uid "$h$group" "$h$group"/{cgroup.procs,tasks,cgroup.subtree_control} 2>/dev/null
		for f in cpuset.cpus cpuset.mems; do [ ! -f "$h/$f" ] || cat "$h/$f" >"$h$group/$f" 2>/dev/null; done
	done
}
if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
	echo "on cgroup v2 the unit tests do this, in a group that they are in themselves"
elif delegate; [ -d "/sys/fs/cgroup/pids$group" ] && [ -d "/sys/fs/cgroup/memory$group" ]; then
	begin
	container sleep 1000
	edit "l['cgroupsPath'] = '$group/c'
l['resources'] = {'memory': {'limit': 33554432}, 'pids': {'limit': 20}, 'devices': [{'allow': False, 'access': 'rwm'}]}"
	expect_ok in_background run -d c
	expect_eq "limits are set in what is his" "33554432 20" "$(echo $(limit memory.limit_in_bytes) $(limit pids.max))"
	expect_match "ps" 'sleep 1000' "$(runc ps c)"
	expect_match "events --stats" '"limit":33554432' "$(runc events --stats c)"
	expect_match "exec is in the group too" ":pids:$group/c\$" "$(runc exec c cat /proc/self/cgroup)"
	expect_ok runc update --memory 67108864 --pids-limit 30 c
	expect_eq "update" "67108864 30" "$(echo $(limit memory.limit_in_bytes) $(limit pids.max))"
	expect_ok runc pause c
	expect_match "paused" '"status": "paused"' "$(runc state c)"
	expect_ok runc resume c
	expect_ok runc kill c KILL
	expect_ok wait_for 5 stopped
	expect_ok runc delete c
	expect_eq "no group is left" "" "$(find /sys/fs/cgroup -type d -path "*$group/*")"
fi

# ---- podman ---------------------------------------------------------------------

command -v podman >/dev/null && command -v newuidmap >/dev/null || done_testing
podman() {
	as_user podman --root "$T/user/podman" --runroot "$T/user/run/podman" --cgroup-manager cgroupfs \
		--events-backend file --runtime "$T/runc-copy" "$@"
}
mount -t tmpfs images /mnt && cp -r "$(image busybox)" /mnt/busybox || fail "copy the image"
expect_ok podman pull -q oci:/mnt/busybox
image_id=$(tail -n 1 <<<"$output")
run() { podman run --network none --ulimit host "$@"; }
expect_eq "rootless podman runs a container" "0 0 $uid 1 1 300000 65536" \
	"$(run --rm "$image_id" sh -c 'echo $(id -u) $(cat /proc/self/uid_map)' 2>/dev/null)"
expect_fail 42 '' run --rm "$image_id" sh -c 'exit 42'
expect_eq "as the same user inside" "$uid" "$(run --rm --userns keep-id "$image_id" id -u 2>/dev/null)"
expect_ok run -d --name sleeper "$image_id" sleep 1000
expect_eq "podman exec" inside "$(podman exec sleeper echo inside 2>/dev/null)"
expect_match "podman exec -t" /dev/pts/0 "$(podman exec -t sleeper tty 2>/dev/null)"
expect_ok podman stop -t 0 sleeper
expect_match "killed" 137 "$(podman inspect -f '{{.State.ExitCode}}' sleeper 2>/dev/null)"
expect_ok podman rm sleeper
done_testing
