#!/bin/bash
# The resolver at 127.0.0.11: names, aliases, links and addresses of containers on users' networks; all
# else goes on to the container's resolvers, over UDP and TCP; it survives packets of noise and a killed
# daemon, and leaves port 53 to the container. Questions are asked by a script of ours that enters the
# container's network namespace.
. "${0%/*}/lib.sh"
need python3 nsenter
need_real_docker
d() { "$cli" "$@"; }
ask() { # CONTAINER NAME [TYPE [tcp]]: the code (0: found, 2: failed, 3: no such name) and what was found
	nsenter -t "${pids[$1]}" -n python3 -ISE "$TOP/tests/e2e/engine_dns.py" ask 127.0.0.11 "$2" "${3:-A}" ${4:-}
}
declare -A pids
address() { d inspect -f "{{.NetworkSettings.Networks.$2.IPAddress}}" "$1"; }

start_stack busybox
expect_ok d pull busybox
mark
ip addr add 10.97.0.53/32 dev lo
launch resolver "$(command -v python3)" "$TOP/tests/e2e/engine_dns.py" serve 10.97.0.53

expect_ok d network create --ipv6 --subnet 10.7.0.0/24 --subnet fd00:7::/64 net
expect_ok d network create other
expect_ok d network create --internal inside
for i in 1 2; do expect_ok d run -d --name "web$i" --network net --network-alias web --network-alias "w$i" busybox sleep 100; done
expect_ok d run -d --name far --network other busybox sleep 100
expect_ok d run -d --name me --hostname myself --network net --link web1:linked --dns 10.97.0.53 --dns-search here busybox sleep 100

for i in me web2 far; do pids[$i]=$(d inspect -f '{{.State.Pid}}' $i); done
expect_eq "resolv.conf as Docker writes it" "nameserver 127.0.0.11 search here options ndots:0" "$(d exec me cat /etc/resolv.conf | xargs)"
one=$(address web1 net) two=$(address web2 net)
expect_eq "a name" "0 $one" "$(ask me web1)"
expect_eq "in capitals, with the network" "0 $one" "$(ask me WEB1.Net)"
expect_eq "an alias that two share" "0 $one $two" "$(ask me web)"
expect_eq "a short ID" "0 $two" "$(ask me "$(d inspect -f '{{slice .Id 0 12}}' web2)")"
expect_eq "a link" "0 $one" "$(ask me linked)"
expect_eq "which is the asker's alone" 0 "$(ask web2 linked 2>/dev/null | grep -c "$one")"
expect_eq "IPv6" "0 $(d inspect -f '{{.NetworkSettings.Networks.net.GlobalIPv6Address}}' web1)" "$(ask me web1 AAAA)"
expect_eq "over TCP" "0 $one" "$(ask me web1 A tcp)"
expect_eq "itself by its host name" "0 $(address me net)" "$(ask me myself)"
expect_eq "the name of an address" "0 web1.net" "$(ask me "$(awk -F. '{ print $4 "." $3 "." $2 "." $1 }' <<<"$one").in-addr.arpa" PTR)"
expect_eq "somebody of another network is nobody" 3 "$(ask me far)"
expect_match "with libc" "^PING web1 \\($one\\)" "$(d exec me ping -4 -c 1 web1)"

# ---- the rest of the world
expect_eq "passed on" "0 10.99.0.1" "$(ask me x.test)"
expect_eq "over TCP too" "0 10.99.0.1" "$(ask me x.test A tcp)"
expect_ok d run -d --name shut --network inside --dns 10.97.0.53 busybox sleep 100
pids[shut]=$(d inspect -f '{{.State.Pid}}' shut)
expect_eq "not from an internal network" 2 "$(ask shut x.test)"

# ---- names come and go
expect_ok d rename web1 renamed
expect_eq "renamed" "0 $one" "$(ask me renamed)"
expect_eq "the old name is nobody's" 3 "$(ask me web1)"
expect_ok d network connect --alias joined net far
expect_eq "connected" "0 $(address far net)" "$(ask me joined)"
expect_eq "on both networks" "0 $(address far net)" "$(ask far far.net)"
expect_ok d network disconnect net far
expect_eq "disconnected" 3 "$(ask me joined)"
expect_ok d rm -f web2
expect_eq "gone" 3 "$(ask me w2)"

# ---- noise, a death, and the container's own port 53
pid=${pids[me]}
nsenter -t "$pid" -n python3 "$TOP/tests/e2e/engine_dns.py" fuzz 127.0.0.11 3000
expect_eq "after noise" "0 $one" "$(ask me renamed)"
stop_dockerd KILL
start_dockerd
expect_eq "after the daemon was killed" "0 $one" "$(ask me renamed)"
expect_eq "passed on as before" "0 10.99.0.1" "$(ask me x.test)"
expect_ok nsenter -t "$pid" -n python3 -c 'import socket
socket.create_server(("0.0.0.0", 53)); socket.socket(socket.AF_INET, socket.SOCK_DGRAM).bind(("0.0.0.0", 53))'

expect_ok d rm -f me renamed far shut
expect_ok d network rm net other inside
kill "$pid_resolver"
wait "$pid_resolver" 2>/dev/null
ip addr del 10.97.0.53/32 dev lo
expect_unchanged "all of it"
done_testing
