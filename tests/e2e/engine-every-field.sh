#!/bin/bash
# Each field of the API's requests has an effect that can be seen, or is refused by name; and so are the defaults that
# daemon.json gives to what a request leaves out.
. "${0%/*}/lib.sh"
need python3

start_stack busybox
mkdir "$T/shared" && mount -t tmpfs shared "$T/shared" && mount --make-shared "$T/shared" # for "Propagation"
expect_ok docker pull busybox
mark
expect_ok python3 "$TOP/tests/e2e/engine_every_field.py" "$T/docker.sock" "$T"
echo "$output"
expect_unchanged "each field"
stop_dockerd

# ---- defaults of daemon.json
cat >"$T/daemon.json" <<'END'
{"default-ulimits": {"nofile": {"Name": "nofile", "Soft": 300, "Hard": 400}}, "default-shm-size": "3m", "init": true,
 "no-new-privileges": true, "cgroup-parent": "/docker/most", "dns": ["10.1.2.3"], "dns-search": ["field.test"],
 "dns-opts": ["timeout:2"], "default-ipc-mode": "shareable", "mtu": 1300, "ip": "127.0.0.1", "labels": ["rack=7"],
 "default-network-opts": {"bridge": {"com.docker.network.driver.mtu": "1200"}}, "live-restore": true}
END
start_dockerd --config-file "$T/daemon.json"
mark
expect_ok docker run -d --name default -p 80 busybox sleep 1000
expect_eq "what a container has that asks for nothing" \
	"300 400 size=3072k 1 nameserver 10.1.2.3 search field.test options timeout:2 1300" \
	"$(docker exec default sh -c 'ulimit -n; ulimit -Hn; grep " /dev/shm " /proc/mounts | grep -o "size=[0-9]*k"
		awk "/NoNewPrivs/ { print \$2 }" /proc/1/status; cat /etc/resolv.conf /sys/class/net/eth0/mtu' | xargs)"
expect_match "its control group" '/docker/most/[0-9a-f]{64}' "$(docker inspect -f '{{.HostConfig.CgroupParent}}/{{.Id}}' default)"
expect_match "and where it publishes" '^127.0.0.1:[0-9]+$' "$(docker port default 80)"
expect_eq "shareable, with an init" "shareable true" "$(docker inspect -f '{{.HostConfig.IpcMode}} {{.HostConfig.Init}}' default)"
expect_ok docker network create small
expect_eq "a network's MTU" 1200 "$(docker run --rm --network small busybox cat /sys/class/net/eth0/mtu)"
expect_eq "one that says its own" 1100 "$(docker network create -o com.docker.network.driver.mtu=1100 own >/dev/null &&
	docker run --rm --network own busybox cat /sys/class/net/eth0/mtu)"
expect_match "the engine's label" '"Labels": ?\["rack=7"\]' "$(curl -fsS --unix-socket "$T/docker.sock" http://d/info)"
expect_ok docker rm -f default
expect_ok docker network rm small own
expect_unchanged "the defaults"
umount "$T/shared"
stop_stack
done_testing
