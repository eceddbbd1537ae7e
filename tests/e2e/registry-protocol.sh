#!/bin/bash
# The distribution specification, endpoint by endpoint, with curl: statuses and
# headers are the specification's; and where Debian's docker-registry is
# installed, both are asked the same and must answer with the same status.
. "${0%/*}/lib.sh"
. "${0%/*}/ask_lib.bash"
ASK_TYPE=application/octet-stream # a form would be read as one, by Go's servers

sha() { echo "sha256:$(sha256sum "$1" | cut -d' ' -f1)"; }
# begin REPOSITORY: a new upload; sets $up to its address.
begin() {
	ask -X POST "$BASE/v2/$1/blobs/uploads/"
	up=$(header location)
	case $up in /*) up=$BASE$up ;; esac
}
push() { # REPOSITORY FILE
	begin "$1"
	case $up in *\?*) up="$up&" ;; *) up="$up?" ;; esac
	expect 201 "push a blob to $1" -X PUT --data-binary "@$2" "${up}digest=$(sha "$2")"
}
oci=application/vnd.oci.image.manifest.v1+json
index=application/vnd.oci.image.index.v1+json
manifest() { # CONFIG-FILE [LAYER-FILE]
	local layers=
	[ -z "${2:-}" ] || layers="{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",\"digest\":\"$(sha "$2")\",\"size\":$(stat -c %s "$2")}"
	printf '{"schemaVersion":2,"mediaType":"%s","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"%s","size":%s},"layers":[%s]%s}' \
		$oci "$(sha "$1")" "$(stat -c %s "$1")" "$layers" "${3:-}"
}

printf hello >"$T/hello"
printf '{}' >"$T/config"
seq 100000 >"$T/large"
hello=$(sha "$T/hello")
nobody=sha256:$(printf %064d 0)
start_registry

# ---- end-1 -----------------------------------------------------------------
expect 200 "end-1" "$BASE/v2/"
expect_eq "the version of the API" registry/2.0 "$(header docker-distribution-api-version)"

# ---- end-4a and end-6: POST, then PUT -----------------------------------------
begin one
expect_eq "end-4a" 202 "$status"
expect_match "the session has a UUID" '/v2/one/blobs/uploads/[0-9a-f-]{36}' "$up"
expect_eq "the UUID has a header" "${up##*/}" "$(header docker-upload-uuid)"
expect 201 "end-6" -X PUT --data-binary "@$T/hello" "$up?digest=$hello"
expect_eq "where the blob is" "/v2/one/blobs/$hello" "$(header location)"
expect_eq "its digest" "$hello" "$(header docker-content-digest)"
expect_code 404 BLOB_UPLOAD_UNKNOWN "a finished session is over" "$up"

# ---- end-2 --------------------------------------------------------------------
expect 200 "end-2 GET" "$BASE/v2/one/blobs/$hello"
expect_eq "the blob" hello "$body"
expect_eq "its digest" "$hello" "$(header docker-content-digest)"
expect 200 "end-2 HEAD" -I "$BASE/v2/one/blobs/$hello"
expect_eq "its size" 5 "$(header content-length)"
expect_code 404 BLOB_UNKNOWN "end-2 without the blob" "$BASE/v2/one/blobs/$nobody"
expect_code 404 BLOB_UNKNOWN "a blob of another repository" "$BASE/v2/two/blobs/$hello"
expect 206 "a range" -H 'Range: bytes=1-3' "$BASE/v2/one/blobs/$hello"
expect_eq "its bytes" "ell bytes 1-3/5" "$body $(header content-range)"
expect 206 "from somewhere to the end" -H 'Range: bytes=3-' "$BASE/v2/one/blobs/$hello"
expect_eq "its bytes" "lo bytes 3-4/5" "$body $(header content-range)"
expect 206 "the last bytes" -H 'Range: bytes=-2' "$BASE/v2/one/blobs/$hello"
expect_eq "its bytes" "lo bytes 3-4/5" "$body $(header content-range)"
expect 416 "a range past the end" -H 'Range: bytes=5-' "$BASE/v2/one/blobs/$hello"
expect_eq "how much there is" 'bytes */5' "$(header content-range)"
expect 416 "a range that ends before it begins" -H 'Range: bytes=3-0' "$BASE/v2/one/blobs/$hello"
expect 200 "two ranges" -H 'Range: bytes=0-0,2-3' "$BASE/v2/one/blobs/$hello"
expect 200 "a unit that nobody knows" -H 'Range: lines=1-2' "$BASE/v2/one/blobs/$hello"
expect 304 "a client that has it already" -H "If-None-Match: \"$hello\"" "$BASE/v2/one/blobs/$hello"
expect 206 "a range of this" -H "If-Range: \"$hello\"" -H 'Range: bytes=1-3' "$BASE/v2/one/blobs/$hello"
expect 200 "or of something like it" -H "If-Range: W/\"$hello\"" -H 'Range: bytes=1-3' "$BASE/v2/one/blobs/$hello"
expect 200 "a range of something else" -H 'If-Range: "old"' -H 'Range: bytes=1-3' "$BASE/v2/one/blobs/$hello"

