#!/bin/bash
# The registry dies while clients push (kill -9), and runs out of disk: what it
# acknowledged is there and whole, what it did not is not half there.
#
#   ROUNDS=200 SEED=7 TEST_TIMEOUT=1200 tests/e2e/run registry-crash   so many deaths, at the same moments again
#   S3=1 …                                                             with blobs in an object store
. "${0%/*}/lib.sh"

ROUNDS=${ROUNDS:-8}
SEED=${SEED:-$RANDOM}
RANDOM=$SEED
BASE=http://$REGISTRY
store=$T/registry
oci=application/vnd.oci.image.manifest.v1+json
options=() objects=''
if [ -n "${S3:-}" ]; then
	export AWS_ACCESS_KEY_ID=AKTEST AWS_SECRET_ACCESS_KEY=secret AWS_REGION=us-east-1
	launch objects "$(command -v python3)" "$TOP/tests/e2e/s3_server.py" 9000 "$T/objects" AKTEST secret us-east-1
	ready objects 10 curl -s -o /dev/null http://127.0.0.1:9000/
	options=(--s3 http://127.0.0.1:9000/bucket) objects=$T/objects/bucket
fi
put() { curl -s -o /dev/null -w '%{http_code}' "$@" 2>/dev/null; }
hash() { sha256sum "$1" | cut -d' ' -f1; }

# Push an image of one layer after another until the registry is gone; one line
# in acks.N for all that it answered 201 to.
pusher() {
	local n=$1 i=0 layer config=$T/config
	while i=$((i + 1)); do
		head -c $((RANDOM * 10 + 1)) /dev/urandom >"$T/layer.$n"
		layer=$(hash "$T/layer.$n")
		[ "$(put -X POST --data-binary "@$T/layer.$n" "$BASE/v2/r$n/blobs/uploads/?digest=sha256:$layer")" = 201 ] || return
		echo "r$n blobs sha256:$layer $layer" >>"$T/acks.$n"
		[ "$(put -X POST --data-binary "@$config" "$BASE/v2/r$n/blobs/uploads/?digest=sha256:$(hash "$config")")" = 201 ] || return
		printf '{"schemaVersion":2,"mediaType":"%s","config":{"mediaType":"application/json","digest":"sha256:%s","size":2},"layers":[{"mediaType":"application/x-tar","digest":"sha256:%s","size":%s}]}' \
			$oci "$(hash "$config")" "$layer" "$(stat -c %s "$T/layer.$n")" >"$T/manifest.$n"
		[ "$(put -X PUT -H "Content-Type: $oci" --data-binary "@$T/manifest.$n" "$BASE/v2/r$n/manifests/t$round.$i")" = 201 ] || return
		echo "r$n manifests t$round.$i $(hash "$T/manifest.$n")" >>"$T/acks.$n"
	done
}
# A third one pushes in chunks, so that a session is cut as well.
chunker() {
	local up
	while up=$(curl -si -X POST "$BASE/v2/chunks/blobs/uploads/" 2>/dev/null | tr -d '\r' | sed -n 's/^Location: //p'); [ -n "$up" ]; do
		for _ in 1 2 3; do
			[ "$(head -c 100000 /dev/urandom | put -X PATCH --data-binary @- "$BASE$up")" = 202 ] || return
		done
	done
}

printf '{}' >"$T/config"
# At least so many rounds, and on a slow machine until there was something to lose.
acknowledged() { cat "$T"/acks.* 2>/dev/null | wc -l; }
round=0 more=0
while [ $round -lt "$ROUNDS" ] || { [ $round -lt 60 ] && [ "$(acknowledged)" -lt 10 ]; }; do
	round=$((round + 1))
	start_registry "${options[@]}"
	pusher 1 &
	one=$!
	pusher 2 &
	two=$!
	chunker &
	three=$!
	[ $((round % 10)) -gt 0 ] || [ "$(acknowledged)" -ge $round ] || more=$((more + 1)) # a slow machine: more time
	sleep "$more.$((RANDOM % 4))$((RANDOM % 10))"
	stop registry KILL
	wait $one $two $three
done
cat "$T"/acks.* >"$T/acks"
echo "$round deaths with SEED=$SEED, $(wc -l <"$T/acks") things acknowledged"
expect_match "there was something to lose" '[0-9]{2,}' "$(wc -l <"$T/acks")"

# ---- what was acknowledged is there, byte for byte -----------------------------
start_registry "${options[@]}"
while read -r repository kind reference want; do
	got=$(curl -sL "$BASE/v2/$repository/$kind/$reference" | sha256sum | cut -d' ' -f1)
	expect_eq "$repository/$kind/$reference was acknowledged" "$want" "$got"
done <"$T/acks"

# ---- and what is there is whole --------------------------------------------------
for blob in "$store"/blobs/sha256/* ${objects:+"$objects"/blobs/sha256/*}; do
	[ ! -k "$blob" ] || continue # a marker: the bytes are elsewhere
	expect_eq "a blob is what its name says" "${blob##*/}" "$(hash "$blob")"
