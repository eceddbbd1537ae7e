#!/bin/bash
# A push sends what the registry lacks, and that in the way which the registry takes: mounted from
# another repository, in one piece or in several, again after a break. Foreign layers stay
# where they are.
. "${0%/*}/lib.sh"
. "${0%/*}/hostile_lib.bash"

hostile store 127.0.0.1 5101

foreign=$(manifest '.layers[0].mediaType = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
	| .layers[0].urls = ["http://127.0.0.1:1/nobody", "http://127.0.0.1:5101/plain/" + .layers[0].digest]')
set_to reg "$(jq -nc --arg b "$foreign" '{extra: {"library/img/foreign":
	{type: "application/vnd.oci.image.manifest.v1+json", body: $b}}}')"
set_to store '{}'
expect_ok pull "$IMG:foreign"
expect_eq "a foreign layer comes from its URL" 1 "$(asked store 'GET /plain/')"
expect_ok ctr images tag "$IMG:foreign" 127.0.0.1:5100/other/foreign:latest
expect_match "and is not pushed" '"status":"skipped"' "$(api push '{"ref":"127.0.0.1:5100/other/foreign"}')"
forget

# ---- push: mounted, in pieces ---------------------------------------------------
layers=$(manifest '.layers | length + 1')
set_to reg "{$BEARER, \"generation\": 5, \"mount\": true}"
expect_ok pull -u 'user:pass word' "$IMG"
expect_ok ctr images tag "$IMG:latest" 127.0.0.1:5100/other/mounted:latest
expect_ok ctr images push -u 'user:pass word' 127.0.0.1:5100/other/mounted
expect_eq "what is in another repository is mounted" "$layers" "$(asked reg 'POST .*mount=.* 201')"
expect_eq "with one token for both" 1 "$(asked reg '/token.*other%2Fmounted.*library%2Fimg.* 200')"
expect_eq "and not sent" 0 "$(asked reg 'PUT .*uploads')"
set_to reg "{$BEARER, \"generation\": 6, \"mount\": true, \"refuse_scope\": \"other/mounted\"}"
expect_ok ctr images tag "$IMG:latest" 127.0.0.1:5100/other/sent:latest
expect_ok ctr images push -u 'user:pass word' 127.0.0.1:5100/other/sent
expect_eq "where reading there is not allowed it is sent" "$layers" "$(asked reg 'PUT .*uploads.* 201')"
for how in '"upload": "chunks"' '"body_limit": 600000'; do
	n=$((${n:-0} + 1))
	set_to reg "{$how, \"faults\": [{\"match\": \"PATCH\", \"do\": \"reset_after\", \"times\": 2}]}"
	expect_ok ctr images tag "$IMG:latest" "127.0.0.1:5100/pieces/p$n:latest"
	expect_ok ctr images push "127.0.0.1:5100/pieces/p$n"
	expect_match "pieces ($how)" 'PATCH' "$(cat "$T/reg.requests")"
	expect_match "what the registry has is asked for after a break" 'GET .*uploads.* 204' "$(cat "$T/reg.requests")"
	forget
	set_to reg '{}'
	expect_ok pull "127.0.0.1:5100/pieces/p$n" # whole, or its digest would differ
	expect_ok ctr images tag "127.0.0.1:5100/pieces/p$n:latest" "$IMG:latest"
done
set_to reg '{"faults": [{"match": "PUT .*uploads", "do": "reset", "times": 1},
	{"match": "POST .*uploads", "do": "status", "status": 500, "times": 1}]}'
expect_ok ctr images tag "$IMG:latest" 127.0.0.1:5100/other/again:latest
expect_ok ctr images push 127.0.0.1:5100/other/again
forget

# ---- the real registry: chunks, mounts ---------------------------------------------------
if command -v docker-registry >/dev/null; then
	cat >"$T/real.yml" <<-END
		version: 0.1
		storage: {filesystem: {rootdirectory: $T/real-registry}}
		http: {addr: "127.0.0.1:5102"}
	END
	launch distribution "$(command -v docker-registry)" serve "$T/real.yml"
	ready distribution 10 curl -fsS http://127.0.0.1:5102/v2/
	expect_ok pull "$IMG"
	expect_ok ctr images tag "$IMG:latest" 127.0.0.1:5102/a/one:latest
	expect_ok ctr images push 127.0.0.1:5102/a/one
	expect_ok ctr images tag "$IMG:latest" 127.0.0.1:5102/b/two:latest
	expect_match "the real registry mounts" '"status":"mounted"' "$(api push '{"ref":"127.0.0.1:5102/b/two"}')"
	forget
	expect_ok pull 127.0.0.1:5102/b/two
fi
stop_containerd
done_testing
