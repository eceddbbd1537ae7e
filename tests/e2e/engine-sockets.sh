#!/bin/bash
# Where the API is served and to whom: TLS with clients' certificates, sockets that were
# opened before, the warning of a plain TCP socket; and what SIGHUP reads again.
. "${0%/*}/lib.sh"
need openssl
need_real_docker
ca() { openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$1" -keyout "$T/$1.key" -out "$T/$1.pem"; }
cert() { # NAME CA PURPOSE: for 127.0.0.1
	openssl req -newkey rsa:2048 -nodes -subj "/CN=$1" -keyout "$T/$1.key" -out "$T/$1.csr"
	printf 'extendedKeyUsage=%s\nsubjectAltName=IP:127.0.0.1\n' "$3" >"$T/$1.ext"
	openssl x509 -req -in "$T/$1.csr" -CA "$T/$2.pem" -CAkey "$T/$2.key" -CAcreateserial -days 2 \
		-extfile "$T/$1.ext" -out "$T/$1.pem"
}
{
	ca own && ca other && cert server own serverAuth && cert client own clientAuth &&
		cert wrong own serverAuth && cert stranger other clientAuth
} 2>"$T/openssl.log" || fail "openssl: $(cat "$T/openssl.log")"

seed busybox
start_registry
start_containerd
echo '{"debug":false,"registry-mirrors":["http://'"$REGISTRY"'"],"insecure-registries":["'"$REGISTRY"'"]}' >"$T/daemon.json"
launch dockerd "$TOP/04-dockerd/dockerd" --data-root "$T/docker" --exec-root "$T/run-docker" -H "unix://$T/docker.sock" \
	--containerd "$T/containerd.sock" --pidfile "$T/docker.pid" --bip 172.31.0.1/16 -H tcp://127.0.0.1:2376 --tlsverify --tlscacert "$T/own.pem" --tlscert "$T/server.pem" \
	--tlskey "$T/server.key" --config-file "$T/daemon.json"
ready dockerd 10 "$cli" version
tls() { # CERTIFICATE COMMAND...
	local name=$1
	shift
	"$cli" -H tcp://127.0.0.1:2376 --tlsverify --tlscacert "$T/own.pem" --tlscert "$T/$name.pem" --tlskey "$T/$name.key" "$@"
}

# ---- clients with a certificate, and without
expect_ok tls client pull busybox
expect_eq "streams, too" hello "$(tls client run --rm --network none busybox echo hello)"
# A client's close_notify ends the input; what the container says afterwards still comes.
expect_eq "the input ends over TLS, the output does not" "2 lines" \
	"$(printf 'a\nb\n' | tls client run -i --rm --network none busybox sh -c 'n=$(wc -l); sleep 0.3; echo $n lines')"
expect_ok tls client run -d --name target --network none busybox sleep 1000
expect_eq "of an exec too" "2 lines" "$(printf 'a\nb\n' | tls client exec -i target sh -c 'n=$(wc -l); sleep 0.3; echo $n lines')"
expect_eq "more than any buffer holds comes back whole" "$(head -c 3000000 /dev/zero | md5sum)" \
	"$(head -c 3000000 /dev/zero | tls client exec -i target cat | md5sum)"
real=$cli cli=$TOP/05-cli/docker # which ends its half of the TCP connection instead
expect_eq "the same, of a client that knows no close_notify" "2 lines" \
	"$(printf 'a\nb\n' | tls client exec -i target sh -c 'n=$(wc -l); sleep 0.3; echo $n lines')"
cli=$real
expect_ok tls client rm -f target
expect_fail any . tls stranger version
expect_fail any . tls wrong version
cp "$T/other.pem" "$T/nobody.pem" && cp "$T/other.key" "$T/nobody.key"
expect_fail any . tls nobody version
for c in '' "--cert $T/stranger.pem --key $T/stranger.key" "--cert $T/wrong.pem --key $T/wrong.key"; do
	expect_fail any . curl -sS --cacert "$T/own.pem" $c https://127.0.0.1:2376/_ping
done
expect_eq "a good one" OK "$(curl -sS --cacert "$T/own.pem" --cert "$T/client.pem" --key "$T/client.key" https://127.0.0.1:2376/_ping)"
expect_match "the log says who was turned away" 'a client without a certificate that is good here' "$(cat "$T/dockerd.log")"
expect_no_match "no warning" 'API is accessible' "$(cat "$T/dockerd.log")"

# ---- SIGHUP
mirrors() { "$cli" info -f '{{.RegistryConfig.Mirrors}} {{.Debug}}'; }
expect_match "before" "^\[http://$REGISTRY/?\] false$" "$(mirrors)"
echo '{"debug":true,"registry-mirrors":["http://m.example"],"insecure-registries":["r.example:1"]}' >"$T/daemon.json"
kill -HUP "$pid_dockerd"
expect_ok wait_for 5 grep -q 'were read again' "$T/dockerd.log"
expect_match "after" '^\[http://m.example/?\] true$' "$(mirrors)"
expect_eq "an event" reload "$("$cli" events --since 1 --until "$(date +%s.%N)" --filter type=daemon --format '{{.Action}}')"
echo '{"debug":false,"nonsense":1}' >"$T/daemon.json"
kill -HUP "$pid_dockerd"
expect_ok wait_for 5 grep -q "don't match any configuration option: nonsense" "$T/dockerd.log"
expect_match "a wrong file changes nothing" '^\[http://m.example/?\] true$' "$(mirrors)"
stop_dockerd

# ---- sockets that are there already
echo '{}' >"$T/daemon.json"
cat >"$T/activate" <<'END'
import os, socket, sys
for family, address in ((socket.AF_UNIX, sys.argv[1]), (socket.AF_INET, ("127.0.0.1", 2375))):
    s = socket.socket(family)
    s.bind(address)
    s.listen()
    os.set_inheritable(s.fileno(), True)
    s.detach()
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="2")
os.execv(sys.argv[2], sys.argv[2:])
END
launch dockerd "$(command -v python3)" "$T/activate" "$T/active.sock" "$TOP/04-dockerd/dockerd" --data-root "$T/docker" \
	--exec-root "$T/run-docker" -H fd:// --containerd "$T/containerd.sock" --pidfile "$T/docker.pid" --bip 172.31.0.1/16
ready dockerd 10 "$cli" -H "unix://$T/active.sock" version
expect_eq "the second of them" OK "$(curl -sS http://127.0.0.1:2375/_ping)"
expect_match "which is plain" 'API is accessible on a TCP socket of fd:// without encryption' "$(cat "$T/dockerd.log")"
stop_dockerd
expect_fail 1 'no sockets found via socket activation' "$TOP/04-dockerd/dockerd" --data-root "$T/docker" \
	--exec-root "$T/run-docker" -H fd:// --containerd "$T/containerd.sock" --pidfile "$T/docker.pid"
stop_containerd
stop_registry
done_testing
