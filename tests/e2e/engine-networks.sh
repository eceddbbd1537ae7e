#!/bin/bash
# Users' networks, as the real docker CLI makes and inspects them: addresses, several networks on one
# container, static addresses, isolation, IPv6, published ports; and that a daemon which was killed
# leaves networks that the next one repairs.
. "${0%/*}/lib.sh"
need_real_docker
d() { "$cli" "$@"; }
run() { d run --rm "$@" 2>&1; }
api() { curl -s --unix-socket "$T/docker.sock" -H 'Content-Type: application/json' "$@"; }

pools=(--fixed-cidr 172.31.7.0/24 --default-address-pool base=10.200.0.0/16,size=24)
seed busybox && start_registry && start_containerd && start_dockerd "${pools[@]}"
expect_ok d pull busybox
mark

# ---- making
expect_match "create answers with an ID" '^[0-9a-f]{64}$' "$(d network create --subnet 10.9.0.0/24 --ip-range 10.9.0.128/25 \
	--gateway 10.9.0.1 --aux-address host=10.9.0.128 --label a=b -o com.docker.network.driver.mtu=1400 one)"
id=$(d network inspect -f '{{.Id}}' one)
expect_eq "what was asked for is what inspect shows" "10.9.0.0/24 10.9.0.128/25 10.9.0.1 map[host:10.9.0.128] map[a:b] false" \
	"$(d network inspect -f '{{range .IPAM.Config}}{{.Subnet}} {{.IPRange}} {{.Gateway}} {{.AuxiliaryAddresses}}{{end}} {{.Labels}} {{.Internal}}' one)"
expect_eq "a bridge of its own" "10.9.0.1/24 mtu 1400" "$(ip -4 -o addr show "br-${id::12}" | awk '{ print $4 }') $(ip -o link show "br-${id::12}" | grep -o 'mtu [0-9]*')"
expect_ok d network create two
expect_fail 1 'network with name one already exists' d network create one
expect_fail 1 'Pool overlaps with other one on this address space' d network create --subnet 10.9.0.0/16 three
expect_fail 1 'operation is not permitted on predefined' d network create host
expect_fail 1 'plugin "nosuch" not found' d network create -d nosuch three
expect_fail 1 'invalid gateway|no matching subnet' d network create --subnet 10.10.0.0/24 --gateway 10.11.0.1 three
expect_eq "list, filtered" "one" "$(d network ls --filter label=a=b --format '{{.Name}}')"
expect_eq "users' own" "one two" "$(d network ls --filter type=custom --format '{{.Name}}' | sort | xargs)"

# ---- being on it
expect_match "the first address of the range, the gateway of the network" '10\.9\.0\.129.*via 10\.9\.0\.1 ' \
	"$(run --network one busybox sh -c 'ip addr show eth0; ip route' | xargs)"
expect_ok d run -d --name web --network one --ip 10.9.0.20 --mac-address 02:00:00:00:00:07 -p 8080:80 busybox \
	sh -c 'mkdir /w; echo page >/w/index.html; exec httpd -f -p 80 -h /w'
expect_eq "a static address and a MAC" "10.9.0.20 02:00:00:00:00:07 24 10.9.0.1" \
	"$(d inspect -f '{{with .NetworkSettings.Networks.one}}{{.IPAddress}} {{.MacAddress}} {{.IPPrefixLen}} {{.Gateway}}{{end}}' web)"
expect_fail 125 'Address already in use' d run --rm --network one --ip 10.9.0.20 busybox true
expect_fail 125 'network nosuch not found' d run --name never --network nosuch busybox true
expect_ok d rm never
expect_eq "published on the host" page "$(curl -fsS http://127.0.0.1:8080/index.html)"
expect_eq "and for neighbours" page "$(run --network one busybox wget -qO- http://10.9.0.20/index.html)"
expect_fail any '' d run --rm --network two busybox wget -T 1 -qO- http://10.9.0.20/index.html
expect_eq "the member is listed" "web 10.9.0.20/24" "$(d network inspect -f '{{range .Containers}}{{.Name}} {{.IPv4Address}}{{end}}' one)"

