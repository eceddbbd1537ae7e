#!/bin/bash
# ctr drives containerd by hand: pull, run with and without a terminal, exec,
# signals, limits, pause, every exit status, and nothing is left of it all.
. "${0%/*}/lib.sh"
need curl

# Cgroups are the machine's: names that no other run of this test has at the same time.
U=$(basename "$T" | tr -cd 'A-Za-z0-9')

seed busybox
seed nginx
start_registry
start_containerd
IMAGE=$REGISTRY/library/busybox:latest

expect_ok ctr images pull --plain-http "$IMAGE"
expect_eq "the image has its name" "$IMAGE" "$(ctr images ls -q)"
expect_match "the image's row" "^$IMAGE +application/vnd.* sha256:[0-9a-f]{64} +[0-9.]+ [KM]iB" \
	"$(ctr images ls | tail -n 1)"
mark

# ---- run -----------------------------------------------------------------
expect_eq "a command's output" hello "$(ctr run --rm "$IMAGE" $U-1 echo hello)"
expect_eq "standard error is kept apart" err "$(ctr run --rm "$IMAGE" $U-1 sh -c 'echo err >&2' 2>&1 >/dev/null)"
expect_eq "input goes in, and its end" 3 "$(printf 'a\nb\nc\n' | ctr run --rm "$IMAGE" $U-1 wc -l)"
expect_fail 42 '^$' ctr run --rm "$IMAGE" $U-1 sh -c 'exit 42'
ctr run --rm --null-io "$IMAGE" $U-1 sleep 60 &
wait_for 5 eval "ctr tasks ls | grep -q '$U-1 .*RUNNING'" || fail "$U-1 does not start"
expect_ok ctr tasks kill -s KILL $U-1
wait $!
expect_eq "a signal's exit status" 137 $?
expect_eq "variables" "one two" "$(ctr run --rm --env A=one --env B=two "$IMAGE" $U-1 sh -c 'echo $A $B')"
expect_eq "a working directory" /tmp "$(ctr run --rm --cwd /tmp "$IMAGE" $U-1 pwd)"
expect_eq "a host name" boat "$(ctr run --rm --hostname boat "$IMAGE" $U-1 hostname)"
mkdir "$T/shared" && echo inside >"$T/shared/file"
expect_eq "a bind mount" inside \
	"$(ctr run --rm --mount "type=bind,src=$T/shared,dst=/mnt,options=rbind:ro" "$IMAGE" $U-1 cat /mnt/file)"
expect_fail 1 'Read-only' ctr run --rm --mount "type=bind,src=$T/shared,dst=/mnt,options=rbind:ro" \
	"$IMAGE" $U-1 touch /mnt/file
expect_eq "the root user's home and groups" "/root 0" \
	"$(ctr run --rm "$IMAGE" $U-1 sh -c 'echo $HOME $(id -u)')"
expect_eq "a number as user" "1234:77" "$(ctr run --rm --user 1234:77 "$IMAGE" $U-1 sh -c 'echo $(id -u):$(id -g)')"
expect_fail 1 'unable to find user nobody-here' ctr run --rm --user nobody-here "$IMAGE" $U-1 true
expect_fail 1 'Read-only' ctr run --rm --read-only "$IMAGE" $U-1 touch /x
new_privileges() { ctr run --rm "$@" "$IMAGE" $U-1 awk '/NoNewPrivs/ { print $2 }' /proc/self/status; }
expect_eq "no new privileges, unless they are allowed" "1 0" "$(new_privileges) $(new_privileges --allow-new-privs)"
expect_eq "a terminal" "yes" "$(ctr run --rm -t "$IMAGE" $U-1 sh -c 'test -t 0 && test -t 1 && test -t 2 && echo yes' </dev/null | tr -d '\r')"
expect_eq "a large output arrives whole" 20000000 \
	"$(ctr run --rm "$IMAGE" $U-1 sh -c 'head -c 20000000 /dev/zero' | wc -c)"
printf '# a comment\nC=three\nHOME\n' >"$T/env"
expect_eq "variables from a file" "three $HOME" "$(ctr run --rm --env-file "$T/env" "$IMAGE" $U-1 sh -c 'echo $C $HOME')"
expect_match "a device" '^cr--.* 1, +3 .*/dev/there$|^crw.* 1, +3 .*/dev/there$' \
	"$(ctr run --rm --device /dev/null:/dev/there "$IMAGE" $U-1 ls -l /dev/there)"
expect_match "half of a processor" '^50000( 100000)?$' "$(ctr run --rm --cpus 0.5 --cgroup "/default/$U-1" "$IMAGE" $U-1 sleep 1 &
	wait_for 10 eval "cat /sys/fs/cgroup/{cpu,.}/default/$U-1/cpu.{cfs_quota_us,max} 2>/dev/null | grep ^50000"
	cat /sys/fs/cgroup/{cpu,.}/default/$U-1/cpu.{cfs_quota_us,max} 2>/dev/null; wait)"
