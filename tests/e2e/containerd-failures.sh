#!/bin/bash
# Creating a task fails at each of its steps in turn: one clear error, and no mount,
# cgroup, process, directory or snapshot is left behind.
. "${0%/*}/lib.sh"

# The container is called "fails" here, and something of this run alone there: cgroups are
# the machine's.
U=$(basename "$T" | tr -cd 'A-Za-z0-9')
api() { # METHOD PATH [BODY]: "STATUS KIND MESSAGE"
	local out status body=${3:-}
	out=$(curl -sS --max-time 30 --unix-socket "$T/containerd.sock" -X "$1" -w '\n%{http_code}' \
		"http://containerd${2//fails/$U}" ${body:+-d "${body//\"fails\"/\"$U\"}"})
	status=${out##*$'\n'}
	echo "$status $(jq -r '.error | "\(.kind) \(.message)"' <<<"${out%$'\n'*}" 2>/dev/null)"
}
bundles() { find "$T/run-containerd/default" -mindepth 1 -maxdepth 1 2>/dev/null; }
create() { # ID SPEC-FILE [MORE]: the container's document
	api POST /v1/containers "$(jq -nc --slurpfile s "$2" --arg id "$1" \
		'{id: $id, snapshotKey: "failing", spec: $s[0]}' | jq -c ". + ${3:-{\}}")"
}
# refused WHAT STATUS-AND-REGEX [TASK REQUEST]: the task of container "fails" cannot be created.
refused() {
	local got
	got=$(api POST /v1/tasks "${3:-{\"containerID\":\"fails\"\}}")
	expect_match "$1" "$2" "$got"
	expect_match "$1: there is no task" '^404' "$(api GET /v1/tasks/fails)"
	expect_eq "$1: no bundle is left" "" "$(bundles)"
	expect_match "$1: the container can go" '^204' "$(api DELETE /v1/containers/fails)"
	expect_unchanged "$1"
}

seed busybox
start_registry
start_containerd
IMAGE=$REGISTRY/library/busybox:latest
expect_ok ctr images pull --plain-http "$IMAGE"
expect_ok ctr containers create "$IMAGE" failing true
ctr containers info failing | jq --arg path "/default/$U" '.spec | .linux.cgroupsPath = $path' >"$T/spec.json"
api DELETE /v1/containers/failing >/dev/null
edit() { jq "$1" "$T/spec.json" >"$T/edited.json"; }
edit .
mark

create fails "$T/edited.json" '{"snapshotKey":"nothing"}' >/dev/null
refused "a snapshot that is not there" '^404 not_found .*nothing'

create fails "$T/edited.json" '{"runtime":{"name":"x","options":{"binaryName":"/no/such/runtime"}}}' >/dev/null
refused "a runtime that is not there" '^503 unavailable .*cannot run the OCI runtime /no/such/runtime'

create fails "$T/edited.json" '{"runtime":{"name":"x","options":{"binaryName":"/bin/false"}}}' >/dev/null
refused "a runtime that fails without a word" '^500 system .*OCI runtime create failed with exit status 1'

edit '.process.args = ["no-such-program"]'
create fails "$T/edited.json" >/dev/null
refused "a program that is not there" '^400 no_program .*no-such-program'

edit '.process.args = ["/etc/passwd"]'
create fails "$T/edited.json" >/dev/null
refused "a program that is none" '^400 not_executable .*/etc/passwd'

edit '.process.cwd = "relative"'
create fails "$T/edited.json" >/dev/null
refused "a specification that the runtime refuses" '^[45][0-9][0-9] .*cwd'

edit '.mounts += [{"destination":"/x","type":"bind","source":"/no/such/source","options":["bind"]}]'
create fails "$T/edited.json" >/dev/null
refused "a mount without its source" '^500 system .*no/such/source|^[45].*no/such/source'

edit 'del(.process)'
create fails "$T/edited.json" >/dev/null
refused "a specification without a process" '^400 invalid .*no process'

edit .
create fails "$T/edited.json" '{"user":"nobody-here"}' >/dev/null
refused "a user that is not there" '^400 invalid .*unable to find user nobody-here'

create fails "$T/edited.json" '{"groups":["no-group"]}' >/dev/null
refused "a group that is not there" '^400 invalid .*unable to find group no-group'

create fails "$T/edited.json" >/dev/null
refused "a log in a directory that is not there" '^404 .*open the log /no/such/dir/log' \
	'{"containerID":"fails","log":{"driver":"json-file","path":"/no/such/dir/log"}}'

create fails "$T/edited.json" >/dev/null
refused "a log that is a directory" "^(400|500) .*the log $T" \
	"{\"containerID\":\"fails\",\"log\":{\"driver\":\"json-file\",\"path\":\"$T\"}}"

create fails "$T/edited.json" >/dev/null
refused "a log driver that is none" '^501 unsupported .*gelf' '{"containerID":"fails","log":{"driver":"gelf"}}'
create fails "$T/edited.json" >/dev/null
refused "a log driver without what it needs" '^400 invalid .*log.syslog: needs a tag' '{"containerID":"fails","log":{"driver":"syslog"}}'

create fails "$T/edited.json" >/dev/null
refused "a flag that is none" '^400 invalid .*terminal' '{"containerID":"fails","terminal":"yes"}'

# A layer that has vanished: overlayfs refuses, the shim goes, nothing is mounted.
create fails "$T/edited.json" >/dev/null
layer=$(curl -s --unix-socket "$T/containerd.sock" http://containerd/v1/snapshots/failing/mounts |
	jq -r '.mounts[0].options[] | select(startswith("upperdir=")) | sub("upperdir="; "")')
mv "$layer" "$layer.away"
refused "a snapshot without its directory" '^[45][0-9][0-9] .*mount'
mv "$layer.away" "$layer"

# A runtime that makes the container and then says that it failed.
cat >"$T/half" <<END
#!/bin/sh
$TOP/02-runc/runc "\$@" || exit
for a; do [ "\$a" != create ] || exit 1; done
END
chmod +x "$T/half"
create fails "$T/edited.json" "{\"runtime\":{\"name\":\"x\",\"options\":{\"binaryName\":\"$T/half\"}}}" >/dev/null
refused "a create that fails after it worked" '^500 system .*create failed'

# A shim that cannot be started, and one that dies at once.
restart_with_shim() {
	stop_containerd
	start_containerd "$@"
	wait_for 10 ctr version || fail "containerd does not start"
	mark
}
restart_with_shim --shim /no/such/shim
create fails "$T/edited.json" >/dev/null
refused "a shim that is not there" '^404 .*start the shim /no/such/shim'
restart_with_shim --shim /bin/true
create fails "$T/edited.json" >/dev/null
refused "a shim that says nothing" '^503 unavailable .*start the shim: the shim has gone'
restart_with_shim

# What fails at start, when the container exists.
edit '.process.args = ["/bin/sh", "-c", "exit 0"] | .hooks.startContainer = [{"path":"/bin/false"}]'
create fails "$T/edited.json" >/dev/null
expect_match "created" '^201' "$(api POST /v1/tasks '{"containerID":"fails"}')"
first=$(api POST /v1/tasks/fails/start)
expect_match "a start that fails says so, or the container ends with it" '^(500|200)' "$first"
expect_match "a start is not repeated" '^409' "$(sleep 0.3; api POST /v1/tasks/fails/start)"
expect_match "it can be deleted" '^200' "$(api DELETE /v1/tasks/fails)"
expect_match "and its container" '^204' "$(api DELETE /v1/containers/fails)"
expect_eq "no bundle is left" "" "$(bundles)"
expect_unchanged "a failed start"

# Deleting a task that was never started kills it first.
edit '.process.args = ["sleep", "60"]'
create fails "$T/edited.json" >/dev/null
expect_match "created" '^201' "$(api POST /v1/tasks '{"containerID":"fails"}')"
expect_match "a second task for it" '^409 exists' "$(api POST /v1/tasks '{"containerID":"fails"}')"
expect_match "an exec before the start" '^409 conflict .*created' \
	"$(api POST /v1/tasks/fails/execs '{"execID":"e","process":{"args":["true"]}}')"
expect_match "deleted before its start" '^200' "$(api DELETE /v1/tasks/fails)"
expect_match "and its container" '^204' "$(api DELETE /v1/containers/fails)"
expect_unchanged "a task that never ran"

# What is no request at all.
expect_match "no JSON" '^400 invalid' "$(api POST /v1/tasks '{"containerID"')"
expect_match "no such path" '^404' "$(api GET /v1/nothing)"
expect_match "no such method" '^(404|405)' "$(api PUT /v1/tasks)"
expect_match "an id that climbs" '^400 invalid' "$(api POST /v1/containers '{"id":"../x","spec":{}}')"
expect_match "an id that is too long" '^400 invalid' \
	"$(api POST /v1/containers "{\"id\":\"$(printf 'x%.0s' $(seq 77))\",\"spec\":{}}")"
expect_match "a container without a spec" '^400 invalid .*spec' "$(api POST /v1/containers '{"id":"x"}')"
expect_match "no such signal" '^400 invalid' "$(api POST /v1/tasks/x/kill '{"signal":"SIGNONE"}')"
expect_unchanged "what is no request"

stop_containerd
stop_registry
done_testing