# ---- connecting and disconnecting
expect_ok d network connect --alias www --ip "$(d network inspect -f '{{(index .IPAM.Config 0).Subnet}}' two | sed 's|\.0\.0/.*|.0.77|; s|\.[0-9]*/20|.77|')" two web
expect_eq "a second interface" "eth0 eth1 lo" "$(d exec web ls /sys/class/net | sort | xargs)"
expect_match "reached on the second network" page "$(run --network two busybox wget -qO- http://web/index.html)"
expect_fail 1 'already exists in network two' d network connect two web
expect_fail 1 'has active endpoints' d network rm two
expect_ok d network disconnect one web
expect_eq "ports moved with the default route" page "$(curl -fsS http://127.0.0.1:8080/index.html)"
expect_eq "one interface again" "eth1 lo" "$(d exec web ls /sys/class/net | sort | xargs)"
expect_fail 1 'is not connected to network one' d network disconnect one web
expect_ok d network connect one web
expect_ok d restart -t 0 web
expect_eq "both after a restart" "one two" "$(d inspect -f '{{range $k, $v := .NetworkSettings.Networks}}{{if $v.IPAddress}}{{$k}} {{end}}{{end}}' web | xargs)"

# ---- a daemon that is killed
stop_dockerd KILL
ip link delete "$(d network ls >/dev/null 2>&1; ip -o link | awk -F': ' '/master br-/ { sub(/@.*/, "", $2); print $2; exit }')"
start_dockerd "${pools[@]}"
expect_eq "an interface that is gone is plugged in again" "eth0 eth1 lo" "$(d exec web ls /sys/class/net | sort | xargs)"
expect_eq "published again" page "$(curl -fsS http://127.0.0.1:8080/index.html)"
expect_match "found by name again" page "$(run --network two busybox wget -qO- http://web/index.html)"

expect_eq "where addresses come from is said" "Base: 10.200.0.0/16, Size: 24" "$(d info | grep -A 1 'Default Address Pools:' | tail -n 1 | xargs)"
expect_match "the network with the highest priority has the default route" "^default via $(d network inspect -f '{{(index .IPAM.Config 0).Gateway}}' two) " \
	"$(run --network one --network name=two,gw-priority=9 busybox ip route)"
expect_eq "the host by name" "172.31.0.1 h" "$(run --network two --add-host h:host-gateway busybox grep -w h /etc/hosts | xargs)"
expect_ok d run -d --name many --network two -P --expose 7000-7001 -p 127.0.0.1:9000-9001:90-91/udp busybox sleep 100
expect_eq "a range on one address, and all that is exposed" "7000/tcp 7001/tcp 90/udp->127.0.0.1:9000 91/udp->127.0.0.1:9001" \
	"$(d port many | sed 's/^\(70..\/tcp\) -> .*/\1/; s/ //g' | sort -u | xargs)"
expect_ok d rm -f many

# ---- options of an endpoint
E=com.docker.network.endpoint
create() { # NAME DRIVEROPTS
	api -o "$T/body" -w '%{http_code}' "http://d/containers/create?name=$1" -d '{"Image":"busybox","Cmd":["sleep","100"],
		"HostConfig":{"NetworkMode":"one"},"NetworkingConfig":{"EndpointsConfig":{"one":{"DriverOpts":{'"$2"'}}}}}'
}
expect_eq "an option that is not known" 501 "$(create none '"nosuch":"x"')"
for bad in '"ifname":"a/b"' '"ifname":"sixteen-letters-"' '"sysctls":"net.ipv4.conf.eth0.log_martians=1"' '"sysctls":"kernel.IFNAME.x=1"' \
	'"sysctls":"net.ipv4.conf.IFNAME.../x=1"' '"sysctls":"net.ipv4.conf.IFNAME.log_martians"'; do
	expect_eq "one that is wrong: $bad" 400 "$(create none "\"$E.${bad#\"}")"
