#!/bin/bash
# What `docker run` promises with an option is what the container finds: limits, users,
# mounts, names, networks, namespaces. Driven by a real docker CLI.
. "${0%/*}/lib.sh"
need_real_docker
d() { "$cli" "$@"; }
run() { d run --rm "$@" 2>&1; }

start_stack busybox
small() { [ "$(awk '/^RssFile/ { print $2 }' "/proc/$pid_dockerd/status")" -lt 4096 ]; }
[ -n "${SAN:-}" ] || wait_for 4 small || fail "what only the start needed is given back: $(grep Rss "/proc/$pid_dockerd/status")"
expect_ok d pull busybox
mark

# ---- who and what it may
expect_eq "user and groups" "uid=1000 gid=1000 groups=5(tty),1000" \
	"$(run -u 1000:1000 --group-add 5 busybox id)"
expect_eq "no capabilities" "0000000000000000" "$(run --cap-drop ALL busybox awk '/CapEff/ { print $2 }' /proc/self/status)"
expect_eq "one capability" "0000000000000400" \
	"$(run --cap-drop ALL --cap-add NET_BIND_SERVICE busybox awk '/CapEff/ { print $2 }' /proc/self/status)"
expect_eq "no new privileges" 1 "$(run --security-opt no-new-privileges busybox awk '/NoNewPrivs/ { print $2 }' /proc/self/status)"
expect_eq "a filter of system calls" 2 "$(run busybox awk '/^Seccomp:/ { print $2 }' /proc/self/status)"
expect_eq "and without one" 0 "$(run --security-opt seccomp=unconfined busybox awk '/^Seccomp:/ { print $2 }' /proc/self/status)"
expect_match "a read-only root" 'Read-only file system' "$(run --read-only busybox touch /x)"
expect_eq "the mark of a container, and what is mounted" "-rwxr-xr-x /proc/mounts" \
	"$(run --read-only busybox sh -c 'echo $(ls -l /.dockerenv | cut -c 1-10) $(readlink /etc/mtab)')"
mkdir -p "$T/led/bin" "$T/outside" && cp "$(command -v busybox)" "$T/led/bin" || fail "an image that leads elsewhere"
ln -s "$T/outside" "$T/led/etc" && ln -s "$T/outside/mark" "$T/led/.dockerenv" && tar -C "$T/led" -c . | d import - led >"$T/none"
expect_ok d run --rm led /bin/busybox true
expect_eq "where an image leads elsewhere" "" "$(ls -A "$T/outside")"
d rmi led >"$T/none"
expect_eq "privileged: the host's devices" yes "$(run --privileged busybox sh -c '[ -c /dev/kmsg ] && echo yes')"
expect_eq "limits of the process" "100 200" "$(run --ulimit nofile=100:200 busybox sh -c 'echo $(ulimit -n) $(ulimit -Hn)')"
d run -d --name unlimited --ulimit core=-1 --ulimit stack=1048576:-1 busybox sleep 1000 >"$T/none"
expect_match "no limit" 'core file size +unlimited +unlimited' "$(d exec unlimited cat /proc/1/limits)"
expect_eq "nor of what is run beside it" "unlimited 1024 unlimited" "$(d exec unlimited sh -c 'echo $(ulimit -c) $(ulimit -s) $(ulimit -Hs)')"
d rm -f unlimited >"$T/none"
expect_eq "a device" "1, 3" "$(run --device /dev/null:/dev/mine busybox ls -l /dev/mine | awk '{ print $5, $6 }')"
mkdir -p "$T/devices/sub" && mknod "$T/devices/sub/nothing" c 1 3 && : >"$T/devices/file"
expect_eq "the devices of a directory" "sub/nothing 1,3" \
	"$(run --device "$T/devices:/dev/mine" busybox sh -c 'cd /dev/mine; echo >sub/nothing; echo $(find * -type f -o -type c) $(stat -c %t,%T sub/nothing)')"
expect_fail 125 'custom device ".*/file": not a device node' d run --rm --device "$T/devices/file" busybox true
expect_eq "a sysctl" 0 "$(run --sysctl net.ipv4.ip_forward=0 busybox cat /proc/sys/net/ipv4/ip_forward)"
expect_fail 137 '' d run --rm -m 20m busybox sh -c 'x=a; while true; do x=$x$x; done'

# ---- what it is called and whom it knows
expect_eq "a host name" here "$(run --hostname here busybox hostname)"
expect_match "hosts that were added" '10.0.0.1[[:space:]]+db' "$(run --add-host db:10.0.0.1 busybox cat /etc/hosts)"
expect_match "itself" "172\.31\.0\.[0-9]+[[:space:]]+here" "$(run --hostname here busybox cat /etc/hosts)"
head -c 1100000 /dev/zero | tr '\0' '#' >"$T/hosts" && mount --bind "$T/hosts" /etc/hosts || fail "a large file of hosts"
expect_fail 125 '/etc/hosts' d run --rm --network host busybox true
umount /etc/hosts
expect_match "and without its domain" "[[:space:]]here.is.mine here$" "$(run --hostname here.is.mine busybox tail -n 1 /etc/hosts)"
expect_eq "a resolver" "nameserver 1.1.1.1" "$(run --dns 1.1.1.1 busybox grep nameserver /etc/resolv.conf)"
expect_eq "no loopback resolver" "" "$(run busybox grep 'nameserver 127' /etc/resolv.conf)"
expect_eq "the environment" "b|$(printf 'x y')" "$(run -e A=b -e 'C=x y' busybox sh -c 'echo "$A|$C"')"
expect_eq "a working directory, made where missing" /new/dir "$(run -w /new/dir busybox pwd)"
# With the sanitizers it is not static, and the image lacks its libraries.
[ -n "${SAN:-}" ] || expect_eq "an init of its own" "docker-init" "$(run --init busybox sh -c 'cat /proc/1/comm')"

