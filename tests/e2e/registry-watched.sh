#!/bin/bash
# What the registry tells those who watch it: events to a receiver that fails at first, an access
# log that no client can spoil, metrics, and pages for a browser.
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

start_registry --notify http://127.0.0.1:5200/hook --access-log "$T/access"
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

# ---- the access log -----------------------------------------------------------------
combined='^127\.0\.0\.1 - - \[[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:[0-9:]{8} \+0000\] "[A-Z]+ /[^ "]* HTTP/1\.1" [0-9]{3} [0-9]+ "-" "[^"]*" [0-9]+\.[0-9]{3}$'
expect_eq "every line is of the format" "" "$(grep -vE "$combined" "$T/access")"
expect_match "whatever a client calls itself" 'PUT /v2/team/app/manifests/v1 HTTP/1.1" 201 0 "-" "curl \\x22\\x1b\[2J\\xff</script>"' "$(cat "$T/access")"
expect_eq "requests are not in the log as well" "" "$(grep '/v2/team' "$T/registry.log")"
mv "$T/access" "$T/access.1"
kill -HUP "$pid_registry"
wait_for 5 test -e "$T/access" || fail "SIGHUP makes no new access log"
status v2/ >/dev/null
expect_match "logrotate's way" 'GET /v2/ ' "$(cat "$T/access")"

# ---- metrics -------------------------------------------------------------------------
metrics=$(curl -si "$BASE/metrics" | tr -d '\r')
expect_match "metrics are text" '^Content-Type: text/plain; version=0.0.4' "$metrics"
metric() { awk -v name="$1" '$1 == name { print $2 }' <<<"$metrics"; }
expect_eq "a manifest was pushed" 1 "$(metric 'registry_http_requests_total{endpoint="manifest",method="PUT",code="201"}')"
expect_eq "and pulled" 1 "$(metric 'registry_http_requests_total{endpoint="manifest",method="GET",code="200"}')"
expect_eq "it came in, with two blobs" "$((6 + 2 + $(stat -c %s "$T/manifest")))" "$(metric registry_http_received_bytes_total)"
expect_eq "all took some time" "$(metric 'registry_http_request_duration_seconds_count{endpoint="manifest"}')" \
	"$(metric 'registry_http_request_duration_seconds_bucket{endpoint="manifest",le="+Inf"}')"
expect_eq "events were sent" 8 "$(metric registry_notifications_sent_total)"
expect_eq "none is left" 0 "$(metric registry_notifications_pending)"
expect_eq "no upload is open" 0 "$(metric registry_uploads_open)"

# ---- pages for a browser ------------------------------------------------------------------
well_formed() {
	python3 -c '
import html.parser, sys
class Check(html.parser.HTMLParser):
    open, void = [], ("meta", "link", "br")
    def handle_starttag(self, tag, attrs):
        assert tag not in ("script", "img", "form", "iframe") and all(not k.startswith("on") for k, v in attrs), tag
        if tag not in self.void: self.open.append(tag)
    def handle_endtag(self, tag): assert self.open.pop() == tag, tag
c = Check(); c.feed(sys.stdin.buffer.read().decode()); assert not c.open, c.open'
}
page() { curl -s -o "$T/page" "$BASE/$1" && well_formed <"$T/page" && cat "$T/page"; }
expect_ok registry seed --root "$T/registry" "$layout" library/busybox
expect_match "repositories are listed" '<a href="/\?repository=library/busybox">library/busybox</a>' "$(page '')"
expect_match "with their tags" '<a href="/\?repository=library/busybox&amp;ref=latest">latest</a>' "$(page '?repository=library/busybox')"
index=$(grep -o 'sha256:[0-9a-f]*' "$layout/index.json")
child=$(grep -o 'sha256:[0-9a-f]*' "$layout/blobs/sha256/${index#sha256:}")
layer=$(cd "$layout/blobs/sha256" && ls -S | head -n 1)
expect_match "an index leads to its images" "ref=$child\"" "$(page '?repository=library/busybox&ref=latest')"
expect_match "which have layers of a size" "sha256:$layer</td><td>application/vnd.oci.image.layer.v1.tar\\+gzip</td><td class=\"n\">1.0 MB" \
	"$(page "?repository=library/busybox&ref=$child")"
# What was pushed is text, whatever it is.
sed 's|application/x-tar|<script>alert(1)</script>\\" onload=\\"x|' "$T/manifest" >"$T/hostile"
expect_eq "a hostile media type" 201 "$(status v2/team/app/manifests/hostile -X PUT -H "Content-Type: $type" --data-binary "@$T/hostile")"
expect_match "is escaped" '&lt;script&gt;alert\(1\)&lt;/script&gt;&quot; onload=&quot;x' "$(page '?repository=team/app&ref=hostile')"
expect_match "and so is what was asked for" 'no manifest &lt;b&gt;' "$(page '?repository=team/app&ref=<b>')"
expect_eq "an unknown repository" 404 "$(status '?repository=no/such')"
expect_match "and nothing could run" "^Content-Security-Policy: default-src 'none'; style-src 'self';" "$(curl -sI "$BASE/" | tr -d '\r')"
curl -s -o /dev/null -X PUT -H "Content-Type: $type" --data-binary "@$T/manifest" "$BASE/v2/team/app/manifests/t[100-220]"
expect_eq "a page has a hundred tags" 100 "$(page '?repository=team/app' | grep -c '<tr><td>')"
next=$(grep -o '/?after=[^"]*' "$T/page" | sed 's/&amp;/\&/g')
expect_eq "the next one has the rest" 22 "$(page "${next#/}" | grep -c '<tr><td>')"

# What is in the queue when it stops is told at once.
expect_eq "one more" 201 "$(status "v2/late/blobs/uploads/?digest=$blob" -X POST -d 'a blob')"
stop_registry
expect_eq "the last one is told before it stops" "late $blob" "$(events '"\(.target.repository) \(.target.digest)"' | tail -n 1)"
done_testing
