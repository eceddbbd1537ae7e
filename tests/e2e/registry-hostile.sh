#!/bin/bash
# Clients that do not mean well: bodies whose end is not clear, headers and paths
# without end, lies about lengths, JSON bombs, connections by the hundred. Each is
# refused or bounded, and the registry goes on.
. "${0%/*}/lib.sh"

start_registry
# The sanitizers multiply memory; what they find, they say when the registry stops.
sanitized=$(grep -c __asan_init "$TOP/06-registry/registry")

# raw TEXT [TEXT...]: send it (printf's escapes) and read until the other side
# closes, or five seconds; the status line is the first line of $reply.
raw() {
	exec 3<>"/dev/tcp/${REGISTRY%:*}/${REGISTRY#*:}"
	(printf -- "$@" >&3) 2>/dev/null # a shell of its own: refused early, it dies of SIGPIPE
	reply=$(timeout 5 cat <&3 2>/dev/null | tr -d '\0\r')
	exec 3>&-
}
status() { head -n 1 <<<"$reply" | cut -d' ' -f2; }
end='HTTP/1.1\r\nHost: x\r\nConnection: close\r\n'
many() { head -c "$1" /dev/zero | tr '\0' "$2"; }

# ---- where does the body end? ------------------------------------------------
raw "PUT /v2/a/manifests/t $end"'Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!'
expect_eq "two lengths" 400 "$(status)"
expect_eq "and one reply" 1 "$(grep -c '^HTTP/1.1' <<<"$reply")"
raw "PUT /v2/a/manifests/t $end"'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'
expect_eq "a length and chunks" 400 "$(status)"
raw "PUT /v2/a/manifests/t $end"'Transfer-Encoding: gzip\r\n\r\nhello'
expect_eq "an encoding that nobody knows" 400 "$(status)"
raw "PUT /v2/a/manifests/t $end"'Transfer-Encoding: chunked\r\n\r\nzz\r\n'
expect_eq "a chunk without a size" 400 "$(status)"
for length in -5 5x; do
	raw "PUT /v2/a/manifests/t $end""Content-Length: $length"'\r\n\r\nhello'
	expect_eq "the length $length" 400 "$(status)"
done

# ---- without end ----------------------------------------------------------------
raw "GET /v2/ $end""X: $(many 1000000 a)"'\r\n\r\n'
# (Who is still sending when it is refused may lose the reply to the reset.)
expect_match "a header of 1 MB" '^(431)?$' "$(status)"
raw "GET /v2/$(many 500000 a) $end"'\r\n'
expect_match "an address of 500 KB" '^(414)?$' "$(status)"
raw "GET /v2/_catalog?$(many 40000 '&')x=y $end"'\r\n'
expect_match "a query of 40,000 nothings" '^(200|414|431)?$' "$(status)"
raw "GET /v2/$(yes a/blobs/ | head -n 8000 | tr -d '\n') $end"'\r\n'
expect_eq "a path of 8,000 parts" 404 "$(status)"
expect_match "takes no time" '"GET /v2/(a/blobs/)+[^ ]*" 404 [0-9]+ 0\.[0-9]+s' "$(cat "$T/registry.log")"

# ---- lies about lengths ------------------------------------------------------------
digest=sha256:$(printf hello | sha256sum | cut -d' ' -f1)
raw "POST /v2/a/blobs/uploads/?digest=$digest $end"'Content-Length: 4\r\n\r\nhello'
expect_eq "one byte too many is not of the body" 400 "$(status)"
expect_eq "a client that leaves in the middle" "" "$(
	exec 3<>"/dev/tcp/${REGISTRY%:*}/${REGISTRY#*:}"
	printf "POST /v2/a/blobs/uploads/?digest=$digest HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nhello" >&3
)"
expect_eq "nothing is left of them" "" "$(find "$T/registry/ingest" -type f)"
expect_eq "nor visible" 404 "$(curl -so /dev/null -w '%{http_code}' "http://$REGISTRY/v2/a/blobs/$digest")"

# ---- bombs -----------------------------------------------------------------------------
oci=application/vnd.oci.image.manifest.v1+json
{ printf '{"x":[[]'; yes ',[]' | head -n 2000000 | tr -d '\n'; printf ']}'; } >"$T/wide"
{ many 4000000 '['; } >"$T/deep"
for bomb in wide deep; do
	expect_eq "a $bomb JSON bomb" 400 "$(curl -so /dev/null -w '%{http_code}' -X PUT -H "Content-Type: $oci" \
		--data-binary "@$T/$bomb" "http://$REGISTRY/v2/a/manifests/t")"
done

# ---- bounded memory -----------------------------------------------------------------------
big=sha256:$(head -c 300000000 /dev/zero | sha256sum | cut -d' ' -f1)
expect_eq "a blob of 300 MB" 201 "$(head -c 300000000 /dev/zero | curl -so /dev/null -w '%{http_code}' -X POST \
	-T - "http://$REGISTRY/v2/a/blobs/uploads/?digest=$big")"
expect_eq "and back" "$big" "sha256:$(curl -s "http://$REGISTRY/v2/a/blobs/$big" | sha256sum | cut -d' ' -f1)"
for i in {10..209}; do eval "exec $i<>/dev/tcp/${REGISTRY%:*}/${REGISTRY#*:}"; printf 'GET /v2/ HTTP/1.1\r\nX' >&"$i"; done
expect_eq "200 clients that never finish their headers" 200 "$(curl -so /dev/null -w '%{http_code}' "http://$REGISTRY/v2/")"
for i in {10..209}; do eval "exec $i>&-"; done
high=$(sed -n 's/^VmHWM:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$pid_registry/status")
[ "$sanitized" -gt 0 ] || expect_match "all that took less than 64 MB, not $high kB" '^[0-5]?[0-9]{1,4}$' "$high"
stop_registry
done_testing
