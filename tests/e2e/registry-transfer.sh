#!/bin/bash
# A pull meets a registry that breaks connections, stalls, corrupts, wants patience and tokens: what can be
# had is had, nobody is shown a password that is not meant for them, and what cannot be
# had is said plainly.
. "${0%/*}/lib.sh"
. "${0%/*}/hostile_lib.bash"

# ---- what breaks is taken up again -------------------------------------------
set_to reg '{"faults": [
	{"match": "GET .*/manifests/latest", "do": "status", "status": 500, "times": 2},
	{"match": "GET .*/blobs/", "do": "truncate", "times": 3},
	{"match": "GET .*/manifests/sha256", "do": "reset", "times": 1}]}'
expect_ok pull "$IMG"
expect_match "a broken download goes on where it broke" 'GET .*/blobs/.* bytes=[0-9]+- 206' "$(cat "$T/reg.requests")"
forget
set_to reg '{"faults": [{"match": "blobs/", "do": "status", "status": 429, "retry_after": 2, "as": "date"}]}'
before=$SECONDS
expect_ok pull "$IMG"
expect_eq "Retry-After may be a date, and is waited for" yes "$([ $((SECONDS - before)) -ge 1 ] && echo yes)"
forget
set_to reg '{"faults": [{"match": "blobs/", "do": "status", "status": 429, "retry_after": 7200, "times": 99}]}'
expect_fail 1 'come back in 7[12][0-9][0-9] seconds.*429 too many requests' pull "$IMG"
set_to reg '{"faults": [{"match": "blobs/", "do": "corrupt", "times": 99}]}'
expect_fail 1 'digest' pull "$IMG"
expect_eq "of wrong bytes nothing is kept" 0 "$(find "$T/containerd/content" -type f -size +100k | wc -l)"
set_to reg '{"faults": [{"match": "manifests/", "do": "status", "status": 503, "times": 99}]}'
expect_fail 1 '503' pull "$IMG"
expect_eq "a registry that is down is asked five times" 5 "$(asked reg manifests)"

# ---- a killed containerd's pull is taken up by the next one ------------------------
LAYER=$(jq -r .digest <<<"$(manifest '.layers | max_by(.size)')")
left() { find "$T/containerd/content/ingest" -name 'pull-*' -size +400k | grep .; }
for how in whole spoilt; do
	set_to reg '{"faults": [{"match": "GET .*/blobs/'"$LAYER"'", "do": "stall", "bytes": 700000}]}'
	pull "$IMG" >/dev/null 2>&1 &
	wait_for 20 left || fail "nothing of the layer is on the disk"
	stop_containerd KILL
	[ $how = whole ] || printf 'other bytes' | dd of="$(left)" conv=notrunc status=none
	start_containerd --certs-dir "$T/certs"
	set_to reg '{}'
	expect_ok pull "$IMG"
	# Of bytes that are spoilt, unpacking may find it out before the rest is asked for.
	[ $how = spoilt ] || expect_match "the rest is asked for" "GET .*/blobs/$LAYER .* bytes=[4-9][0-9]{5}- 206" "$(cat "$T/reg.requests")"
	expect_eq "from the start only where it was wrong ($how)" "$([ $how = whole ] && echo 0 || echo 1)" \
		"$(asked reg "GET .*/blobs/$LAYER .* - 200")"
	expect_eq "nothing is left over ($how)" "" "$(left)"
	forget
done

# ---- documents ---------------------------------------------------------------
set_to reg '{"extra": {"library/old/latest": {"type": "application/vnd.docker.distribution.manifest.v1+prettyjws",
	"body": "{\"schemaVersion\":1,\"fsLayers\":[]}"},
	"library/old/json": {"type": "application/json", "body": "{\"schemaVersion\":1,\"fsLayers\":[]}"}}}'
expect_fail 1 'old format \(schema 1\)' pull 127.0.0.1:5100/library/old
expect_fail 1 'media type' pull 127.0.0.1:5100/library/old:json

# ---- who may ------------------------------------------------------------------
set_to reg '{"auth": "basic"}'
expect_fail 1 'authentication required' pull "$IMG"
expect_ok pull -u 'user:pass word' "$IMG"
forget
set_to reg "{$BEARER}"
expect_ok pull -u 'user:pass word' "$IMG"
expect_eq "one token for the whole pull" 1 "$(asked reg ' /token')"
expect_ok pull -u 'user:pass word' "$IMG"
expect_eq "and for the next one" 1 "$(asked reg ' /token')"
expect_fail 1 'incorrect username or password' pull -u 'user:wrong' "$IMG"
expect_eq "a token is not for others" 2 "$(asked reg ' /token')"
set_to reg "{$BEARER, \"generation\": 1}"
expect_ok pull -u 'user:pass word' "$IMG"
expect_eq "a token that is refused is replaced" 1 "$(asked reg ' /token')"
set_to reg "{$BEARER, \"no_get\": true, \"generation\": 2}"
expect_match "an identity token is shown to the token service" '"status":"done"' \
	"$(api pull "{\"ref\":\"$IMG\",\"auth\":{\"identityToken\":\"identity\"}}" | tail -n 1)"
expect_eq "in a POST" 1 "$(asked reg '^POST /token - ')"
expect_match "one that is over" 'log in again' \
	"$(api pull "{\"ref\":\"$IMG\",\"auth\":{\"identityToken\":\"old\"}}" | tail -n 1)"
forget

# A redirect to another port, and a realm that is not to be trusted, get nothing.
hostile store 127.0.0.1 5101
set_to reg "{$BEARER, \"generation\": 3, \"faults\": [
	{\"match\": \"GET .*/blobs/\", \"do\": \"redirect\", \"to\": \"http://127.0.0.1:5101/plain/\", \"times\": 99}]}"
expect_ok pull -u 'user:pass word' "$IMG"
expect_eq "blobs came from the other port" yes "$([ "$(asked store 'GET /plain/')" -ge 2 ] && echo yes)"
expect_eq "without a word about us" 0 "$(grep -cE ' (Basic|Bearer) ' "$T/store.requests")"
set_to reg '{"faults": [{"match": "manifests/", "do": "redirect", "to": "/v2/library/img/manifests/", "times": 99}]}'
expect_fail 1 '307 redirected too often' pull "$IMG"
forget
set_to reg '{"auth": "bearer", "generation": 4, "realm": "http://10.77.0.1:1/token"}'
expect_fail 1 'token service.*refused' pull -u 'user:pass word' "$IMG"

stop_containerd
done_testing
