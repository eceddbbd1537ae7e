# lib.sh - what every end-to-end test stands on. A test is one bash script:
#
#     #!/bin/bash
#     # What behaviour this proves, in a sentence.
#     . "${0%/*}/lib.sh"
#     start_stack
#     expect_eq "a container prints" hello "$(docker run --rm busybox echo hello)"
#     done_testing
#
# Sourcing this file starts the script again inside namespaces of its own
# (tests/isolate: mount, network, IPC, UTS; and a PID namespace, of which the
# script is process 1). So a test may mount, make bridges, write rules and
# listen on any port, and when it ends, however it ends, the kernel takes all
# of that and every process away. Cgroups have no such owner: `ids` keeps the
# names of the containers, and tests/e2e/run removes what a killed test left.
#
# $TOP  the tree        $T  this test's directory, gone afterwards
# Every expect_ prints what it expected and what it got, and a failed one ends
# the test. `skip REASON` ends it with status 77.

set -u
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

if [ -z "${DOCKYARD_E2E_INSIDE:-}" ]; then
	[ "$(id -u)" = 0 ] || { echo "SKIP: needs root"; exit 77; }
	# A short name: sockets' paths are limited to 108 bytes, podman's to 50.
	T=${DOCKYARD_T:-$(mktemp -d "${TMPDIR:-/tmp}/dy.XXXXXX")} || exit 1
	export DOCKYARD_E2E_INSIDE=1 T
	"$TOP/tests/isolate" unshare --pid --fork --kill-child --mount-proc bash "$0" "$@"
	status=$?
	# The mounts were the namespace's and are gone with it; --one-file-system is the belt.
	[ -n "${KEEP:-}" ] && echo "kept: $T" || rm -rf --one-file-system "$T"
	exit $status
fi

export PATH="$PATH:/usr/sbin:/sbin"
REGISTRY=127.0.0.1:5000
MIRROR=http://$REGISTRY # of dockerd for Docker Hub; empty: none
export DOCKER_HOST=unix://$T/docker.sock
export DOCKER_CONFIG=$T/docker-config HOME=$T/home
export DOCKYARD_TRACE=${DOCKYARD_TRACE-$T/trace}
mkdir -p "$HOME" "$DOCKER_CONFIG"
: >"$T/ids"

# Version 1: every hierarchy that the kernel has, mounted on a tmpfs of this test's own. Some real
# programs want them all, and put plain files where one is missing.
all_hierarchies() {
	local h name listed
	[ ! -f /sys/fs/cgroup/cgroup.controllers ] || return 0
	listed=$(sed 's/^[0-9]*:\([^:]*\):.*/\1/' /proc/self/cgroup)
	mount -t tmpfs -o mode=755 cgroups /sys/fs/cgroup || return
	for h in $listed $(awk '$4 == 1 && $1 != "perf_event" { print $1 }' /proc/cgroups | grep -vxF "$(tr ',' '\n' <<<"$listed")"); do
		name=${h#name=}
		mkdir "/sys/fs/cgroup/$name"
		mount -t cgroup -o "$h" none "/sys/fs/cgroup/$name" 2>/dev/null || rmdir "/sys/fs/cgroup/$name"
	done
	mkdir /sys/fs/cgroup/unified && mount -t cgroup2 none /sys/fs/cgroup/unified
}

# The kernel ends every process of this namespace when the script ends; but one in
# a frozen cgroup (docker pause) cannot die, and all would wait for it.
thaw() {
	local p
	for p in /proc/[0-9]*; do
		sed -n 's|^[0-9]*:freezer:|freezer|p; s|^0::\(.*\)|\1\nunified\1|p' "$p/cgroup" 2>/dev/null
	done | sort -u | while read -r group; do
		[ ! -f "/sys/fs/cgroup/$group/freezer.state" ] || echo THAWED >"/sys/fs/cgroup/$group/freezer.state"
		[ ! -f "/sys/fs/cgroup/$group/cgroup.freeze" ] || echo 0 >"/sys/fs/cgroup/$group/cgroup.freeze"
	done
}
trap thaw EXIT

docker() { "$TOP/05-cli/docker" "$@"; }
ctr() { "$TOP/03-containerd/ctr" --address "$T/containerd.sock" "$@"; }
runc() { "$TOP/02-runc/runc" --root "$T/runc" "$@"; }
registry() { "$TOP/06-registry/registry" "$@"; }

# ---- saying what is wrong ------------------------------------------------

checks=0
# The daemons' last words first, and what went wrong last, where the eye is.
fail() {
	local log
	for log in "$T"/*.log; do
		[ -s "$log" ] || continue
		echo "--- the end of ${log##*/}"
		tail -n 10 "$log" | cut -c 1-200
	done
	printf '%s\n' "FAILED: $1" "${@:2}"
	exit 1
}
skip() { echo "SKIP: $*"; exit 77; }
done_testing() { echo "$checks checks"; exit 0; }