done
expect_eq "an interface's name and sysctls" 201 "$(create named "\"$E.ifname\":\"lan0\",\"$E.sysctls\":\"net.ipv4.conf.IFNAME.log_martians=1,net.ipv4.conf.IFNAME.forwarding=0\"")"
expect_ok d start named
expect_ok d network connect two named
expect_eq "are set" "eth0 lan0 lo 1 0" "$(d exec named sh -c 'ls /sys/class/net; cd /proc/sys/net/ipv4/conf/lan0; cat log_martians forwarding' | xargs)"
expect_ok d rm -f named
expect_eq "a sysctl that is not there" 201 "$(create named "\"$E.sysctls\":\"net.ipv4.conf.IFNAME.nosuch=1\"")"
expect_fail any 'net.ipv4.conf.IFNAME.nosuch=1' d start named
expect_ok d rm named

# ---- where addresses come from
expect_match "the default bridge: of --fixed-cidr" 'inet 172\.31\.7\.' "$(run busybox ip -4 addr show eth0)"
expect_ok d network create pooled
expect_eq "a network: of --default-address-pool" "10.200.1.0/24 10.200.1.1" "$(d network inspect -f '{{range .IPAM.Config}}{{.Subnet}} {{.Gateway}}{{end}}' pooled)"
expect_ok d network rm pooled
cat >"$T/at_once.py" <<'P'
import socket, sys
many = []
for i in range(12):
    body = b'{"Name":"at%d"}' % i
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
    s.send(b"POST /networks/create HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body[:-1]))
    many.append(s)
for s in many:
    s.send(b"}")
print(*sorted({s.makefile("rb").readline().split()[1].decode() for s in many}))
P
expect_eq "networks that are made at once: each has a subnet of its own" 201 "$(python3 "$T/at_once.py" "$T/docker.sock")"
expect_ok docker network rm at0 at1 at2 at3 at4 at5 at6 at7 at8 at9 at10 at11
expect_match "listed with a slash, too" '"Name":"bridge"' "$(curl -sS --unix-socket "$T/docker.sock" http://d/networks/)"
expect_fail 1 "bridge driver doesn't support multiple subnets" d network create --subnet 10.91.0.0/24 --subnet 10.92.0.0/24 many

# ---- SCTP
if python3 -c 'import socket; socket.socket(socket.AF_INET, socket.SOCK_STREAM, 132)' 2>/dev/null; then
	expect_ok d run -d --name sctp --network two -p 9132:132/sctp busybox sleep 100
	nsenter -n -t "$(d inspect -f '{{.State.Pid}}' sctp)" python3 -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 132); s.bind(("", 132)); s.listen()
s.accept()[0].send(b"by sctp")' &
	expect_eq "SCTP is published" "by sctp" "$(python3 -c 'import socket, time
for i in range(50):
    try:
        s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 132); s.connect(("172.31.0.1", 9132)); print(s.recv(9).decode()); break
    except OSError: time.sleep(0.1)')"
	expect_ok d rm -f sctp
else
	echo "no SCTP here"
fi

# ---- what a network may not
expect_ok d network create --internal inside
expect_eq "internal: no default route" "" "$(run --network inside busybox sh -c 'ip route | grep default')"
expect_ok d network create -o com.docker.network.bridge.enable_icc=false -o com.docker.network.bridge.name=noicc quiet
expect_eq "a bridge by name" yes "$(ip link show noicc >/dev/null && echo yes)"
expect_ok d run -d --name silent --network quiet busybox httpd -f -p 80
expect_fail any '' d run --rm --network quiet busybox ping -c 1 -W 1 "$(d inspect -f '{{.NetworkSettings.Networks.quiet.IPAddress}}' silent)"
expect_ok d rm -f silent

