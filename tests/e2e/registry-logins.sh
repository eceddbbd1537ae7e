#!/bin/bash
# Real clients log in over TLS, push and pull: skopeo, podman, buildah, containerd and docker, and our own
# ctr and docker; once where the registry wants a password each time, once where it wants tokens. (podman and
# buildah speak with skopeo's tongue: ALL=1 asks them both in both ways.)
. "${0%/*}/lib.sh"
need skopeo openssl
trap 'thaw; end_real_docker' EXIT

R=10.77.0.1:5443 # no client takes this address for its own machine, where certificates need not be good
MIRROR=''
ip link set lo up
ip address add 10.77.0.1/32 dev lo
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=registry -addext subjectAltName=IP:10.77.0.1 \
	-keyout "$T/key.pem" -out "$T/cert.pem" 2>/dev/null || fail "openssl req"
mkdir -p "$T/etc/certs.d/$R" "$T/registry" && cp "$T/cert.pem" "$T/etc/certs.d/$R/ca.crt"
if [ ! -d /etc/docker ]; then # not for good: on a copy
	cp -a /etc "$T/host-etc" && mkdir "$T/host-etc/docker" && mount --bind "$T/host-etc" /etc || fail "mount over /etc"
fi
mount --bind "$T/etc" /etc/docker || fail "mount over /etc/docker"
[ ! -d /var/lib/containers ] || mount -t tmpfs tmpfs /var/lib/containers
export REGISTRY_AUTH_FILE=$T/auth.json
layout=$(image busybox)
# Openwall's test vectors: the passwords are U*U and U*U*.
cat >"$T/users" <<'END'
alice:$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW
bob:$2y$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK
END
cat >"$T/access" <<'END'
alice      **         pull,push
bob        team/*     pull
anonymous  public/*   pull
END

# Each client: NAME_login USER PASSWORD, NAME_put WHAT (from team/start), NAME_get WHAT, NAME_id WHAT.
digest() { skopeo inspect --cert-dir "$T/etc/certs.d/$R" --creds 'alice:U*U' --format '{{.Digest}}' "docker://$R/$1"; }
skopeo_() { skopeo "$1" --cert-dir "$T/etc/certs.d/$R" "${@:2}"; }
skopeo_login() { skopeo_ login -u "$1" -p "$2" "$R"; }
skopeo_logout() { skopeo logout "$R"; }
skopeo_put() { skopeo copy --all --src-cert-dir "$T/etc/certs.d/$R" --dest-cert-dir "$T/etc/certs.d/$R" "docker://$R/team/start" "docker://$R/$1"; }
skopeo_get() { rm -rf "$T/dir" && skopeo copy --all --src-cert-dir "$T/etc/certs.d/$R" "docker://$R/$1" "dir:$T/dir"; }
skopeo_id() { digest "$1"; }

# What podman, buildah and docker have in common.
tool=(false)
tool_login() { "${tool[@]}" login -u "$1" -p "$2" "$R"; }
tool_logout() { "${tool[@]}" logout "$R"; }
tool_put() { "${tool[@]}" pull -q "$R/team/start" && "${tool[@]}" tag "$R/team/start" "$R/$1" && "${tool[@]}" push -q "$R/$1"; }
tool_get() { "${tool[@]}" rmi -f "$R/$1" >/dev/null 2>&1; "${tool[@]}" pull -q "$R/$1"; }
tool_id() { "${tool[@]}" images -q --no-trunc "$R/$1" | tail -n 1; }

# containerd's ctr has no login: it sends the name with each command.
ctr_login() { echo "$1:$2" >"$T/as"; "${ctr[@]}" images pull "${ctr_flags[@]}" -u "$1:$2" "$R/team/start:latest"; }
ctr_logout() { echo nobody:x >"$T/as"; }
ctr_put() { "${ctr[@]}" images tag --force "$R/team/start:latest" "$R/$1:latest" && "${ctr[@]}" images push "${ctr_trust[@]}" -u "$(cat "$T/as")" "$R/$1:latest"; }
ctr_get() { "${ctr[@]}" images rm "$R/$1:latest" && "${ctr[@]}" images pull "${ctr_flags[@]}" -u "$(cat "$T/as")" "$R/$1:latest"; }
ctr_id() { digest "$1"; }

# log_in KIND NAME: what one client does, in the registry's mode.
log_in() {
	local kind=$1 what=team/$2-$mode
	expect_fail any 'nauthorized|incorrect|401|invalid username' "${kind}_login" alice 'U*U*'
	expect_ok "${kind}_login" alice 'U*U'
	expect_ok "${kind}_put" "$what"
	id=$("${kind}_id" "$what")
	expect_ok "${kind}_get" "$what"
	expect_eq "$2, $mode: what was pushed comes back" "$id" "$("${kind}_id" "$what")"
	expect_match "$2, $mode: it is something" '[0-9a-f]{12}' "$id"
	if [ $mode = tokens ]; then
		expect_ok "${kind}_login" bob 'U*U*'
		expect_ok "${kind}_get" "$what"
		expect_fail any 'denied|insufficient|unauthorized|403|401' "${kind}_put" team/other
	fi
	"${kind}_logout" >/dev/null
	expect_fail any 'nauthorized|denied|authentication|401|no basic auth' "${kind}_get" "$what"
}

have() { command -v "$1" >/dev/null; }
! have containerd || start_real_containerd
cli=$(real_docker)
real_engine=''
if [ -n "$cli" ] && have dockerd && have containerd; then
	start_real_dockerd "$T/real.sock" --bridge none --iptables=false --ip6tables=false
	real_engine=1
fi
start_containerd
start_dockerd

for mode in passwords tokens; do
	rights=()
	[ $mode = passwords ] || rights=(--access "$T/access")
	launch registry "$TOP/06-registry/registry" --root "$T/registry" --addr "$R" --tls-cert "$T/cert.pem" \
		--tls-key "$T/key.pem" --htpasswd "$T/users" "${rights[@]}"
	ready registry 10 curl -s --cacert "$T/cert.pem" "https://$R/v2/"
	expect_ok skopeo copy --all --dest-creds 'alice:U*U' --dest-cert-dir "$T/etc/certs.d/$R" "oci:$layout:latest" "docker://$R/team/start"
	rm -f "$REGISTRY_AUTH_FILE" "$DOCKER_CONFIG/config.json"
	echo '{}' >"$REGISTRY_AUTH_FILE"
	log_in skopeo skopeo
	for name in podman buildah; do
		have $name && [[ ${ALL:-} || "$mode $name" = "tokens podman" ]] || continue
		tool=($name --root "$T/storage" --runroot "$T/storage-run" --storage-driver vfs)
		log_in tool $name
	done
	if [ -n "$real_engine" ]; then
		tool=("$cli" -H "unix://$T/real.sock")
		log_in tool docker
	fi
	tool=("$TOP/05-cli/docker")
	log_in tool our-docker
	if have containerd && [[ ${ALL:-} || $mode = tokens ]]; then
		ctr=(command ctr --address "$T/real/sock") ctr_trust=(--tlscacert "$T/cert.pem")
		ctr_flags=(--snapshotter native "${ctr_trust[@]}")
		log_in ctr containerd
	fi
	ctr=("$TOP/03-containerd/ctr" --address "$T/containerd.sock") ctr_trust=() ctr_flags=()
	log_in ctr our-ctr
	if [ $mode = tokens ]; then
		expect_ok skopeo copy --all --dest-creds 'alice:U*U' --dest-cert-dir "$T/etc/certs.d/$R" "oci:$layout:latest" "docker://$R/public/web"
		expect_ok skopeo_get public/web
		tool=("$TOP/05-cli/docker")
		expect_ok tool_get public/web
		[ -z "$real_engine" ] || { tool=("$cli" -H "unix://$T/real.sock"); expect_ok tool_get public/web; }
	fi
	stop_registry
done
done_testing
