#!/bin/bash
# containerd's API in the hands of many who ask for everything at once, or for what cannot be: each
# answer says what is the matter, and nothing is left.
. "${0%/*}/lib.sh"
need curl jq python3

seed nginx
seed busybox
start_registry
start_containerd
IMAGE=$REGISTRY/library/busybox:latest
expect_ok ctr images pull --plain-http "$IMAGE"
api() { curl -sS --max-time 10 --unix-socket "$T/containerd.sock" -X "$1" "${@:3}" -w ' %{http_code}' "http://c/v1/$2"; }
mark

# ---- names and members that cannot be
for name in runc lock; do
	expect_match "a container in a namespace whose name is containerd's own ($name)" "taken by containerd.* 400" \
		"$(api POST containers -H "Containerd-Namespace: $name" -d '{"id":"x","spec":{}}')"
	expect_match "nor is there such a namespace" "taken by containerd.* 400" "$(api POST namespaces -d "{\"name\":\"$name\"}")"
done
expect_match "credentials that are none" "auth.*expected an object.* 400" \
	"$(api POST transfer/pull -d "{\"ref\":\"$IMAGE\",\"auth\":5}")"
expect_match "a log that would never be compressed" "compress.* 400" "$(
	ctr containers create "$IMAGE" packed true
	api POST tasks -d '{"containerID":"packed","log":{"driver":"json-file","path":"/x","compress":true}}'
	ctr containers rm packed)"

# ---- events
expect_match "a filter that is none" "malformed.* 400" "$(api GET 'events?filter=((')"
"$TOP/03-containerd/ctr" --address "$T/containerd.sock" events 'topic=="/tasks/exit"' 'topic=="/tasks/delete"' >"$T/events" &
sleep 0.3 # it has subscribed
ctr run --rm "$IMAGE" "ev${T##*.}" true
wait_for 5 grep -q /tasks/delete "$T/events"
expect_eq "only the events that were asked for" "/tasks/exit /tasks/delete" "$(awk '{ print $3 }' "$T/events" | xargs)"
kill $!

# ---- everything at once
expect_ok ctr containers create "$IMAGE" race sleep 100
expect_eq "no answer but success, not found and conflict" "" \
	"$(python3 "$TOP/tests/e2e/api_races.py" "$T/containerd.sock" "$REGISTRY" 5)"
for end in resume kill; do api POST "tasks/race/$end" -d '{"signal":9}' >/dev/null; done
api POST tasks/race/wait -d '{}' >/dev/null
api DELETE tasks/race >/dev/null
api DELETE containers/race >/dev/null
api DELETE snapshots/race >/dev/null
expect_eq "no task is left" "[] 200" "$(api GET tasks)"
ctr images rm "$REGISTRY/library/nginx:latest" >/dev/null 2>&1
expect_match "the other image is whole" "complete .* true" "$(ctr images check)"
expect_eq "and all there is" 5 "$(api GET content | sed 's/ 200$//' | jq length)"
expect_unchanged "all of it"
stop_containerd
stop_registry
done_testing
