#!/bin/bash
# What --certs-dir says of a registry is done: its authority is believed, it is shown our
# certificate, its mirrors are asked first. A registry that speaks TLS cannot lead elsewhere.
. "${0%/*}/lib.sh"
. "${0%/*}/hostile_lib.bash"

hostile store 127.0.0.1 5101
ip addr add 10.77.0.1/32 dev lo

# ---- certificates -----------------------------------------------------------------
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=own CA" -keyout "$T/ca.key" -out "$T/ca.pem" 2>/dev/null
sign() { # NAME SUBJECT [EXTENSION]
	openssl req -newkey rsa:2048 -nodes -subj "$2" -keyout "$T/$1.key" -out "$T/$1.csr" 2>/dev/null
	echo "${3:-keyUsage=digitalSignature}" >"$T/$1.ext"
	openssl x509 -req -in "$T/$1.csr" -CA "$T/ca.pem" -CAkey "$T/ca.key" -CAcreateserial -days 2 \
		-extfile "$T/$1.ext" -out "$T/$1.pem" 2>/dev/null || fail "no certificate"
}
sign server /CN=registry "subjectAltName=IP:10.77.0.1"
sign client /CN=us
hostile tls 10.77.0.1 5443 "$T/server.pem" "$T/server.key" "$T/ca.pem"
S=10.77.0.1:5443
expect_fail 1 'certificate' pull $S/library/img
# Said for one pull alone, by ctr; files by names that are ours, not containerd's.
cd "$T" || fail "cd"
expect_fail 1 "registry $S" ctr images pull --tlscacert ca.pem $S/library/img
expect_ok ctr images pull --tlscacert ca.pem --tlscert client.pem --tlskey client.key $S/library/img
cd / && forget
expect_fail 1 'certificate' pull $S/library/img
mkdir -p "$T/certs/$S"
cp "$T/ca.pem" "$T/certs/$S/ca.crt"
cp "$T/client.pem" "$T/certs/$S/client.cert"
expect_fail 1 "client.key: No such file" pull $S/library/img
cp "$T/client.key" "$T/certs/$S/client.key"
expect_ok pull $S/library/img
expect_ok ctr images tag $S/library/img:latest $S/library/pushed:latest
expect_ok ctr images push $S/library/pushed
forget
set_to tls '{"faults": [{"match": "GET .*/blobs/", "do": "redirect", "to": "http://127.0.0.1:5101/plain/", "times": 99}]}'
expect_fail 1 'refused' pull $S/library/img

# ---- mirrors: hosts.toml --------------------------------------------------------------
mkdir -p "$T/certs/docker.io"
rm -r "$T/certs/$S"
cp "$T/ca.pem" "$T/client.pem" "$T/client.key" "$T/certs/docker.io"
cat >"$T/certs/docker.io/hosts.toml" <<END
server = "https://10.77.0.2:1" # nobody
[host."http://127.0.0.1:1"]
[host."https://$S"]
  capabilities = ["pull", "resolve"]
  ca = "ca.pem"
  client = [["client.pem", "client.key"]]
END
set_to tls '{}'
expect_ok pull -u user:secret docker.io/library/img
expect_match "a mirror is told whose images are meant" 'manifests/latest\?ns=docker.io - ' "$(cat "$T/tls.requests")"
expect_eq "and not who we are" 0 "$(asked tls ' (Basic|Bearer) ')"
forget
if command -v containerd >/dev/null && command -v ctr >/dev/null; then # the real one reads the same
	sed -i 's/^server.*/server = "http:\/\/127.0.0.1:5100"/; /127.0.0.1:1"/d' "$T/certs/docker.io/hosts.toml"
	start_real_containerd
	set_to tls '{}'
	expect_ok real_ctr images pull --hosts-dir "$T/certs" docker.io/library/img:latest
	expect_match "real containerd" 'manifests/latest\?ns=docker.io - ' "$(cat "$T/tls.requests")"
	stop real
fi
cat >"$T/certs/docker.io/hosts.toml" <<END
server = "http://127.0.0.1:5100"
[host."https://$S/v2"]
  capabilities = ["pull"] # of tags it may not speak
  override_path = true
  skip_verify = true
  client = [["client.pem", "client.key"]]
END
set_to tls '{}'
set_to reg '{}'
expect_ok pull docker.io/library/img
expect_eq "what a tag is says the registry" 1 "$(asked reg 'manifests/latest')"
expect_eq "a mirror that may only pull does not" 0 "$(asked tls 'manifests/latest')"
expect_match "but it has the blobs" 'GET .*/blobs/.* 200' "$(cat "$T/tls.requests")"
forget
echo 'dial_timeout = "1s"' >"$T/certs/docker.io/hosts.toml"
expect_fail 1 'hosts.toml: dial_timeout: not known here' pull docker.io/library/img
echo 'server = ' >"$T/certs/docker.io/hosts.toml"
expect_fail 1 'hosts.toml: line 1: expected' pull docker.io/library/img
rm -r "$T/certs/docker.io"

stop_containerd
done_testing