# ---- end-4b: one POST ------------------------------------------------------------
expect 201 "end-4b" -X POST --data-binary "@$T/large" "$BASE/v2/one/blobs/uploads/?digest=$(sha "$T/large")"
expect 200 "what one POST pushed" "$BASE$(header location)"
cmp "$T/large" "$T/body" || fail "one POST: the blob differs"
expect_code 400 DIGEST_INVALID "end-4b with a wrong digest" -X POST --data-binary "@$T/large" \
	"$BASE/v2/one/blobs/uploads/?digest=$nobody"
expect_code 404 BLOB_UNKNOWN "nothing is kept of it" "$BASE/v2/one/blobs/$nobody"

# ---- a blob of nothing --------------------------------------------------------------------
: >"$T/nothing"
nothing=$(sha "$T/nothing")
expect 201 "one POST of nothing" -X POST --data-binary "@$T/nothing" "$BASE/v2/one/blobs/uploads/?digest=$nothing"
expect 200 "nothing comes back" "$BASE/v2/one/blobs/$nothing"
expect_eq "all of it" "0 " "$(header content-length) $body"
expect 200 "HEAD of nothing" -I "$BASE/v2/one/blobs/$nothing"
begin one
expect 201 "PUT of nothing" -X PUT "$up?digest=$nothing"

# ---- end-5, end-13: chunks ----------------------------------------------------------
begin one
expect 202 "end-5" -X PATCH -H 'Content-Range: 0-2' --data-binary hel "$up"
expect_eq "how much has come" 0-2 "$(header range)"
expect_code 416 BLOB_UPLOAD_INVALID "a chunk out of order" -X PATCH -H 'Content-Range: 4-4' --data-binary o "$up"
expect_eq "which says where to go on" "0-2 ${up#"$BASE"}" "$(header range) $(header location)"
expect_code 416 BLOB_UPLOAD_INVALID "the same chunk again" -X PATCH -H 'Content-Range: 0-2' --data-binary hel "$up"
expect_code 416 BLOB_UPLOAD_INVALID "a range that is none" -X PATCH -H 'Content-Range: bytes 3-4' --data-binary lo "$up"
expect_code 400 SIZE_INVALID "a chunk of another size" -X PATCH -H 'Content-Range: 3-9' --data-binary lo "$up"
expect 204 "end-13" "$up"
expect_eq "all that changed nothing" 0-2 "$(header range)"
expect 202 "a streamed chunk" -X PATCH -H 'Transfer-Encoding: chunked' --data-binary l "$up"
expect_eq "how much has come" 0-3 "$(header range)"
stop_registry
start_registry
expect 204 "a session survives the registry" "$up"
expect_eq "how much has come" 0-3 "$(header range)"
expect_code 404 BLOB_UPLOAD_UNKNOWN "a session belongs to its repository" "${up/one/two}"
expect_code 400 DIGEST_INVALID "end-6 without a digest" -X PUT "$up"
expect 201 "the last chunk comes with PUT" -X PUT -H 'Content-Range: 4-4' --data-binary o "$up?digest=$hello"
begin one # a client that leaves in the middle of a chunk
{ printf 'PATCH %s HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n' "${up#"$BASE"}" && head -c 100001 "$T/large"; } \
	>"/dev/tcp/${REGISTRY/://}"