# need COMMAND...: the test is skipped where one is missing.
need() {
	local c
	for c; do command -v "$c" >/dev/null 2>&1 || skip "$c is not installed"; done
}

# The docker CLI on the PATH that is none of ours. need_real_docker [MAJOR]: it is $cli, of that version, or the test is skipped.
real_docker() { type -aP docker | while read -r p; do readlink -f "$p"; done | grep -v "^$TOP/" | head -n 1; }
need_real_docker() {
	cli=$(real_docker)
	[ -n "$cli" ] || skip "no docker CLI is installed"
	[ -z "${1:-}" ] || [[ $("$cli" --version) == *" $1."* ]] || skip "the docker CLI here is not version $1"
}

differ() { # WHAT EXPECTED GOT
	fail "$1" "  expected: $2" "  got:      $3"
}
expect_eq() { # what expected got
	checks=$((checks + 1))
	[ "$2" = "$3" ] || differ "$1" "$2" "$3"
}
# expect_match WHAT REGEX TEXT: an extended regular expression found in the text.
expect_match() {
	checks=$((checks + 1))
	grep -Eq -- "$2" <<<"$3" || differ "$1" "a match of /$2/" "$3"
}
expect_no_match() {
	checks=$((checks + 1))
	! grep -Eq -- "$2" <<<"$3" || differ "$1" "no match of /$2/" "$3"
}
# expect_ok COMMAND...: it exits 0; its output is in $output.
expect_ok() {
	checks=$((checks + 1))
	output=$("$@" 2>&1) || differ "$*" "exit status 0" "exit status $? and: $output"
}
# expect_fail STATUS REGEX COMMAND...: it exits with that status ("any": not 0)
# and says something that matches; its output is in $output.
expect_fail() {
	local want=$1 regex=$2 status
	shift 2
	checks=$((checks + 1))
	output=$("$@" 2>&1 </dev/null)
	status=$?
	[ "$want" = any ] && [ $status -ne 0 ] && want=$status
	[ "$status" = "$want" ] || differ "$*" "exit status $want" "exit status $status and: $output"
	expect_match "$*" "$regex" "$output"
}

# wait_for SECONDS COMMAND...: until the command succeeds.
wait_for() {
	local tries=$(($1 * 20))
	shift
	while ! "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.05
	done
}

# ---- daemons -------------------------------------------------------------

# launch NAME COMMAND...: in the background, its output in $T/NAME.log.
launch() {
	local name=$1
	shift
	[ -x "$1" ] || fail "$1 is not built"
	"$@" >>"$T/$name.log" 2>&1 </dev/null &
	eval "pid_$name=$!"
}
# stop NAME [SIGNAL]: and, unless it was killed, it must exit with status 0:
# with the sanitizers on, a leak is an exit status too.
stop() {
	local pid_var=pid_$1 status
	[ -n "${!pid_var:-}" ] || return 0
	kill "-${2:-TERM}" "${!pid_var}" 2>/dev/null
	wait "${!pid_var}" 2>/dev/null
	status=$?
	eval "$pid_var="
	[ "${2:-}" = KILL ] || expect_eq "$1 exits cleanly when told to stop" 0 "$status"
}
alive() { local v=pid_$1; kill -0 "${!v}" 2>/dev/null; }
ready() { # NAME SECONDS COMMAND...: wait until it answers, and give up when it died
	local name=$1 tries=$(($2 * 20))
	shift 2
	until "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		alive "$name" && [ $tries -gt 0 ] || fail "$name does not answer"
		sleep 0.05
	done
}

