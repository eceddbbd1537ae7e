#!/bin/bash
# dockerd is killed at awkward moments, and the next one finds out what is true: what runs
# goes on being reached, exits that nobody saw are known, and half-made things vanish.
. "${0%/*}/lib.sh"
need_real_docker
d() { "$cli" "$@"; }
state() { d inspect -f "$1" "$2"; }

start_stack busybox nginx
expect_ok d pull busybox
expect_ok d pull nginx
bridges() { ip -o link | grep -c ': docker0:'; }

# ---- killed while containers run
expect_ok d run -d --name web -p 8081:80 nginx
expect_ok wait_for 5 curl -fsS http://127.0.0.1:8081/
expect_ok d run -d --name short busybox sh -c 'sleep 1; exit 7'
expect_ok d run -d --name again --restart always busybox sleep 1
address=$(state '{{.NetworkSettings.IPAddress}}' web)
stop_dockerd KILL
expect_ok curl -fsS http://127.0.0.1:8081/
sleep 1.5
start_dockerd
expect_eq "it runs" running "$(state '{{.State.Status}}' web)"
expect_eq "it has its address" "$address" "$(state '{{.NetworkSettings.IPAddress}}' web)"
expect_ok curl -fsS http://127.0.0.1:8081/
[ ! -e /proc/net/if_inet6 ] || expect_ok curl -fsSg 'http://[::1]:8081/'
expect_fail 125 'port is already allocated' d run --rm -p 8081:80 busybox true
expect_match "a new container gets another address" '172\.31\.0\.' \
	"$(d run --rm busybox ip -o -4 addr show eth0 | grep -v "$address/")"
expect_eq "an exit that nobody saw" "exited 7" "$(state '{{.State.Status}} {{.State.ExitCode}}' short)"
expect_ok wait_for 5 sh -c "[ \"\$($cli inspect -f '{{.State.Status}}' again)\" = running ]"
expect_eq "exec works" hello "$(d exec web echo hello)"
expect_ok d rm -f short again

# ---- an exit while nobody at all is there
expect_ok d run -d --name alone busybox sh -c 'sleep 1; exit 9'
stop_dockerd KILL
stop_containerd KILL
sleep 1.5
start_containerd
start_dockerd
expect_eq "an exit that only the shim saw" "exited 9" "$(state '{{.State.Status}} {{.State.ExitCode}}' alone)"
expect_ok d rm alone

# ---- killed in the middle of things, many times
for i in 1 2 3 4 5 6 7 8; do
	for n in 1 2 3; do d run -d --name "c$i-$n" -p 0:80 busybox sleep 1000 >/dev/null 2>&1 & done
	sleep "0.$((RANDOM % 4))$i"
	stop_dockerd KILL
	wait $(jobs -p | grep -v -e "$pid_containerd" -e "$pid_registry") 2>/dev/null
	start_dockerd
done
running=$(d ps -q | wc -l)
tasks=$(ctr -n moby tasks ls | grep -c RUNNING)
expect_eq "dockerd's running containers are containerd's" "$tasks" "$running"
expect_eq "every container can be inspected" "$(d ps -aq | wc -l)" "$(d inspect $(d ps -aq) | grep -c '"ResolvConfPath"')"
addresses=$(d ps -q | xargs -r "$cli" inspect -f '{{.NetworkSettings.IPAddress}}' | sort)
expect_eq "no address is used twice" "" "$(uniq -d <<<"$addresses")"
expect_eq "every directory is a container" "$(d ps -aq --no-trunc | sort)" "$(ls "$T/docker/containers" | sort)"
expect_ok d rm -f $(d ps -aq)
expect_eq "no snapshot is left behind" "" "$(ctr snapshots ls | awk '$3 == "Active"')"
expect_eq "no veth is left behind" 0 "$(ip -o link | grep -c veth)"
stop_dockerd
expect_eq "the bridge went with the last container" 0 "$(bridges)"
expect_eq "and the rules" "" "$(nft list tables 2>/dev/null | grep dockyard)"

# ---- what is half there
start_dockerd
remnant=$T/docker/containers/$(printf '%064d' 1 | tr 0 a)
broken=$T/docker/containers/$(printf '%064d' 2 | tr 0 b)
stop_dockerd
mkdir -p "$remnant" "$broken"
echo '{"Id":' >"$broken/container.json"
start_dockerd
expect_eq "a directory without a document is swept" no "$([ -e "$remnant" ] && echo yes || echo no)"
expect_eq "a broken document is left alone" yes "$([ -e "$broken/container.json" ] && echo yes)"
expect_match "and reported" 'cannot be loaded and is left alone' "$(cat "$T/dockerd.log")"
expect_eq "the daemon serves" "" "$(d ps -aq)"
stop_stack
done_testing
