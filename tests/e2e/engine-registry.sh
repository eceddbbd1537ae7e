#!/bin/bash
# What dockerd asks of a registry itself: a login (a password that is good or not, an identity token in its
# place, TLS), a search, a manifest; and that a pull shows the tokens that X-Registry-Auth has in it.
. "${0%/*}/lib.sh"
. "${0%/*}/hostile_lib.bash"

tls=10.77.0.1:5443
ip link set lo up
ip address add 10.77.0.1/32 dev lo
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=hub -addext "subjectAltName=IP:10.77.0.1,DNS:index.docker.io" \
	-keyout "$T/key.pem" -out "$T/cert.pem" 2>/dev/null || fail "no certificate"
hostile tls 10.77.0.1 5443 "$T/cert.pem" "$T/key.pem"
MIRROR='' && start_dockerd

engine() { curl -sS --max-time 30 --unix-socket "$T/docker.sock" -o "$T/body" -w '%{http_code}' "$@"; }
login() { engine -d "{\"serveraddress\":\"$1\",$2}" http://d/auth; }
said() { jq -r "$1" "$T/body"; }
auth() { printf %s "$1" | base64 -w 0 | tr '+/' '-_'; }
good='"username":"user","password":"pass word"'

# ---- a login
set_to reg '{"auth": "basic"}'
expect_eq "a password" "200 Login Succeeded " "$(login 127.0.0.1:5100 "$good") $(said '.Status + " " + .IdentityToken')"
expect_eq "a wrong one" 401 "$(login 127.0.0.1:5100 '"username":"user","password":"wrong"')"
set_to reg "{$BEARER}"
expect_eq "to a token service" "200 Login Succeeded " "$(login http://127.0.0.1:5100/v1/ "$good") $(said '.Status + " " + .IdentityToken')"
expect_eq "every time anew" 401 "$(login 127.0.0.1:5100 '"username":"user","password":"wrong"')"
expect_match "a refusal says who refused" '127.0.0.1:5100.*incorrect username or password' "$(said .message)"
set_to reg "{$BEARER, \"identity\": true}"
expect_eq "that gives an identity token" "200 identity" "$(login 127.0.0.1:5100 "$good") $(said .IdentityToken)"
expect_eq "and takes it" "200 identity" "$(login 127.0.0.1:5100 '"identitytoken":"identity"') $(said .IdentityToken)"
expect_eq "but no other" 401 "$(login 127.0.0.1:5100 '"identitytoken":"old"')"
expect_eq "nobody there" 503 "$(login 127.0.0.1:1 "$good")"
expect_eq "an unknown certificate" 403 "$(login $tls "$good")"
expect_match "is named" certificate "$(said .message)"
if [ -d /etc/docker ]; then
	mkdir -p "$T/etc/certs.d/$tls" && cp "$T/cert.pem" "$T/etc/certs.d/$tls/ca.crt"
	mount --bind "$T/etc" /etc/docker
	set_to tls '{"auth": "basic"}'
	expect_eq "a certificate that /etc/docker/certs.d has" 200 "$(login $tls "$good")"
fi

# ---- tokens in X-Registry-Auth
set_to reg "{$BEARER, \"no_get\": true}"
pull_with() { engine -X POST -H "X-Registry-Auth: $(auth "$1")" "http://d/images/create?fromImage=$IMG&tag=latest"; }
expect_eq "no pull without" 404 "$(pull_with '{}')"
expect_eq "a pull with an identity token" 200 "$(pull_with '{"identitytoken":"identity"}')"
expect_match "went well" 'Status: Downloaded newer image' "$(cat "$T/body")"
expect_eq "shown in a POST" 1 "$(asked reg '^POST /token - ')"
set_to reg "{$BEARER}"
expect_eq "a pull with a token that is ready" 200 "$(pull_with '{"registrytoken":"t0|repository:library/img:pull"}')"
expect_eq "which asks no token service" 0 "$(asked reg ' /token')"

# ---- a manifest
ask() { engine -H "X-Registry-Auth: $(auth "$1")" "http://d/distribution/$IMG/json"; }
set_to reg '{"auth": "basic"}'
expect_eq "a manifest" 200 "$(ask "{$good}")"
expect_eq "as the registry has it" "$(jq -r '.manifests[0] | .digest + " \(.size) " + .mediaType' "$LAYOUT/index.json")" \
	"$(said '.Descriptor | .digest + " \(.size) " + .mediaType')"
expect_eq "and what it is for" linux "$(said '.Platforms[0].os')"
expect_eq "not for everybody" 401 "$(ask '{}')"
expect_eq "one that is not there" 404 "$(engine -H "X-Registry-Auth: $(auth "{$good}")" http://d/distribution/127.0.0.1:5100/none/json)"

# ---- a search
search() { engine -G http://d/images/search --data-urlencode "term=$1" "${@:2}"; }
set_to reg '{"search": [{"name": "a/b", "description": "d", "star_count": 7, "is_official": false, "is_automated": true, "more": 1},
	{"name": "c", "star_count": 70, "is_official": true}]}'
expect_eq "a search" '200 a/b d 7 false false;c  70 true false;' "$(search 127.0.0.1:5100/x/y) $(said '.[] | "\(.name) \(.description) \(.star_count) \(.is_official) \(.is_automated);"' | tr -d '\n')"
expect_eq "asked for" 1 "$(asked reg '^GET /v1/search\?q=x%2Fy&n=25 - ')"
names() { search 127.0.0.1:5100/x --data-urlencode "filters=$1" "${@:2}" && said '" " + (map(.name) | join(" "))'; }
expect_eq "official ones" "200 c" "$(names '{"is-official":["true"]}')"
expect_eq "others" "200 a/b" "$(names '{"is-official":{"false":true}}')"
expect_eq "with stars" "200 c" "$(names '{"stars":["7","8"]}')"
expect_eq "automated: none is" "200 " "$(names '{"is-automated":["true"]}')"
expect_eq "not automated: all are" "200 a/b c" "$(names '{"is-automated":["false"]}')"
expect_eq "a limit, and who asks" 200 "$(search 127.0.0.1:5100/x --data limit=100 -H "X-Registry-Auth: $(auth "{$good}")")"
expect_eq "are passed on" 1 "$(asked reg 'q=x&n=100 Basic ')"
for bad in "x&limit=101" "x&limit=0" "x&limit=y" 'x&filters={"stars":["y"]}' 'x&filters={"is-official":["y"]}' \
	'x&filters={"y":["y"]}' http://x ""; do
	expect_eq "no search: $bad" 400 "$(engine -g "http://d/images/search?term=${bad//\"/%22}")"
done
expect_eq "a registry that has no search" 404 "$(set_to reg '{}' && search 127.0.0.1:5100/x)"
stop_dockerd && stop_containerd
done_testing