came() { ask "$up" && [ "$(header range)" = 0-100000 ]; }
wait_for 10 came || fail "what came of a chunk that broke off is kept" "$headers"
expect 201 "and what is missing finishes it" -X PUT -H 'Content-Range: 100001-588894' \
	--data-binary "@-" "$up?digest=$(sha "$T/large")" < <(tail -c +100002 "$T/large")
begin one
expect 204 "an upload is given up" -X DELETE "$up"
expect_code 404 BLOB_UPLOAD_UNKNOWN "and gone" -X PATCH --data-binary x "$up"
expect_eq "no session is left" "" "$(ls "$T/registry/uploads" "$T/registry/ingest" | grep -v :)"

# ---- end-11: mount --------------------------------------------------------------------
expect 201 "end-11" -X POST "$BASE/v2/two/blobs/uploads/?mount=$hello&from=one"
expect 200 "a mounted blob" "$BASE$(header location)"
expect 202 "a mount from nowhere becomes an upload" -X POST "$BASE/v2/two/blobs/uploads/?mount=$nobody&from=one"
expect 201 "a mount from any repository" -X POST "$BASE/v2/three/blobs/uploads/?mount=$hello"
expect 202 "which has to be somewhere" -X POST "$BASE/v2/three/blobs/uploads/?mount=$nobody"
expect_eq "the bytes are shared" 4 "$(stat -c %h "$T/registry/blobs/sha256/${hello#*:}")"

# ---- end-7, end-3: manifests -------------------------------------------------------------
push one "$T/config"
manifest "$T/config" "$T/hello" >"$T/manifest"
m=$(sha "$T/manifest")
expect 201 "end-7 by tag" -X PUT -H "Content-Type: $oci" --data-binary "@$T/manifest" "$BASE/v2/one/manifests/v1"
expect_eq "where it is" "/v2/one/manifests/$m" "$(header location)"
expect_eq "its digest" "$m" "$(header docker-content-digest)"
expect 201 "end-7 by digest" -X PUT -H "Content-Type: $oci" --data-binary "@$T/manifest" "$BASE/v2/one/manifests/$m"
expect_code 400 DIGEST_INVALID "end-7 by another digest" -X PUT -H "Content-Type: $oci" \
	--data-binary "@$T/manifest" "$BASE/v2/one/manifests/$nobody"
for ref in v1 "$m"; do
	expect 200 "end-3 by $ref" "$BASE/v2/one/manifests/$ref"
	cmp "$T/manifest" "$T/body" || fail "end-3 by $ref: it differs"
	expect_eq "its type" $oci "$(header content-type)"
	expect_eq "its digest" "$m" "$(header docker-content-digest)"
	expect 200 "end-3 HEAD by $ref" -I "$BASE/v2/one/manifests/$ref"
	expect_eq "its size" "$(stat -c %s "$T/manifest")" "$(header content-length)"
done
expect 200 "Accept, a line for each type" -H "Accept: $index" -H "Accept: text/html;q=0.1, $oci;q=0.5" "$BASE/v2/one/manifests/v1"
expect_code 404 MANIFEST_UNKNOWN "Accept of other types only" -H "Accept: $index" "$BASE/v2/one/manifests/v1"
expect_code 404 MANIFEST_UNKNOWN "Accept of anything but this" -H "Accept: $oci; q=0.0, $index" "$BASE/v2/one/manifests/v1"
expect_code 404 MANIFEST_UNKNOWN "end-3 of no tag" "$BASE/v2/one/manifests/v2"
expect_code 404 NAME_UNKNOWN "end-3 of no repository" "$BASE/v2/none/manifests/v2"
manifest "$T/config" "$T/manifest" >"$T/bad"
expect_code 400 MANIFEST_BLOB_UNKNOWN "a layer that is not there" -X PUT -H "Content-Type: $oci" \
	--data-binary "@$T/bad" "$BASE/v2/two/manifests/v1"
sed "s/\"size\":5/\"size\":6/" "$T/manifest" >"$T/bad"
expect_code 400 MANIFEST_INVALID "a layer of another size" -X PUT -H "Content-Type: $oci" \
	--data-binary "@$T/bad" "$BASE/v2/one/manifests/v2"
expect_code 400 MANIFEST_INVALID "a type that differs from its header" -X PUT -H "Content-Type: $index" \
	--data-binary "@$T/manifest" "$BASE/v2/one/manifests/v2"
expect_code 400 MANIFEST_INVALID "no JSON" -X PUT -H "Content-Type: $oci" --data-binary '{"schemaVersion":2,' "$BASE/v2/one/manifests/v2"
expect_code 400 TAG_INVALID "no tag" -X PUT -H "Content-Type: $oci" --data-binary "@$T/manifest" "$BASE/v2/one/manifests/-v"
head -c 9000000 /dev/zero | tr '\0' ' ' >"$T/huge"
expect_code 413 SIZE_INVALID "a manifest of 9 MB" -X PUT -H "Content-Type: $oci" --data-binary "@$T/huge" "$BASE/v2/one/manifests/v2"
printf '{"schemaVersion":2,"mediaType":"%s","manifests":[{"mediaType":"%s","digest":"%s","size":%s}]}' \
	$index $oci "$m" "$(stat -c %s "$T/manifest")" >"$T/index"
expect 201 "an index" -X PUT -H "Content-Type: $index" --data-binary "@$T/index" "$BASE/v2/one/manifests/multi"
expect_code 400 MANIFEST_BLOB_UNKNOWN "an index of a manifest that is not there" -X PUT -H "Content-Type: $index" \
	--data-binary "@$T/index" "$BASE/v2/two/manifests/multi"

# ---- end-8: tags, and the catalog -------------------------------------------------------
for tag in b A c 1; do
	expect 201 "tag $tag" -X PUT -H "Content-Type: $oci" --data-binary "@$T/manifest" "$BASE/v2/one/manifests/$tag"
done
expect 200 "end-8a" "$BASE/v2/one/tags/list"
expect_eq "in lexical order" '{"name":"one","tags":["1","A","b","c","multi","v1"]}' "$body"
ask "$BASE/v2/one/tags/list?n=2"
expect_eq "end-8b, the first page" '{"name":"one","tags":["1","A"]} </v2/one/tags/list?n=2&last=A>; rel="next"' "$body $(header link)"
ask "$BASE/v2/one/tags/list?n=4&last=A"
expect_eq "the last page" '{"name":"one","tags":["b","c","multi","v1"]} ' "$body $(header link)"
ask "$BASE/v2/one/tags/list?n=0"
expect_eq "a page of nothing" '{"name":"one","tags":[]} ' "$body $(header link)"
ask "$BASE/v2/one/tags/list?n=100000000000000000000&last=b0"
expect_eq "as many as there are, after a tag that is not" '{"name":"one","tags":["c","multi","v1"]} ' "$body $(header link)"
expect_code 400 PAGINATION_NUMBER_INVALID "a page of x" "$BASE/v2/one/tags/list?n=x"
expect_code 404 NAME_UNKNOWN "the tags of no repository" "$BASE/v2/none/tags/list"
for repository in a/blobs/x a/index.json; do
	push $repository "$T/config"
	manifest "$T/config" >"$T/plain"
	expect 201 "a repository $repository" -X PUT -H "Content-Type: $oci" --data-binary "@$T/plain" "$BASE/v2/$repository/manifests/t"
done
ask "$BASE/v2/_catalog"
expect_eq "the catalog" '{"repositories":["a/blobs/x","a/index.json","one"]}' "$body"
ask "$BASE/v2/_catalog?n=1"
expect_eq "a page of it" '</v2/_catalog?n=1&last=a/blobs/x>; rel="next"' "$(header link)"

# ---- end-12: referrers ---------------------------------------------------------------
expect 200 "end-12a, nobody refers" "$BASE/v2/one/referrers/$m"
expect_eq "an empty index" "{\"schemaVersion\":2,\"mediaType\":\"$index\",\"manifests\":[]} $index" "$body $(header content-type)"
manifest "$T/config" "" ",\"artifactType\":\"x/sbom\",\"annotations\":{\"k\":\"v\"},\"subject\":{\"mediaType\":\"$oci\",\"digest\":\"$m\",\"size\":1}" >"$T/sbom"
expect 201 "a manifest with a subject" -X PUT -H "Content-Type: $oci" --data-binary "@$T/sbom" "$BASE/v2/one/manifests/$(sha "$T/sbom")"
expect_eq "the registry has seen the subject" "$m" "$(header oci-subject)"
ask "$BASE/v2/one/referrers/$m"
expect_match "end-12a" "\"digest\":\"$(sha "$T/sbom")\",\"size\":$(stat -c %s "$T/sbom"),\"artifactType\":\"x/sbom\",\"annotations\":\{\"k\":\"v\"\}" "$body"
ask "$BASE/v2/one/referrers/$m?artifactType=x/other"
expect_match "end-12b" '"manifests":\[\]' "$body"
expect_eq "says that it filtered" artifactType "$(header oci-filters-applied)"
ask "$BASE/v2/one/referrers/$m?artifactType="
expect_match "a filter of nothing is none" 'x/sbom.* $' "$body $(header oci-filters-applied)"
expect_code 400 DIGEST_INVALID "the referrers of no digest" "$BASE/v2/one/referrers/v1"

# ---- end-9, end-10: deletion -----------------------------------------------------------
expect 202 "a manifest with a subject goes" -X DELETE "$BASE/v2/one/manifests/$(sha "$T/sbom")"
ask "$BASE/v2/one/referrers/$m"
expect_match "and refers no more" '"manifests":\[\]' "$body"
expect 202 "end-9 by tag" -X DELETE "$BASE/v2/one/manifests/b"
expect_code 404 MANIFEST_UNKNOWN "the tag is gone" "$BASE/v2/one/manifests/b"
expect 200 "its manifest is not" "$BASE/v2/one/manifests/$m"
expect_code 405 UNSUPPORTED "a manifest is not deleted as a blob" -X DELETE "$BASE/v2/one/blobs/$m"
expect 202 "end-9 by digest" -X DELETE "$BASE/v2/one/manifests/$m"
for ref in v1 A "$m"; do
	expect_code 404 MANIFEST_UNKNOWN "$ref is gone with it" "$BASE/v2/one/manifests/$ref"
done
expect_code 404 MANIFEST_UNKNOWN "end-9 again" -X DELETE "$BASE/v2/one/manifests/$m"
expect_code 404 NAME_UNKNOWN "end-9 of no repository" -X DELETE "$BASE/v2/none/manifests/$m"
expect 202 "end-10" -X DELETE "$BASE/v2/one/blobs/$hello"
expect_code 404 BLOB_UNKNOWN "the blob is gone" "$BASE/v2/one/blobs/$hello"
expect 200 "but not from the other repository" "$BASE/v2/two/blobs/$hello"
expect 202 "nor when that deletes it" -X DELETE "$BASE/v2/two/blobs/$hello"
expect 202 "and the third" -X DELETE "$BASE/v2/three/blobs/$hello"
expect_eq "the last one takes the bytes along" no "$([ -e "$T/registry/blobs/sha256/${hello#*:}" ] && echo yes || echo no)"
expect_code 404 BLOB_UNKNOWN "end-10 again" -X DELETE "$BASE/v2/two/blobs/$hello"

# ---- sha512 -------------------------------------------------------------------------
sha512() { echo "sha512:$(sha512sum "$1" | cut -d' ' -f1)"; }
long=$(sha512 "$T/large")
expect 201 "one POST by sha512" -X POST --data-binary "@$T/large" "$BASE/v2/long/blobs/uploads/?digest=$long"
expect_eq "its digest" "$long" "$(header docker-content-digest)"
expect 200 "the blob" "$BASE/v2/long/blobs/$long"
cmp "$T/large" "$T/body" || fail "sha512: the blob differs"
expect_code 404 BLOB_UNKNOWN "it is not there by sha256 as well" "$BASE/v2/long/blobs/$(sha "$T/large")"
begin long
expect 202 "a chunk before the digest is known" -X PATCH --data-binary he "$up"
expect 201 "PUT by sha512" -X PUT --data-binary llo "$up?digest=$(sha512 "$T/hello")"
begin long
expect_code 400 DIGEST_INVALID "a wrong sha512" -X PUT --data-binary hell "$up?digest=$(sha512 "$T/hello")"
expect_code 400 DIGEST_INVALID "half of a sha512" -X POST "$BASE/v2/long/blobs/uploads/?digest=sha512:$(printf %064d 0)"
printf '{"schemaVersion":2,"mediaType":"%s","config":{"mediaType":"x/y","digest":"%s","size":5},"layers":[]}' \
	$oci "$(sha512 "$T/hello")" >"$T/manifest"
m=$(sha512 "$T/manifest")
expect 201 "a manifest by sha512" -X PUT -H "Content-Type: $oci" --data-binary "@$T/manifest" "$BASE/v2/long/manifests/$m"
expect_eq "its digest" "$m" "$(header docker-content-digest)"
expect 200 "it comes back" "$BASE/v2/long/manifests/$m"
cmp "$T/manifest" "$T/body" || fail "sha512: the manifest differs"
expect 201 "mounted" -X POST "$BASE/v2/long2/blobs/uploads/?mount=$long&from=long"
expect 202 "deleted" -X DELETE "$BASE/v2/long/manifests/$m"
for repository in long long2; do expect 202 "deleted from $repository" -X DELETE "$BASE/v2/$repository/blobs/$long"; done
expect_eq "the last one takes the bytes along" no "$([ -e "$T/registry/blobs/sha512/${long#*:}" ] && echo yes || echo no)"

# ---- what is no name --------------------------------------------------------------------
for name in UPPER a..b a/../b 'a%2f..%2f..%2fetc' a//b -a a_ a___b "$(printf 'a%.0s' {1..256})" 'a%0ab' '%ff'; do
	expect_code 400 NAME_INVALID "the name $name" "$BASE/v2/$name/tags/list"
done
for digest in sha256:zz "sha256:$(printf %063d 0)" md5:00 'sha256:..%2f..%2fx' "SHA256:$(printf %064d 0)"; do
	expect_code 400 DIGEST_INVALID "the digest $digest" "$BASE/v2/one/blobs/$digest"
done
for uuid in x ..%2f..%2flock "$(printf -- '-%.0s' {1..36})"; do
	expect_code 404 BLOB_UPLOAD_UNKNOWN "the session $uuid" "$BASE/v2/one/blobs/uploads/$uuid"
done
expect 404 "a path that climbs" "$BASE/v2/../../etc/passwd"
expect_code 405 UNSUPPORTED "a method that nobody knows" -X BREW "$BASE/v2/"
stop_registry

# ---- side by side with Debian's docker-registry --------------------------------------------
command -v docker-registry >/dev/null || done_testing
cat >"$T/config.yml" <<END
version: 0.1
log: {level: error}
storage: {filesystem: {rootdirectory: $T/theirs}, delete: {enabled: true}}
http: {addr: 127.0.0.1:5001}
END
docker-registry serve "$T/config.yml" >"$T/theirs.log" 2>&1 &
theirs=$!
wait_for 10 curl -fsS http://127.0.0.1:5001/v2/ || fail "docker-registry does not answer"
start_registry

# One line a request: what it is, and the status. The same script for both.
conversation() {
	say() { ask "${@:2}"; echo "$1: $status"; }
	say "the API" "$BASE/v2/"
	say "tags of nothing" "$BASE/v2/side/none/tags/list"
	begin side/one && echo "begin: $status $(header range)"
	say "chunk" -X PATCH --data-binary @"$T/hello" "$up" && echo "$(header range)"
	up=$(header location)
	case $up in /*) up=$BASE$up ;; esac
	say "where is it" "$up" && echo "$(header range)"
	case $up in *\?*) up="$up&" ;; *) up="$up?" ;; esac
	say "no digest" -X PUT "$up"
	say "bad digest" -X PUT "${up}digest=sha256:zz"
	say "finish" -X PUT "${up}digest=$hello"
	push side/one "$T/config"
	say "blob" "$BASE/v2/side/one/blobs/$hello" && echo "$(header docker-content-digest) $(header content-length)"
	say "no blob" "$BASE/v2/side/one/blobs/$nobody"
	say "not this repository's" "$BASE/v2/side/two/blobs/$hello"
	say "range" -H 'Range: bytes=1-2' "$BASE/v2/side/one/blobs/$hello" && echo "$body"
	say "range past the end" -H 'Range: bytes=9-' "$BASE/v2/side/one/blobs/$hello"
	say "mount" -X POST "$BASE/v2/side/two/blobs/uploads/?mount=$hello&from=side/one"
	say "mount nothing" -X POST "$BASE/v2/side/two/blobs/uploads/?mount=$nobody&from=side/one"
	say "no session" "$BASE/v2/side/one/blobs/uploads/00000000-0000-4000-8000-000000000000"
	say "manifest" -X PUT -H "Content-Type: $oci" --data-binary "@$T/manifest" "$BASE/v2/side/one/manifests/v1"
	say "parts missing" -X PUT -H "Content-Type: $oci" --data-binary "@$T/manifest" "$BASE/v2/side/two/manifests/v1"
	say "no manifest type" -X PUT -H "Content-Type: text/plain" --data-binary '{}' "$BASE/v2/side/one/manifests/v1"
	say "another digest" -X PUT -H "Content-Type: $oci" --data-binary "@$T/manifest" "$BASE/v2/side/one/manifests/$nobody"
	say "by tag" -H "Accept: $oci" "$BASE/v2/side/one/manifests/v1" && echo "$(header docker-content-digest) $(header content-type)"
	say "by digest" -H "Accept: $oci" "$BASE/v2/side/one/manifests/$m"
	say "no tag" -H "Accept: $oci" "$BASE/v2/side/one/manifests/v9"
	say "not accepted" -H "Accept: text/html" "$BASE/v2/side/one/manifests/v1"
	say "tags" "$BASE/v2/side/one/tags/list" && tr -d ' \n' <"$T/body" && echo
	say "catalog" "$BASE/v2/_catalog?n=1000" && grep -o side/one "$T/body"
	say "delete a manifest" -X DELETE "$BASE/v2/side/one/manifests/$m"
	say "again" -X DELETE "$BASE/v2/side/one/manifests/$m"
	say "delete a blob" -X DELETE "$BASE/v2/side/one/blobs/$hello"
	say "again" -X DELETE "$BASE/v2/side/one/blobs/$hello"
}
manifest "$T/config" "$T/hello" >"$T/manifest"
conversation >"$T/ours.txt"
BASE=http://127.0.0.1:5001
conversation >"$T/theirs.txt"
kill $theirs
wait $theirs 2>/dev/null
expect_eq "docker-registry says the same" "$(cat "$T/theirs.txt")" "$(cat "$T/ours.txt")"
stop_registry
done_testing
