#!/bin/bash
# Where the mirror is absent, or lacks an image, dockerd goes to Docker Hub
# itself: over TLS, with the token that the challenge asks for, and without it
# where a blob is a redirect to another host. Hub is a server of this test,
# found by the real names through a hosts file of this mount namespace.
. "${0%/*}/lib.sh"
need python3 openssl
python3 -c 'import ssl, http.server' 2>/dev/null || skip "python3 lacks ssl or http.server"

names='registry-1.docker.io auth.docker.io production.cdn.test'
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=hub test CA" \
	-keyout "$T/ca.key" -out "$T/ca.pem" 2>/dev/null
openssl req -newkey rsa:2048 -nodes -subj "/CN=docker.io" -keyout "$T/hub.key" -out "$T/hub.csr" 2>/dev/null
printf 'subjectAltName=%s\n' "$(printf 'DNS:%s,' $names | sed 's/,$//')" >"$T/hub.ext"
openssl x509 -req -in "$T/hub.csr" -CA "$T/ca.pem" -CAkey "$T/ca.key" -CAcreateserial -days 2 \
	-extfile "$T/hub.ext" -out "$T/hub.pem" 2>/dev/null || fail "no certificate"

{ echo 127.0.0.1 localhost; for n in $names; do echo "127.0.0.1 $n"; done; } >"$T/hosts"
mount --bind "$T/hosts" /etc/hosts
bundle=$(readlink -f /etc/ssl/certs/ca-certificates.crt || readlink -f /etc/pki/tls/certs/ca-bundle.crt)

launch hub "$(command -v python3)" "$TOP/tests/e2e/hub_server.py" "$(image busybox)" "$T/hub.pem" "$T/hub.key" "$T/hub.requests"
ready hub 10 curl -sk https://127.0.0.1/

# A certificate that nobody vouches for is refused.
MIRROR='' && start_containerd && start_dockerd
expect_fail 1 'certificate' docker pull busybox
stop_dockerd && stop_containerd

mount --bind "$T/ca.pem" "$bundle"
if command -v skopeo >/dev/null; then # the real client is content with this Hub
	expect_ok skopeo copy docker://busybox "oci:$T/skopeo:latest"
fi
start_containerd && start_dockerd
: >"$T/hub.requests"
expect_ok docker pull busybox
requests=$(cat "$T/hub.requests")
expect_match "the first question has no token" '^registry-1.docker.io (GET|HEAD) /v2/.* -$' "$requests"
expect_match "the token is asked for with the scope" \
	'^auth.docker.io GET /token\?.*scope=repository(:|%3[Aa])library(/|%2[Ff])busybox(:|%3[Aa])pull' "$requests"
expect_match "and shown to the registry" '^registry-1.docker.io GET /v2/library/busybox/manifests/.* token$' "$requests"
expect_match "but not to whom a blob is redirected" '^production.cdn.test GET /sha256:[0-9a-f]* -$' "$requests"
expect_no_match "in no case" '^production.cdn.test .* token$' "$requests"
expect_eq "what was pulled runs" hello "$(docker run --rm busybox echo hello)"
expect_fail 1 'denied|unauthorized' docker pull secret
expect_fail 1 'not found|unknown' docker pull busybox:no-such-tag
stop_dockerd && stop_containerd

# With a mirror that is there and has another image: what it lacks comes from Hub.
rm -rf --one-file-system "$T/containerd" "$T/docker"
seed nginx
start_registry
MIRROR=http://$REGISTRY && start_containerd && start_dockerd
: >"$T/hub.requests"
expect_ok docker pull nginx
expect_eq "what the mirror has is not asked of Hub" "" "$(cat "$T/hub.requests")"
expect_ok docker pull busybox
expect_match "what it lacks is" 'registry-1.docker.io GET .* token$' "$(cat "$T/hub.requests")"
stop_dockerd && stop_registry

# With a mirror that is down: the same.
start_dockerd
expect_ok docker rmi busybox
expect_ok docker pull busybox

# With a mirror of Hub itself.
rm -rf --one-file-system "$T/registry"
start_registry --proxy docker.io
expect_ok docker rmi busybox
expect_ok docker pull busybox
expect_match "it comes through the mirror" 'mirror: fetched library/busybox:latest' "$(cat "$T/registry.log")"
expect_eq "as it was" hello "$(docker run --rm busybox echo hello)"
expect_eq "the mirror knows it by the name that people use" 200 \
	"$(curl -s -o /dev/null -w '%{http_code}' "http://$REGISTRY/v2/busybox/manifests/latest")"
expect_fail 1 'denied|unauthorized' docker pull secret
stop_dockerd && stop_registry && stop_containerd
done_testing
