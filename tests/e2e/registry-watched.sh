#!/bin/bash
# What the registry tells those who watch it: events to a receiver that fails at first.
. "${0%/*}/lib.sh"
need python3 jq
layout=$(image busybox)
BASE=http://$REGISTRY
HOSTILE=$'curl "\x1b[2J\xff</script>'

# ---- a receiver: refuses the first two posts, then keeps each envelope as a line -------
cat >"$T/receiver.py" <<'END'
import http.server, json, sys
refuse = 2
class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        global refuse
        body = self.rfile.read(int(self.headers["Content-Length"]))
        refuse -= 1
        self.send_response(503 if refuse >= 0 else 200)
        self.end_headers()
        if refuse < 0:
            with open(sys.argv[1], "a") as f:
                f.write(json.dumps({"type": self.headers["Content-Type"], **json.loads(body)}) + "\n")
    def log_message(self, *args): pass
http.server.HTTPServer(("127.0.0.1", 5200), Receiver).serve_forever()
END
: >"$T/events"
events() { jq -r '.events[] | '"$1" "$T/events"; }
status() { curl -s -o /dev/null -w '%{http_code}' -A "$HOSTILE" "$BASE/$1" "${@:2}"; }

start_registry --notify http://127.0.0.1:5200/hook
# Nobody listens yet, and no push waits for that.
blob=sha256:$(printf 'a blob' | sha256sum | cut -d' ' -f1)
expect_eq "a push does not wait for who is told of it" 201 \
	"$(status "v2/team/app/blobs/uploads/?digest=$blob" -X POST -d 'a blob' --max-time 2)"
launch receiver "$(command -v python3)" "$T/receiver.py" "$T/events"
printf '{}' >"$T/config"
config=sha256:$(sha256sum <"$T/config" | cut -d' ' -f1)
expect_eq "a second one" 201 "$(status "v2/team/app/blobs/uploads/?digest=$config" -X POST --data-binary "@$T/config")"
expect_eq "mounted elsewhere" 201 "$(status "v2/team/other/blobs/uploads/?mount=$blob&from=team/app" -X POST)"
type=application/vnd.oci.image.manifest.v1+json
printf '{"schemaVersion":2,"mediaType":"%s","config":{"mediaType":"application/json","digest":"%s","size":2},"layers":[{"mediaType":"application/x-tar","digest":"%s","size":6}]}' \
	$type "$config" "$blob" >"$T/manifest"
manifest=sha256:$(sha256sum <"$T/manifest" | cut -d' ' -f1)
expect_eq "a manifest" 201 "$(status v2/team/app/manifests/v1 -X PUT -H "Content-Type: $type" --data-binary "@$T/manifest")"
expect_eq "is asked for" 200 "$(status v2/team/app/manifests/v1 -I)"
expect_eq "and pulled" 200 "$(status v2/team/app/manifests/v1)"
expect_eq "with its layer" 200 "$(status "v2/team/app/blobs/$blob")"
expect_eq "and deleted" 202 "$(status "v2/team/app/manifests/$manifest" -X DELETE)"
expect_eq "and so is a blob" 202 "$(status "v2/team/other/blobs/$blob" -X DELETE)"
all_told() { [ "$(events .action | wc -l)" = 8 ]; }
wait_for 20 all_told || fail "the receiver was told of" "$(cat "$T/events")"
expect_eq "each was told once, and in order" "$(
	printf '%s\n' "push team/app $blob null" "push team/app $config null" "mount team/other $blob null" \
		"push team/app $manifest v1" "pull team/app $manifest v1" "pull team/app $blob null" \
		"delete team/app $manifest null" "delete team/other $blob null")" \
	"$(events '"\(.action) \(.target.repository) \(.target.digest) \(.target.tag)"')"
expect_eq "in Docker's envelope" application/vnd.docker.distribution.events.v1+json "$(jq -r .type "$T/events" | sort -u)"
expect_eq "with what was meant" "$type $(stat -c %s "$T/manifest") $BASE/v2/team/app/manifests/$manifest PUT 127.0.0.1:5000" \
	"$(events 'select(.action == "push" and .target.tag == "v1") | "\(.target.mediaType) \(.target.size) \(.target.url) \(.request.method) \(.request.host)"')"
expect_eq "and where from" team/app "$(events 'select(.action == "mount") | .target.fromRepository')"
expect_match "the log says that there was trouble" 'notify http://127.0.0.1:5200/hook: .*will try again' "$(cat "$T/registry.log")"

# What is in the queue when it stops is told at once.
expect_eq "one more" 201 "$(status "v2/late/blobs/uploads/?digest=$blob" -X POST -d 'a blob')"
stop_registry
expect_eq "the last one is told before it stops" "late $blob" "$(events '"\(.target.repository) \(.target.digest)"' | tail -n 1)"
done_testing