done
for repository in r1 r2; do
	for tag in $(curl -s "$BASE/v2/$repository/tags/list" | grep -o 't[0-9]*\.[0-9]*'); do
		curl -s "$BASE/v2/$repository/manifests/$tag" >"$T/m"
		for part in $(grep -o 'sha256:[0-9a-f]*' "$T/m"); do
			expect_eq "$repository:$tag has its parts" 200 "$(put -I "$BASE/v2/$repository/blobs/$part")"
		done
	done
done
expect_ok registry ls --root "$store" "${options[@]}"
# An unfinished upload can be resumed: its session and its bytes belong together.
for ingest in "$store"/ingest/*; do
	[ -e "$ingest" ] || continue
	up=$BASE/v2/chunks/blobs/uploads/${ingest##*/}
	expect_eq "an upload that was cut off goes on" 204 "$(put "$up")"
	expect_eq "or is given up" 204 "$(put -X DELETE "$up")"
done
expect_eq "nothing else is left of unfinished pushes" "" "$(ls -A "$store/ingest")"
stop_registry

# ---- a full disk ---------------------------------------------------------------------
mkdir "$T/small"
mount -t tmpfs -o size=6m tmpfs "$T/small" || skip "cannot mount a tmpfs"
store=$T/small
left() { (cd "$store" && find ingest uploads -type f); }
head -c 4000000 /dev/urandom >"$T/fits"
head -c 8000000 /dev/urandom >"$T/not"
launch registry "$TOP/06-registry/registry" --root "$store" --addr "$REGISTRY"
ready registry 10 curl -fsS "$BASE/v2/"
push() { # FILE: prints the status and the message
	curl -s -w ' %{http_code}' -X POST --data-binary "@$1" "$BASE/v2/a/blobs/uploads/?digest=sha256:$(hash "$1")"
}
expect_match "a blob that does not fit" 'No space left on device.* 507$' "$(push "$T/not")"
expect_eq "nothing is left of it" "" "$(left)"
expect_eq "nor is it to be had" 404 "$(put "$BASE/v2/a/blobs/sha256:$(hash "$T/not")")"
up=$(curl -si -X POST "$BASE/v2/a/blobs/uploads/" | tr -d '\r' | sed -n 's/^Location: //p')
expect_eq "a first chunk" 202 "$(put -X PATCH --data-binary "@$T/fits" "$BASE$up")"
expect_eq "and one too many" 507 "$(put -X PATCH --data-binary "@$T/fits" "$BASE$up")"
expect_eq "the session is over" 404 "$(put "$BASE$up")"
expect_eq "nothing is left of it" "" "$(left)"
expect_match "a blob that fits" ' 201$' "$(push "$T/fits")"
layout=$(image nginx)
expect_fail 1 'registry: seed .*: No space left on device' registry seed --root "$store" "$layout" library/nginx
expect_eq "a seed that failed leaves nothing half-written" "" "$(left)"
expect_fail 1 'no repository|^$' bash -c "curl -fs $BASE/v2/library/nginx/manifests/latest || { curl -s $BASE/v2/library/nginx/manifests/latest; exit 1; }"
# Full to the last byte: reading goes on, and so does writing when there is room again.
head -c 8000000 /dev/zero >"$store/filler" 2>/dev/null
printf x >"$T/x"
expect_match "not one byte more" ' 507$' "$(push "$T/x")"
expect_eq "reading a full store" "$(hash "$T/fits")" \
	"$(curl -s "$BASE/v2/a/blobs/sha256:$(hash "$T/fits")" | sha256sum | cut -d' ' -f1)"
rm "$store/filler"
expect_match "room again" ' 201$' "$(push "$T/x")"
stop_registry
umount "$T/small"
done_testing
