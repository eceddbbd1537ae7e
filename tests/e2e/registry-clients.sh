#!/bin/bash
# Real clients push to our registry and pull from it: skopeo in every manifest
# format, podman, buildah and containerd with storage of their own. What comes out has the
# digest of what went in, and skopeo reads the store on disk without a server.
. "${0%/*}/lib.sh"
need skopeo

layout=$(image nginx)
blobs() { (cd "$1/blobs/sha256" && sha256sum -- * | sort); }
digest() { skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$REGISTRY/$1"; }
copy() { skopeo copy --src-tls-verify=false --dest-tls-verify=false "$@"; }

# What skopeo remembers of blobs and their places must neither come from this
# machine nor stay on it.
[ ! -d /var/lib/containers ] || mount -t tmpfs tmpfs /var/lib/containers
echo '{}' >"$DOCKER_CONFIG/config.json" # podman insists on the file
start_registry

# ---- skopeo, in the formats that there are -------------------------------
for format in oci v2s2; do
	expect_ok copy --format $format "oci:$layout:latest" "docker://$REGISTRY/$format/web:v1"
	expect_ok copy "docker://$REGISTRY/$format/web:v1" "dir:$T/$format"
	expect_eq "$format: the manifest comes back as pushed" "$(digest $format/web:v1)" \
		"sha256:$(sha256sum <"$T/$format/manifest.json" | cut -d' ' -f1)"
done
type=$(curl -sI "http://$REGISTRY/v2/v2s2/web/manifests/v1" | tr -d '\r' | sed -n 's/^Content-Type: //p')
expect_eq "Docker's media type is kept" application/vnd.docker.distribution.manifest.v2+json "$type"

expect_ok copy --all "oci:$layout:latest" "docker://$REGISTRY/multi/web:v1"
expect_ok copy --all "docker://$REGISTRY/multi/web:v1" "oci:$T/multi:latest"
expect_eq "an index comes back whole" "$(blobs "$layout")" "$(blobs "$T/multi")"

# From one repository to another: the blobs are mounted, not sent.
expect_ok copy --all "docker://$REGISTRY/multi/web:v1" "docker://$REGISTRY/mounted/web:v2"
expect_match "a copy inside the registry mounts" 'POST /v2/mounted/web/blobs/uploads/" 201' \
	"$(cat "$T/registry.log")"
expect_eq "and keeps the digest" "$(digest multi/web:v1)" "$(digest mounted/web:v2)"

# ---- the store is an image layout ----------------------------------------
expect_ok copy --all "oci:$T/registry/repositories/multi/web:v1" "oci:$T/direct:latest"
expect_eq "skopeo reads a repository from the disk" "$(blobs "$layout")" "$(blobs "$T/direct")"

# ---- tags and deletion, as skopeo sees them -------------------------------
expect_ok copy --all "oci:$layout:latest" "docker://$REGISTRY/multi/web:v2"
expect_ok skopeo list-tags --tls-verify=false "docker://$REGISTRY/multi/web"
expect_match "both tags are listed" '"v1", *"v2"' "$(tr -d '\n' <<<"$output")"
# skopeo deletes what the tag points to: all its tags go.
expect_ok skopeo delete --tls-verify=false "docker://$REGISTRY/multi/web:v1"
expect_fail any 'manifest unknown' digest multi/web:v1
expect_fail any 'manifest unknown' digest multi/web:v2
expect_ok digest mounted/web:v2

# ---- podman and buildah ----------------------------------------------------
storage=(--root "$T/storage" --runroot "$T/storage-run" --storage-driver vfs)
if command -v podman >/dev/null; then
	podman=(podman "${storage[@]}")
	expect_ok "${podman[@]}" pull -q --tls-verify=false "$REGISTRY/mounted/web:v2"
	id=$("${podman[@]}" images -q --no-trunc "$REGISTRY/mounted/web:v2")
	expect_ok "${podman[@]}" push -q --tls-verify=false "$REGISTRY/mounted/web:v2" "$REGISTRY/podman/web:v3"
	expect_ok "${podman[@]}" rmi -f "$REGISTRY/mounted/web:v2"
	expect_ok "${podman[@]}" pull -q --tls-verify=false "$REGISTRY/podman/web:v3"
	expect_eq "podman gets back the image that it pushed" "$id" \
		"$("${podman[@]}" images -q --no-trunc "$REGISTRY/podman/web:v3")"
	expect_ok "${podman[@]}" search --tls-verify=false --list-tags "$REGISTRY/podman/web"
	expect_match "podman lists the tag" v3 "$output"
fi
if command -v buildah >/dev/null; then
	buildah=(buildah "${storage[@]}")
	echo built-by-buildah >"$T/file"
	c=$("${buildah[@]}" from scratch)
	expect_ok "${buildah[@]}" copy "$c" "$T/file" /file
	for format in oci docker; do
		expect_ok "${buildah[@]}" commit -q --format $format "$c" "local-$format"
		expect_ok "${buildah[@]}" push -q --tls-verify=false "local-$format" \
			"docker://$REGISTRY/buildah/$format:latest"
		expect_ok copy "docker://$REGISTRY/buildah/$format:latest" "dir:$T/buildah-$format"
		layer=$(skopeo inspect --tls-verify=false --format '{{index .Layers 0}}' \
			"docker://$REGISTRY/buildah/$format:latest")
		expect_eq "the layer that buildah pushed holds its file" built-by-buildah \
			"$(tar -xzOf "$T/buildah-$format/${layer#sha256:}" file)"
	done
fi

# ---- the real containerd -----------------------------------------------------
if [ -x /usr/bin/containerd ] && [ -x /usr/bin/ctr ]; then
	launch theirs /usr/bin/containerd --root "$T/theirs" --state "$T/theirs-run" --address "$T/theirs.sock"
	theirs() { /usr/bin/ctr -a "$T/theirs.sock" "$@"; }
	ready theirs 20 theirs version
	expect_ok theirs images pull --plain-http --snapshotter native "$REGISTRY/mounted/web:v2"
	expect_ok theirs images tag "$REGISTRY/mounted/web:v2" "$REGISTRY/containerd/web:v4"
	expect_ok theirs images push --plain-http "$REGISTRY/containerd/web:v4"
	expect_eq "containerd's push has the digest of its pull" "$(digest mounted/web:v2)" \
		"$(digest containerd/web:v4)"
	kill "$pid_theirs"
	wait "$pid_theirs" 2>/dev/null
fi
stop_registry

# ---- the same over TLS ------------------------------------------------------
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=registry.test \
	-addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' \
	-keyout "$T/key.pem" -out "$T/cert.pem" 2>/dev/null || fail "openssl req"
mkdir -p "$T/certs"
cp "$T/cert.pem" "$T/certs/ca.crt"
launch registry "$TOP/06-registry/registry" --root "$T/registry" --addr "$REGISTRY" \
	--tls-cert "$T/cert.pem" --tls-key "$T/key.pem"
ready registry 10 curl -fsS --cacert "$T/cert.pem" "https://$REGISTRY/v2/"
expect_ok skopeo copy --all --dest-cert-dir "$T/certs" "oci:$layout:latest" "docker://$REGISTRY/tls/web:v1"
expect_ok skopeo copy --all --src-cert-dir "$T/certs" "docker://$REGISTRY/tls/web:v1" "oci:$T/tls:latest"
expect_eq "every blob survives TLS" "$(blobs "$layout")" "$(blobs "$T/tls")"
stop_registry

# With certificates of clients: one that our authority signed is let in, the others get no answer.
authority=(-CA "$T/ca.pem" -CAkey "$T/ca.key" -addext extendedKeyUsage=clientAuth)
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=clients -keyout "$T/ca.key" -out "$T/ca.pem" 2>/dev/null &&
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=alice "${authority[@]}" -keyout "$T/certs/client.key" \
		-out "$T/certs/client.cert" 2>/dev/null || fail "openssl req -CA"
launch registry "$TOP/06-registry/registry" --root "$T/registry" --addr "$REGISTRY" --tls-cert "$T/cert.pem" \
	--tls-key "$T/key.pem" --tls-ca "$T/ca.pem"
me=(--cert "$T/certs/client.cert" --key "$T/certs/client.key")
ready registry 10 curl -fsS --cacert "$T/cert.pem" "${me[@]}" "https://$REGISTRY/v2/"
expect_ok skopeo inspect --cert-dir "$T/certs" "docker://$REGISTRY/tls/web:v1"
rm "$T/certs/client.cert" "$T/certs/client.key"
expect_fail any 'EOF|certificate|reset' skopeo inspect --cert-dir "$T/certs" "docker://$REGISTRY/tls/web:v1"
expect_fail any '' curl -s --cacert "$T/cert.pem" --cert "$T/cert.pem" --key "$T/key.pem" "https://$REGISTRY/v2/"
stop_registry

# ---- read-only ----------------------------------------------------------------
start_registry --read-only
expect_ok copy --all "docker://$REGISTRY/tls/web:v1" "oci:$T/readonly:latest"
expect_fail any 'read-only' copy --all "oci:$layout:latest" "docker://$REGISTRY/tls/other:v1"
expect_fail any 'read-only' skopeo delete --tls-verify=false "docker://$REGISTRY/tls/web:v1"
stop_registry
done_testing