# The real containerd, with directories of its own, and its ctr.
real_ctr() { command ctr --address "$T/real/sock" "$@"; }
start_real_containerd() {
	mkdir -p "$T/real/state"
	cat >"$T/real/config.toml" <<END
version = 2
root = "$T/real/root"
state = "$T/real/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "$T/real/sock"
[ttrpc]
  address = "$T/real/sock.ttrpc"
END
	launch real "$(command -v containerd)" --config "$T/real/config.toml"
	ready real 20 real_ctr version
}
# The real dockerd on it, with a control group of its own for all that it runs; end_real_docker is for the EXIT trap.
REAL_GROUP=/dockyard-real-${T##*.}
start_real_dockerd() { # SOCKET [OPTION...]
	launch real_dockerd "$(command -v dockerd)" --data-root "$T/docker-real" --exec-root "$T/run-docker-real" \
		-H "unix://$1" --pidfile "$T/docker-real.pid" --containerd "$T/real/sock" --cgroup-parent "$REAL_GROUP" \
		--exec-opt native.cgroupdriver=cgroupfs "${@:2}"
	ready real_dockerd 30 curl -sf --unix-socket "$1" http://d/_ping
}
end_real_docker() {
	kill "${pid_real_dockerd:-}" && wait "$pid_real_dockerd"
	kill "${pid_real:-}" && wait "$pid_real"
	pid_real_dockerd='' pid_real=''
	find /sys/fs/cgroup -depth -type d -path "*$REAL_GROUP*" -exec rmdir {} +
} >/dev/null 2>&1

# The OCI layout of nginx or busybox: its path. Made once for all tests.
image() {
	"$TOP/tests/images/image" "$1" 2>"$T/image.log" || fail "tests/images/image $1"
}
seed() { # IMAGE [NAME]: into the registry's directory
	registry seed --root "$T/registry" "$(image "$1")" "${2:-library/$1}" || fail "seed $1"
}

start_registry() {
	mkdir -p "$T/registry"
	launch registry "$TOP/06-registry/registry" --root "$T/registry" --addr "$REGISTRY" "$@"
	ready registry 10 curl -fsS "http://$REGISTRY/v2/"
}

# containerd calls the runtime through a script that notes every container's
# name, so that the cgroups of exactly these can be looked for later.
note_ids() {
	cat >"$T/runtime" <<-END
		#!/bin/sh
		for a; do case \$a in -*|/*) ;; create|run) verb=1 ;; esac; done
		for a; do last=\$a; done
		[ -z "\${verb:-}" ] || echo "\$last" >>"$T/ids"
		exec "${RUNTIME:-$TOP/02-runc/runc}" "\$@"
	END
	chmod +x "$T/runtime"
}
start_containerd() {
	note_ids
	launch containerd "$TOP/03-containerd/containerd" --root "$T/containerd" \
		--state "$T/run-containerd" --address "$T/containerd.sock" --runtime "$T/runtime" "$@"
	# A killed one's socket is there still, so the file alone says nothing.
	ready containerd 10 curl -fsS --unix-socket "$T/containerd.sock" http://c/v1/version
}
start_dockerd() {
	launch dockerd "$TOP/04-dockerd/dockerd" --data-root "$T/docker" --exec-root "$T/run-docker" \
		-H "unix://$T/docker.sock" --containerd "$T/containerd.sock" \
		--pidfile "$T/docker.pid" ${MIRROR:+--registry-mirror "$MIRROR"} \
		--insecure-registry "$REGISTRY" --bip 172.31.0.1/16 "$@"
	ready dockerd 10 curl -fsS --unix-socket "$T/docker.sock" http://d/_ping
}
stop_registry() { stop registry "$@"; }
stop_containerd() { stop containerd "$@"; }
stop_dockerd() { stop dockerd "$@"; }

# The whole stack with the images named (busybox alone when none is).
start_stack() {
	local i
	for i in "${@:-busybox}"; do seed "$i"; done
	start_registry
	start_containerd
	start_dockerd
}
stop_stack() { stop_dockerd; stop_containerd; stop_registry; }

# ---- nothing left behind -------------------------------------------------

# What there is now of all that a container can leave: one line each.
state() {
	awk -v t="$T/" 'index($5, t) == 1 { print "mount", $5 }' /proc/self/mountinfo
	ip -o link | awk -F': ' '{ sub(/@.*/, "", $2); print "link", $2 }'
	nft list ruleset 2>/dev/null | sed 's/counter packets [0-9]* bytes [0-9]*/counter/; s/^/nft /'
	# Called like a container, or PREFIX-CONTAINER.scope. One look at all, as there may be hundreds.
	find /sys/fs/cgroup -type d 2>/dev/null | awk -v ids="$T/ids" '
		BEGIN { while ((getline id <ids) > 0) known[id] }
		{ name = $0; sub(/.*\//, "", name) }
		!(name in known) && sub(/\.scope$/, "", name) {
			while (!(name in known) && sub(/^[^-]*-/, "", name)) ;
		}
		name in known { print "cgroup", $0 }'
	# All processes but this script, which is process 1 of its namespace, and
	# the helpers in its process group that take this very look.
	ps -e -o pid= -o pgid= -o args= | awk -v own="$(ps -o pgid= -p 1)" '
		{ pid = $1; group = $2; sub(/^ *[0-9]+ +[0-9]+ /, "") }
		pid == 1 || /<defunct>/ { next }
		group == own + 0 && /^\[?(bash|sort|ps|awk|sed|find|tail|sleep|cmp|timeout)( |\]|$)/ { next }
		{ print "process", $0 }'
	find "$T" -xdev -path '*ingest/*' -type f 2>/dev/null | sed 's/^/ingest /'
}
# mark: remember the state. expect_unchanged WHAT: it is still, or soon again, so.
mark() { state | sort >"$T/state.before"; }
unchanged() { state | sort >"$T/state.after"; cmp -s "$T/state.before" "$T/state.after"; }
expect_unchanged() {
	checks=$((checks + 1))
	wait_for 3 unchanged || differ "$1 leaves nothing behind" "no difference" \
		"$(diff "$T/state.before" "$T/state.after")"
}