"$TOP/02-runc/runc" spec --bundle "$T" && jq '.process.args = ["hostname"] | .process.terminal = false | .hostname = "given"' \
	"$T/config.json" >"$T/given.json"
expect_eq "a specification that is given" given "$(ctr run --rm --config "$T/given.json" "$IMAGE" $U-1)"
other=$(type -P runc) && expect_eq "the distribution's runc in place of ours" other \
	"$(ctr run --rm --runc-binary "$other" "$IMAGE" $U-1 echo other)"
expect_unchanged "run --rm"

# ---- a container that stays ------------------------------------------------
expect_ok ctr run -d --memory-limit 64000000 --log-uri "file://$T/$U-2.json" "$IMAGE" $U-2 \
	sh -c 'trap "echo bye; exit 5" TERM; echo up; while :; do sleep 0.1; done'
expect_match "tasks ls" "^$U-2 +[0-9]+ +RUNNING" "$(ctr tasks ls)"
expect_match "containers ls" "^$U-2 +$IMAGE +io.containerd.runc.v2" "$(ctr containers ls)"
expect_eq "containers info" $U-2 "$(ctr containers info $U-2 | jq -r .id)"
expect_fail 1 'exists' ctr run -d "$IMAGE" $U-2 true
expect_match "the memory limit" "^memoryLimit +64000000$" "$(ctr tasks metrics $U-2)"
expect_match "tasks ps" "^[0-9]+ +-$" "$(ctr tasks ps $U-2 | tail -n 1)"
expect_eq "metrics, all of them" 64000000 "$(ctr tasks metrics --format json $U-2 | jq .memory.usage.limit | sed 's/63997952/64000000/')"
expect_eq "containers label" "a=1,b=2" "$(ctr containers label $U-2 a=1 b=2)"
expect_eq "and clear one" "b=2" "$(ctr containers label $U-2 a= b=2)"
expect_eq "which is kept" 2 "$(ctr containers info $U-2 | jq -r .labels.b)"
pid=$(ctr tasks ls | awk -v n=$U-2 '$1 == n { print $2 }')
expect_ok ctr run -d --pid-file "$T/pid" --with-ns "network:/proc/$pid/ns/net" --with-ns "ipc:/proc/$pid/ns/ipc" \
	--with-ns "pid:/proc/$pid/ns/pid" --with-ns "uts:/proc/$pid/ns/uts" --null-io "$IMAGE" $U-5 sleep 60
for ns in net ipc pid uts; do
	expect_eq "two containers share: $ns" "$(readlink /proc/$pid/ns/$ns)" "$(readlink "/proc/$(cat "$T/pid")/ns/$ns")"
done
expect_eq "but not their mounts" differ "$([ "$(readlink /proc/$pid/ns/mnt)" = "$(readlink "/proc/$(cat "$T/pid")/ns/mnt")" ] || echo differ)"
expect_fail 1 'with-ns' ctr run --rm --with-ns net:/x "$IMAGE" $U-6 true
ctr tasks wait $U-5 &
expect_ok ctr tasks kill -s KILL $U-5
wait $!
expect_eq "tasks wait has the task's status" 137 $?
expect_ok ctr containers rm --keep-snapshot $U-5 # and the task, which has ended
expect_eq "a task that has ended goes with its container" "" "$(ctr tasks ls -q containerID==$U-5)"
expect_ok ctr snapshots rm $U-5
expect_ok ctr tasks exec -d --exec-id e2 $U-2 sleep 60
expect_match "tasks ps knows which is the exec" '^[0-9]+ +e2$' "$(ctr tasks ps $U-2)"
expect_fail 1 'is running' ctr tasks rm --exec-id e2 $U-2
expect_ok ctr tasks rm -f --exec-id e2 $U-2
expect_fail 1 'criu|CRIU' ctr tasks checkpoint --image-path "$T/images" $U-2
expect_match "a checkpoint that fails leaves it running" "^$U-2 +[0-9]+ +RUNNING" "$(ctr tasks ls)"
expect_eq "exec" 1 "$(ctr tasks exec --exec-id e1 $U-2 sh -c 'cat /proc/1/comm | wc -l')"
expect_fail 9 '' ctr tasks exec --exec-id e1 $U-2 sh -c 'exit 9'
expect_eq "exec takes input" abc "$(printf abc | ctr tasks exec --exec-id e1 $U-2 cat)"
expect_eq "exec as another user, elsewhere" "33 /tmp" \
	"$(ctr tasks exec --exec-id e1 --user 33 --cwd /tmp $U-2 sh -c 'echo $(id -u) $(pwd)')"
