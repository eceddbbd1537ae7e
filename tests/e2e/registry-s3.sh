#!/bin/bash
# Blobs in an object store: pushed and pulled by a real client, signed as the store checks it, in parts
# where they are large; and when the store fails, nothing is acknowledged that is not there.
. "${0%/*}/lib.sh"
need skopeo python3

BASE=http://$REGISTRY
oci=application/vnd.oci.image.index.v1+json
STORE=http://127.0.0.1:9000/bucket/pre
objects=$T/objects/bucket/pre/blobs/sha256
export AWS_ACCESS_KEY_ID=AKTEST AWS_SECRET_ACCESS_KEY=se/cr+et AWS_REGION=eu-test-1
hash() { sha256sum "$1" | cut -d' ' -f1; }
push() { # FILE [REPOSITORY]: the status, and what was said
	curl -s -w '%{http_code}' -X POST --data-binary "@$1" "$BASE/v2/${2:-a}/blobs/uploads/?digest=sha256:$(hash "$1")"
}
blob() { echo "$BASE/v2/${2:-a}/blobs/sha256:$(hash "$1")"; }
asked() { grep -c "$1" "$T/objects.log"; }

launch store "$(command -v python3)" "$TOP/tests/e2e/s3_server.py" 9000 "$T/objects" $AWS_ACCESS_KEY_ID $AWS_SECRET_ACCESS_KEY $AWS_REGION
ready store 10 curl -s -o "$T/none" http://127.0.0.1:9000/
start_registry --s3 "$STORE/"

# ---- a real client ------------------------------------------------------------------------
layout=$(image nginx)
index=sha256:$(hash <(curl -s "file://$layout/index.json"))
expect_ok skopeo copy --all --dest-tls-verify=false "oci:$layout" "docker://$REGISTRY/web:v1"
expect_ok skopeo copy --all --src-tls-verify=false "docker://$REGISTRY/web:v1" "oci:$T/back"
for f in "$layout"/blobs/sha256/*; do
	[ "$(hash "$f")" != "${index#*:}" ] || continue
	expect_eq "${f##*/} came back" "$(hash "$f")" "$(hash "$T/back/blobs/sha256/${f##*/}")"
