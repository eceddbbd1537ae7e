#!/bin/bash
# skopeo copies an image into our registry and out of it again, and what comes
# out is, byte for byte, what went in.
. "${0%/*}/lib.sh"
need skopeo

layout=$(image nginx)
start_registry
blobs() { (cd "$1/blobs/sha256" && sha256sum -- * | sort); }

expect_ok skopeo copy --all --dest-tls-verify=false "oci:$layout:latest" "docker://$REGISTRY/team/web:v1"
expect_ok skopeo copy --all --src-tls-verify=false "docker://$REGISTRY/team/web:v1" "oci:$T/out:latest"
expect_eq "every blob of a pushed image comes back" "$(blobs "$layout")" "$(blobs "$T/out")"

# And one that `registry seed` put there.
expect_ok skopeo inspect --tls-verify=false "docker://$REGISTRY/team/web:v1"
stop_registry
seed nginx
start_registry
expect_ok skopeo copy --all --src-tls-verify=false "docker://$REGISTRY/library/nginx:latest" "oci:$T/seeded:latest"
expect_eq "every blob of a seeded image comes out" "$(blobs "$layout")" "$(blobs "$T/seeded")"

expect_ok skopeo list-tags --tls-verify=false "docker://$REGISTRY/team/web"
expect_match "the tag that was pushed is listed, after a restart too" '"v1"' "$output"
# A push by digest of what is there already, and a copy within the registry.
expect_ok skopeo copy --all --src-tls-verify=false --dest-tls-verify=false \
	"docker://$REGISTRY/team/web:v1" "docker://$REGISTRY/other/name:v2"
expect_fail any 'manifest unknown|not found' skopeo inspect --tls-verify=false "docker://$REGISTRY/team/web:nope"
stop_registry
done_testing