# ---- IPv6
if [ -d /proc/sys/net/ipv6 ]; then
	expect_ok d network create --ipv6 --subnet fd00:9::/64 six
	expect_ok d run -d --name v6 --network six --ip6 fd00:9::99 -p 8081:80 busybox sh -c 'echo six >/index.html; exec httpd -f -p 80 -h /'
	expect_eq "an address of IPv6" "fd00:9::99 64 fd00:9::1" \
		"$(d inspect -f '{{with .NetworkSettings.Networks.six}}{{.GlobalIPv6Address}} {{.GlobalIPv6PrefixLen}} {{.IPv6Gateway}}{{end}}' v6)"
	expect_eq "between containers" six "$(run --network six busybox wget -qO- 'http://[fd00:9::99]/index.html')"
	expect_eq "published on ::1" six "$(curl -fsS 'http://[::1]:8081/index.html')"
	expect_eq "and on the host's other addresses" six "$(curl -fsS 'http://[fd00:9::1]:8081/index.html')"
	expect_match "the rule" 'dnat ip6 to \[fd00:9::99\]:80' "$(nft list ruleset)"
	expect_ok d rm -f v6
fi

# ---- on a parent's wire
{ ip link add wire type dummy || { ip link add wire type veth peer name wire-end && ip link set wire-end up; }; } 2>/dev/null
ip link set wire up
for kind in macvlan ipvlan; do
	if d network create -d $kind -o parent=wire --subnet 10.8.0.0/24 vlan >/dev/null 2>"$T/out"; then
		ok=$(d run -d --name wired --network vlan --ip 10.8.0.5 busybox sleep 100 2>&1) || { echo "no $kind here: $ok"; d rm -f wired >/dev/null 2>&1; d network rm vlan >/dev/null; continue; }
		expect_eq "$kind: neighbours" ok "$(run --network vlan busybox sh -c 'ping -c 1 -W 2 wired >/dev/null && echo ok')"
		expect_ok d rm -f wired
		expect_ok d network rm vlan
		# Several subnets, each with its gateway; a bridge has one.
		expect_match "$kind: subnets that overlap" 'Pool overlaps' "$(curl -sS --unix-socket "$T/docker.sock" http://d/networks/create \
			-d '{"Name":"vlan","Driver":"'$kind'","IPAM":{"Config":[{"Subnet":"10.8.0.0/24"},{"Subnet":"10.8.0.128/25"}]}}')"
		# Docker's client sends them in any order; a range that is full is left for the next in the order given.
		expect_match "$kind: two subnets" '"Id":' "$(curl -sS --unix-socket "$T/docker.sock" http://d/networks/create \
			-d '{"Name":"vlan","Driver":"'$kind'","Options":{"parent":"wire"},"IPAM":{"Config":[{"Subnet":"10.8.0.0/30"},{"Subnet":"10.10.0.0/24","Gateway":"10.10.0.9"}]}}')"
		route() { run --network vlan "$@" busybox sh -c 'ip -4 -o addr show eth0; ip route' | grep -oE '(inet|via) [0-9./]+' | xargs; }
		expect_eq "$kind: in the first" "inet 10.8.0.2/30 via 10.8.0.1" "$(route)"
		expect_eq "$kind: in the other" "inet 10.10.0.77/24 via 10.10.0.9" "$(route --ip 10.10.0.77)"
		expect_ok d run -d --name wired --network vlan busybox sleep 100
		expect_eq "$kind: when the first is full" "inet 10.10.0.1/24 via 10.10.0.9" "$(route)"
		expect_eq "$kind: inspect has both" "10.8.0.0/30 10.8.0.1 10.10.0.0/24 10.10.0.9" \
			"$(d network inspect -f '{{range .IPAM.Config}}{{.Subnet}} {{.Gateway}} {{end}}' vlan | xargs)"
		expect_ok d rm -f wired
		expect_ok d network rm vlan
	fi
done
ip link delete wire

# ---- links of old
expect_ok d run -d --name db --expose 5432 -e PASS=x busybox sleep 100
expect_match "hosts and environment" '172.31.7.[0-9]+ database [0-9a-f]{12} db .*DATABASE_PORT_5432_TCP=tcp://172.31.7.[0-9]+:5432' \
	"$(run --link db:database busybox sh -c 'grep database /etc/hosts; env' | xargs)"
expect_ok d rm -f db

# ---- and away
expect_ok d rm -f web
expect_match "prune" 'one' "$(d network prune -f)"
expect_eq "nothing but the three" "bridge host none" "$(d network ls --format '{{.Name}}' | sort | xargs)"
expect_unchanged "all of it"
done_testing
