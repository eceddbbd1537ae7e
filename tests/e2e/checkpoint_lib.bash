# checkpoint_lib.bash - what the tests of checkpoint and restore share: a criu that works,
# bundles of a program that counts, and the way there and back. Sourced after lib.sh.
need criu tar busybox

# A machine may lack the hardware breakpoints with which criu stops a process exactly
# (virtual ones do), and a dump then never ends. This lets it do without.
mkdir -p "$T/bin"
printf '#!/bin/sh\nCRIU_FAULT=130 exec %s "$@"\n' "$(command -v criu)" >"$T/bin/criu"
chmod +x "$T/bin/criu"
PATH=$T/bin:$PATH
# What it finds out about the kernel it keeps in /run, if that is a tmpfs: seconds, each time.
mount -t tmpfs -o mode=755 run /run || fail "mount /run"

# The only reason to skip: it cannot do it with a process that does nothing either.
sleeper() { # with no descriptor of ours, which may be of files outside this mount namespace
	local fd
	for fd in /proc/"$BASHPID"/fd/*; do eval "exec ${fd##*/}>&-"; done
	exec setsid sleep 1000 </dev/null >/dev/null 2>&1
}
try_criu() { # DIRECTORY
	local pid status
	mkdir "$1" && cd "$1" || return
	sleeper &
	pid=$!
	wait_for 5 grep -q sleep "/proc/$pid/comm"
	timeout -s KILL 20 criu dump -t "$pid" -D "$1" -o dump.log &&
		timeout -s KILL 20 criu restore -d -D "$1" -o restore.log
	status=$?
	kill -9 "$pid"
	return $status
}
(try_criu "$T/try") >/dev/null 2>&1 || skip "criu cannot dump and restore a sleeping process here:" \
	"$(cat "$T/try"/{restore,dump}.log 2>/dev/null | grep Error | head -n 1)"

# ---- bundles -----------------------------------------------------------------

rootfs=$T/rootfs
mkdir -p "$rootfs"/{bin,proc,sys,dev,tmp,etc,data}
cp "$(command -v busybox)" "$rootfs/bin/busybox"
for applet in sh cat sleep echo ls ps mkdir kill ip readlink stat; do ln -s busybox "$rootfs/bin/$applet"; done

# bundle NAME [PYTHON...]: $T/NAME, its configuration changed by statements about `c`.
bundle() {
	local dir=$T/$1
	mkdir -p "$dir"
	rm -f "$dir/config.json"
	(cd "$dir" && runc spec) || fail "runc spec"
	python3 - "$dir/config.json" "$rootfs" "${@:2}" <<-'END' || fail "edit the configuration"
		import json, sys
		path, root, *edits = sys.argv[1:]
		c = json.load(open(path))
		c['root'] = {'path': root, 'readonly': True}
		c['process']['terminal'] = False
		c['mounts'].append({'destination': '/tmp', 'type': 'tmpfs', 'source': 'tmpfs'})
		for edit in edits:
		    exec(edit)
		json.dump(c, open(path, 'w'))
	END
}
# What it keeps only in memory: a random word and a counter; in an open file and on a tmpfs: copies.
counter='read word </proc/sys/kernel/random/uuid; exec 5>/tmp/log; i=0
	while :; do i=$((i+1)); echo $word $i >/tmp/now; echo $i >&5; sleep 0.05; done'
counting="c['process']['args'] = ['sh', '-c', '''$counter''']"

now() { runc exec "$1" cat /tmp/now; }
word_of() { now "$1" | cut -d' ' -f1; }
count_of() { now "$1" | cut -d' ' -f2; }
counts() { [ "$(count_of "$1")" -gt "${2:-0}" ]; } # it counts, and is past that
status() { runc state "$1" 2>/dev/null | sed -n 's/.*"status": "\(.*\)".*/\1/p'; }

# Detached, with /dev/null as its stdin, stdout and stderr: a file outside it could not be saved.
quietly() { runc --log "$T/runc.log" "$@" </dev/null >/dev/null 2>&1; }
run() { # NAME [RUNC-OPTION...]
	local name=$1
	shift
	echo "$name" >>"$T/ids"
	quietly run -d --bundle "$T/$name" "$@" "$name" || fail "runc run $name"
	wait_for 5 counts "$name" 0 || fail "$name does not count"
}
checkpoint() { # NAME [OPTION...]
	runc checkpoint --image-path "$T/img-$1" --work-path "$T/work-$1" "${@:2}" "$1"
}
restore() { # NAME [OPTION...]
	quietly restore -d --bundle "$T/$1" --image-path "$T/img-$1" --work-path "$T/work-$1" \
		"${@:2}" "${as:-$1}" || fail "runc restore $1"
}
# A checkpoint ends it and takes everything away; a restore lets it go on where it was.
there_and_back() { # NAME [OPTION...]
	local word count
	word=$(word_of "$1") count=$(count_of "$1")
	expect_ok checkpoint "$@"
	expect_eq "$1 is gone" "" "$(status "$1")"
	expect_eq "no cgroup is left of $1" "" "$(find /sys/fs/cgroup -type d -name "$1")"
	restore "$@"
	expect_eq "$1 runs" running "$(status "$1")"
	wait_for 5 counts "$1" "$count" || fail "$1 does not count on from $count" "$(now "$1")"
	expect_eq "$1 has kept its memory" "$word" "$(word_of "$1")"
}
delete() { expect_ok runc delete --force "$1"; rm -rf "$T/img-$1" "$T/work-$1"; }