done
layer=$(find "$layout/blobs" -size +1000k | head -n 1)
expect_eq "a layer is in the object store" "${layer##*/}" "$(hash "$objects/${layer##*/}")"
expect_eq "and no byte of it here" 0 "$(stat -c %b "$T/registry/blobs/sha256/${layer##*/}")"
expect_match "HEAD says how long it is" "Content-Length: $(stat -c %s "$layer")" "$(curl -sI "$(blob "$layer" web)")"
expect_match "GET says where it is" '^307 http://127.0.0.1:9000/bucket/pre/blobs/sha256/.*X-Amz-Signature=' \
	"$(curl -s -o "$T/none" -w '%{http_code} %{redirect_url}' "$(blob "$layer" web)")"
expect_eq "a part of it" "$(head -c 200 "$layer" | tail -c 100 | sha256sum)" \
	"$(curl -sL -r 100-199 "$(blob "$layer" web)" | sha256sum)"
expect_eq "another repository has no right to it" 404 "$(curl -s -o "$T/none" -w '%{http_code}' "$(blob "$layer" b)")"

# ---- large, and empty --------------------------------------------------------------------------
head -c 20000000 /dev/zero >"$T/large"
: >"$T/empty"
expect_eq "a large blob" 201 "$(push "$T/large")"
expect_eq "went in two parts" 2 "$(asked 'PUT .* 200 partNumber')"
expect_eq "and is whole" "$(hash "$T/large")" "$(curl -sL "$(blob "$T/large")" | sha256sum | cut -d' ' -f1)"
expect_eq "an empty blob" 201 "$(push "$T/empty")"
expect_eq "it comes back" "200 0" "$(curl -sL -w '%{http_code} %{size_download}' "$(blob "$T/empty")")"
before=$(asked PUT)
expect_eq "the same blob into another repository" 201 "$(push "$T/large" b)"
expect_eq "is not sent again" "$before" "$(asked PUT)"
expect_eq "taken out of one" 202 "$(curl -s -o "$T/none" -w '%{http_code}' -X DELETE "$(blob "$T/empty")")"
expect_eq "and of no other: the object is gone" no "$([ -e "$objects/$(hash "$T/empty")" ] && echo yes || echo no)"

# A manifest's bytes that somebody pushed as a blob before.
printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}' >"$T/manifest"
expect_eq "a manifest as a blob" 201 "$(push "$T/manifest")"
expect_eq "and as a manifest" 201 "$(curl -s -o "$T/none" -w '%{http_code}' -X PUT -H "Content-Type: $oci" --data-binary "@$T/manifest" "$BASE/v2/a/manifests/v1")"
expect_eq "is served" "$(hash "$T/manifest")" "$(curl -s "$BASE/v2/a/manifests/v1" | sha256sum | cut -d' ' -f1)"
expect_eq "and can be deleted" 202 "$(curl -s -o "$T/none" -w '%{http_code}' -X DELETE "$BASE/v2/a/manifests/sha256:$(hash "$T/manifest")")"

# ---- a store that fails --------------------------------------------------------------------------
head -c 5000 /dev/urandom >"$T/small"
echo 2 >"$T/objects.fail"
expect_eq "a store that is busy for a moment" 201 "$(push "$T/small")"
printf x >>"$T/small"
echo 1000 >"$T/objects.fail"
expect_match "one that stays busy" 'SlowDown.*503$' "$(push "$T/small")"
rm "$T/objects.fail"
expect_eq "nothing of that is to be had" 404 "$(curl -s -o "$T/none" -w '%{http_code}' "$(blob "$T/small")")"
expect_eq "nothing is left of it" "" "$(ls -A "$T/registry/ingest")"
expect_eq "later it can be pushed" 201 "$(push "$T/small")"
stop_registry

# ---- through the registry -----------------------------------------------------------------------
start_registry --s3 "$STORE" --s3-proxy
expect_match "its length is known" "^200 20000000 $(hash "$T/large")" \
	"$(curl -s -o "$T/got" -w '%{http_code} %{size_download}' "$(blob "$T/large")") $(hash "$T/got")"
expect_eq "a part of it" "$(head -c 200 "$layer" | tail -c 100 | sha256sum)" \
	"$(curl -s -r 100-199 "$(blob "$layer" web)" | sha256sum)"
rm "$objects/$(hash "$T/small")"
expect_match "an object that is gone" 'NoSuchKey.*404$' "$(curl -s -w '%{http_code}' "$(blob "$T/small")")"
stop_registry

# ---- wrongly started -------------------------------------------------------------------------------
expect_fail 1 "blobs of .* are at $STORE" registry --root "$T/registry" --addr "$REGISTRY"
expect_fail 1 "blobs of .* are at $STORE" registry seed --root "$T/registry" "$layout" x
expect_fail 1 "blobs of .* are at $STORE" registry --root "$T/registry" --addr "$REGISTRY" --s3 http://127.0.0.1:9000/other
expect_fail 1 'expected https://' registry --root "$T/fresh" --s3 bucket
expect_fail 2 'go with --s3' registry --root "$T/fresh" --s3-proxy
expect_fail 1 'no access key id in the environment' env -u AWS_ACCESS_KEY_ID "$TOP/06-registry/registry" --root "$T/fresh" --s3 "$STORE"
printf '[default]\naws_access_key_id = AKTEST\naws_secret_access_key = wrong\n' >"$T/credentials"
expect_fail 1 'SignatureDoesNotMatch' registry seed --root "$T/fresh" --s3 "$STORE" --s3-credentials "$T/credentials" "$layout" x
expect_ok registry seed --root "$T/fresh" --s3 "$STORE" "$layout" x
done_testing