expect_fail 1 'not found' ctr tasks exec --exec-id e1 $U-2 no-such-program
expect_eq "a failed exec leaves nothing" "" "$(find "$T/run-containerd" -name '*exec-e1*')"
expect_ok ctr tasks pause $U-2
expect_match "paused" "PAUSED" "$(ctr tasks ls)"
expect_fail 1 'paused' ctr tasks exec --exec-id e1 $U-2 true
expect_ok ctr tasks resume $U-2
expect_fail 1 'stop it first' ctr tasks rm $U-2
expect_fail 1 'has a task' ctr containers rm $U-2
expect_ok ctr tasks kill $U-2
wait_for 5 eval 'ctr tasks ls | grep -q STOPPED' || fail "$U-2 does not stop"
expect_eq "its log" '"up\n" "bye\n"' "$(jq -c .log "$T/$U-2.json" | xargs -d '\n')"
expect_eq "containers and tasks are listed with filters" "$U-2 $U-2" \
	"$(xargs < <(ctr containers ls --quiet id==$U-2; ctr containers ls -q id==x; ctr tasks ls --quiet status==stopped; ctr tasks ls -q status==running))"
expect_ok ctr containers rm $U-2
expect_unchanged "a container"

# ---- out of memory ----------------------------------------------------------
expect_ok ctr run -d --memory-limit 16777216 "$IMAGE" $U-4 tail /dev/zero
end=$(curl -sS --max-time 20 --unix-socket "$T/containerd.sock" -X POST http://containerd/v1/tasks/$U-4/wait)
expect_eq "killed for want of memory, and it says so" "137 true" "$(jq -r '"\(.exitStatus) \(.oomKilled)"' <<<"$end")"
expect_ok ctr tasks rm $U-4
expect_ok ctr containers rm $U-4
expect_unchanged "a container without memory"

# ---- the same image under another name, pushed and pulled back -----------------
COPY=$REGISTRY/mine/copy:v2
expect_eq "images tag" "$COPY" "$(ctr images tag "$IMAGE" "$COPY")"
expect_ok ctr images push --plain-http "$COPY"
expect_ok ctr images rm "$COPY"
expect_ok ctr images pull --plain-http "$COPY"
expect_eq "the digest has not changed" 1 "$(ctr images ls | awk 'NR > 1 { print $3 }' | sort -u | wc -l)"
digest=$(ctr images ls | awk -v n="$COPY" '$1 == n { print $3 }')
expect_eq "content get gives the bytes" "${digest#sha256:}  -" "$(ctr content get "$digest" | sha256sum)"
expect_ok ctr images rm "$COPY"

# ---- the signal that an image wants to be stopped by ---------------------------
NGINX=$REGISTRY/library/nginx:latest
expect_ok ctr images pull --plain-http "$NGINX"
expect_ok ctr run -d --null-io --label a=b "$NGINX" $U-7 sh -c 'trap "exit 7" QUIT; trap "" TERM; while :; do sleep 0.1; done'
expect_eq "it is a label of the container" '["SIGQUIT","b"]' \
	"$(ctr containers info $U-7 | jq -c '[.labels["io.containerd.image.config.stop-signal"], .labels.a]')"
sleep 0.3 # the traps
ctr tasks wait $U-7 &
expect_ok ctr tasks kill $U-7
wait $!
expect_eq "and the one that kill sends" 7 $?
expect_ok ctr containers rm $U-7
expect_ok ctr images rm "$NGINX"

# ---- what is not there ------------------------------------------------------
expect_fail 1 'not found|no such image|no image' ctr run --rm "$REGISTRY/library/nothing:latest" $U-3 true
expect_fail 1 "no task $U-3" ctr tasks kill $U-3
expect_fail 1 "no container $U-3" ctr containers rm $U-3
expect_fail 1 'invalid container id' ctr run --rm "$IMAGE" ../$U-3 true
# The exit statuses are those of the real ctr (1.6).
expect_fail 1 'usage' ctr run --rm "$IMAGE"
expect_fail 1 'usage' ctr tasks exec $U-2 true
expect_fail 3 'no command' ctr nonsense
expect_fail 3 'no command' ctr tasks nonsense
expect_fail 0 'ctr tasks exec .*--exec-id' ctr tasks
expect_fail 0 '^usage: ctr tasks kill ' ctr tasks kill --help
expect_fail 0 '--device' ctr run --help
expect_unchanged "mistakes"

expect_ok ctr images rm "$IMAGE"
expect_eq "no blob without a name" "" "$(ctr content ls -q)"
expect_eq "no snapshot without a name" "" "$(ctr snapshots ls | tail -n +2)"
stop_containerd
stop_registry
done_testing