# ---- what is mounted
expect_match "a tmpfs" 'tmpfs on /run type tmpfs .*noexec' "$(run --tmpfs /run busybox mount)"
expect_eq "with a size" 1024 "$(run --tmpfs /run:size=1m busybox sh -c "df -k /run | awk 'END { print \$2 }'")"
expect_eq "shared memory of a size" 2048 "$(run --shm-size 2m busybox sh -c "df -k /dev/shm | awk 'END { print \$2 }'")"
mkdir -p "$T/host"
expect_ok d run --rm -v "$T/host:/h" busybox touch /h/file
expect_eq "a bind mount" file "$(ls "$T/host")"
expect_match "a read-only one" 'Read-only' "$(run -v "$T/host:/h:ro" busybox touch /h/x)"
expect_ok d run --rm -v "$T/made:/h" busybox true
expect_eq "a missing source is made for -v" yes "$([ -d "$T/made" ] && echo yes)"
expect_fail 125 'bind source path does not exist' d run --rm --mount "type=bind,src=$T/missing,dst=/h" busybox true
expect_match "a fresh volume begins with the image's files" passwd "$(run -v conf:/etc busybox ls /etc)"
expect_ok d run --rm -v conf:/etc busybox touch /etc/mine
expect_match "and keeps what was written" mine "$(run -v conf:/data busybox ls /data)"
expect_ok d run --name keeper -v /anon -v conf:/c busybox touch /anon/x
expect_match "mounts of another container" x "$(run --volumes-from keeper busybox ls /anon)"
expect_fail 1 'volume is in use' d volume rm conf
expect_ok d rm -v keeper
expect_eq "its nameless volume is gone, the named one stays" conf "$(d volume ls -q)"
expect_ok d volume rm conf

# ---- namespaces
expect_eq "no network" lo "$(run --network none busybox ls /sys/class/net)"
expect_eq "which is up" 0 "$(run --network none busybox sh -c 'ping -c 1 -W 1 127.0.0.1 >/dev/null; echo $?')"
expect_match "the host's network" docker0 "$(run --network host busybox ls /sys/class/net)"
expect_ok d run -d --name peer busybox sleep 1000
address=$(d inspect -f '{{.NetworkSettings.IPAddress}}' peer)
expect_match "another container's network" "$address" "$(run --network container:peer busybox ip -o addr)"
expect_match "another container's processes" 'sleep 1000' "$(run --pid container:peer busybox ps)"
expect_eq "the bridge carries from one to the other" 0 \
	"$(run busybox sh -c "ping -c 1 -W 2 $address >/dev/null; echo \$?")"
expect_fail 125 'network nowhere not found' d run --rm --network nowhere busybox true
expect_ok d rm -f peer
expect_fail 125 'No such container: peer' d run --rm --network container:peer busybox true

# ---- restart policies
expect_fail 3 '' d run --name twice --restart on-failure:2 busybox sh -c 'exit 3'
restarts() { [ "$(d inspect -f '{{.RestartCount}} {{.State.Status}}' "$1")" = "$2" ]; }
expect_ok wait_for 5 restarts twice '2 exited'
expect_ok d run -d --name always --restart always busybox sh -c 'sleep 0.2'
expect_ok wait_for 5 sh -c "[ \$($cli inspect -f '{{.RestartCount}}' always) -ge 2 ]"
expect_ok d stop always
sleep 0.5
expect_eq "what was stopped by hand stays so" exited "$(d inspect -f '{{.State.Status}}' always)"
expect_fail 125 "can't create 'AutoRemove' container with restart policy|onflicting options" \
	d run --rm --restart always busybox true

# ---- logs
expect_ok d run --name said --log-opt max-size=10k --log-opt max-file=3 busybox sh -c \
	'i=0; while [ $i -lt 400 ]; do i=$((i + 1)); echo line $i; done; echo oops >&2'
expect_eq "the last lines" "line 399 line 400" "$(d logs --tail 3 said 2>/dev/null | xargs)"
expect_eq "standard error apart" oops "$(d logs said 2>&1 >/dev/null)"
expect_eq "rotated, and read in order" "$(seq 200 400 | sed 's/^/line /' | tail -n 100)" "$(d logs said 2>/dev/null | tail -n 100)"
expect_ok d run --name packed --log-opt max-size=4k --log-opt max-file=40 --log-opt compress=true busybox sh -c \
	'i=0; while [ $i -lt 400 ]; do i=$((i + 1)); echo line $i; done'
expect_eq "rotated, compressed, and read as if it were not" "$(seq 1 400 | sed 's/^/line /')" "$(d logs packed)"
expect_eq "its last lines" "$(seq 101 400 | sed 's/^/line /')" "$(d logs --tail 300 packed)"
expect_match "some are compressed" 'json\.log\.[0-9]+\.gz' "$(find "$T/docker" -name '*json.log.*')"
expect_ok d rm packed
expect_eq "no log" 1 "$(d run --rm --log-driver none busybox echo heard | grep -c heard)"
expect_ok d rm -f said twice always
expect_unchanged "all of it"
stop_stack
done_testing
