#!/bin/bash
# A volume with driver options is a file system of its own: mounted while a container uses it, also
# across the death of the daemon, and nothing of it stays behind. Driven by a real docker CLI.
. "${0%/*}/lib.sh"
need_real_docker
d() { "$cli" "$@"; }
# How often the volume is mounted, as the host sees it.
mounted() { grep -c " $T/docker/volumes/$1/_data " /proc/self/mountinfo; }
not_mounted() { [ "$(mounted "$1")" = 0 ]; }

start_stack busybox
expect_ok d pull busybox
mark

# ---- what the driver is told
expect_fail 1 'create bad: invalid option: "color"' d volume create -o color=red bad
expect_fail 1 'missing required option: "device"' d volume create -o type=tmpfs bad
expect_fail 1 'quota size requested but no quota support' d volume create -o size=1g bad
expect_ok d volume create -o type=tmpfs -o device=tmpfs -o o=size=1m,uid=1000,mode=700 ram
expect_eq "inspect shows the options" "map[device:tmpfs o:size=1m,uid=1000,mode=700 type:tmpfs]" \
	"$(d volume inspect -f '{{.Options}}' ram)"
expect_eq "system df passes it over" "" "$(d system df -v --format '{{range .Volumes}}{{.Name}}{{end}}' | tr -d '\n')"

# ---- a tmpfs, shared by two containers
expect_eq "nobody uses it: not mounted" 0 "$(mounted ram)"
expect_ok d run -d --name one -v ram:/r busybox sleep 1000
expect_eq "the file system that was asked for" "1024 1000 700" \
	"$(d exec one sh -c 'echo $(df -k /r | awk "END { print \$2 }") $(stat -c "%u %a" /r)')"
expect_ok d exec one sh -c 'echo here >/r/file'
expect_eq "its mount point shows it" here "$(cat "$T/docker/volumes/ram/_data/file")"
expect_ok d run -d --name two -v ram:/r busybox sleep 1000
expect_eq "the second user finds the same" here "$(d exec two cat /r/file)"
expect_eq "mounted once for both" 1 "$(mounted ram)"
expect_fail 1 'remove ram: volume is in use - \[[0-9a-f]{64}, [0-9a-f]{64}\]' d volume rm ram
expect_ok d kill one
expect_eq "the second still has it" here "$(d exec two cat /r/file)"

# ---- the daemon dies
stop_dockerd KILL
start_dockerd
expect_eq "mounted under a new daemon" 1 "$(mounted ram)"
expect_ok d kill two
expect_ok wait_for 3 not_mounted ram
expect_eq "what a stopped container had there is gone with it" "" "$(d cp two:/r - | tar -tf - | grep file)"
expect_eq "and a look into it leaves no mount" 0 "$(mounted ram)"

# ---- left by a daemon that died while the last user ended
expect_ok d start one
stop_dockerd KILL
kill -KILL "$(pgrep -x sleep | head -n 1)"
start_dockerd
expect_ok wait_for 3 not_mounted ram
expect_ok d rm one two

# ---- a directory of the host, read-only; an option for the volume in --mount
mkdir -p "$T/host/part" && echo host >"$T/host/part/file" && ln -s / "$T/host/out"
bind="type=volume,volume-opt=type=none,volume-opt=device=$T/host,dst=/h"
expect_eq "a bind" "host ro" "$(d run --rm --mount "$bind,src=dir,\"volume-opt=o=bind,ro\"" busybox \
	sh -c 'echo $(cat /h/part/file) $(touch /h/x 2>/dev/null || echo ro)')"
expect_eq "unmounted after it" 0 "$(mounted dir)"

# ---- a part of a volume
expect_eq "a part" file "$(d run --rm --mount type=volume,src=dir,dst=/h,volume-subpath=part busybox ls /h)"
expect_eq "a link leads no further than the volume" "out part" \
	"$(d run --rm --mount type=volume,src=dir,dst=/h,volume-subpath=out busybox ls /h | xargs)"
expect_fail any 'cannot access path .*_data/none' d run --rm --mount type=volume,src=dir,dst=/h,volume-subpath=none busybox true
expect_fail any 'subpath must be a relative path within the volume' \
	d run --rm --mount type=volume,src=dir,dst=/h,volume-subpath=../x busybox true

# ---- an image, to look at; its links lead no further than it
mkdir "$T/looked"
printf '%s\n' 'FROM busybox' 'RUN mkdir /part && echo inside >/part/file && ln -s / /out && ln -s ../../../../etc/hostname /up' 'VOLUME /part' \
	>"$T/looked/Dockerfile"
expect_ok docker build -q -t looked "$T/looked"
expect_ok d run -d --name looks --mount type=image,src=looked,dst=/i --mount type=image,src=looked,dst=/p,image-subpath=part/file \
	--mount type=image,src=looked,dst=/o,image-subpath=out/part --mount type=image,src=busybox,dst=/b busybox sleep 1000
expect_eq "its files" "inside inside file" "$(d exec looks sh -c 'cat /i/part/file /p; ls /o' | xargs)"
expect_fail 1 'Read-only file system' d exec looks touch /i/x
expect_eq "as inspect shows it" "image looked /i false" \
	"$(d inspect -f '{{with index .Mounts 0}}{{.Type}} {{.Name}} {{.Destination}} {{.RW}}{{end}}' looks)"
expect_eq "no mount stays with the host" 0 "$(grep -c " $T/.*subpaths" /proc/self/mountinfo)"
expect_fail any 'cannot access path .*/up' d run --rm --mount type=image,src=looked,dst=/p,image-subpath=up busybox cat /p
expect_fail 125 'No such image: nosuch:latest' d run --rm --mount type=image,src=nosuch,dst=/p busybox true
expect_fail 1 "\(must force\) - container $(d ps -qf name=looks) is using its referenced image" d rmi looked
expect_eq "of another container" inside "$(d run --rm --volumes-from looks busybox cat /p)"
expect_ok d kill looks
expect_eq "copied from one that does not run" part/file "$(d cp looks:/i/part/file - | tar -tf - | sed 's|^|part/|')"
expect_ok d rmi -f looked
stop_dockerd KILL
start_dockerd
expect_ok d start looks
expect_eq "without its image, after a restart" inside "$(d exec looks cat /i/part/file)"
views() { curl -s --unix-socket "$T/containerd.sock" http://c/v1/snapshots | grep -o '[0-9a-f]*-image-[0-9]*' | sort -u | wc -l; }
expect_eq "a view of each image" 2 "$(views)"
expect_ok d rm -f looks
expect_eq "which are the container's" 0 "$(views)"

# ---- mounts that are let through
through=$T/through
mkdir "$through" "$T/closed" && mount -t tmpfs -o mode=755 outer "$through" && mount --make-shared "$through"
expect_fail 125 "path $T/closed is mounted on .* but it is not a shared mount" d run --rm -v "$T/closed:/x:rshared" busybox true
expect_fail 125 "path $T/closed is mounted on .* but it is not a shared or slave mount" \
	d run --rm -v "$T/closed:/x:rslave" busybox true
mkdir "$through"/{inside,outside,late}
expect_ok d run -d --name both --privileged -v "$through:/x:rshared" -v "$through/late:/late:rshared" busybox \
	sh -c 'mount -t tmpfs inner /x/inside && touch /x/inside/file && sleep 1000'
expect_ok wait_for 5 test -f "$through/inside/file"
expect_ok d run -d --name one --privileged -v "$through:/x:rslave" -v "$through:/own" busybox sleep 1000
mount -t tmpfs more "$through/outside" && touch "$through/outside/file"
expect_ok d exec both test -f /x/outside/file
expect_ok d exec one test -f /x/outside/file
expect_fail 1 '' d exec one test -f /own/outside/file
expect_ok d exec one mount -t tmpfs hidden /x/late
expect_ok d exec both mount -t tmpfs seen /late
expect_eq "from the container that shares it, not from the one that only receives" seen \
	"$(awk -v p="$through/late" '$2 == p { print $1 }' /proc/mounts)"
expect_ok d rm -f both one
expect_eq "what was mounted for the host stays" 3 "$(grep -c " $through/" /proc/mounts)"
umount -R "$through"

# ---- the daemon's own directory: what it unmounts there is not kept by a container
for source in / "$T" "$T/docker" "$T/docker/volumes"; do
	expect_ok d create --name around -v "$source:/x:ro" --mount "type=bind,src=$source,dst=/y,bind-propagation=rshared" busybox true
	expect_eq "$source" "/x rslave /y rshared" "$(d inspect -f '{{range .Mounts}}{{.Destination}} {{.Propagation}} {{end}}' around | xargs -n 2 | sort | xargs)"
	expect_ok d rm around
	expect_fail 1 'must use either propagation mode' d create -v "$source:/x:rprivate" busybox true
done
expect_ok d run --rm -v "$T/docker:/x:ro" busybox ls /x/volumes
expect_ok d create --name beside -v "$T/docker-config:/x" busybox true
expect_eq "another's" rprivate "$(d inspect -f '{{range .Mounts}}{{.Propagation}}{{end}}' beside)"
expect_ok d rm beside

# ---- what cannot be mounted
expect_ok d volume create -o type=nfs -o device=:/none -o o=addr=no.such.host.invalid far
expect_fail 125 "error while mounting volume '$T/docker/volumes/far/_data': error resolving passed in network volume address" \
	d run --rm -v far:/x busybox true
expect_ok d volume create -o type=ext4 -o device=/none broken
expect_fail 127 "failed to mount local volume: mount /none:$T/docker/volumes/broken/_data.*: no such file or directory" \
	d run --rm -v ram:/ram -v broken:/x busybox true
expect_eq "and what was mounted before it is not any more" 0 "$(mounted ram)"

# ---- listed, pruned
expect_eq "a name as an expression" ram "$(d volume ls -q --filter 'name=^ra')"
expect_fail 1 "invalid filter 'dangling=" d volume ls --filter dangling=maybe
expect_eq "all are pruned" "broken dir far ram" "$(d volume prune -af | grep -xE 'broken|dir|far|ram' | sort | xargs)"
expect_eq "what was bound is untouched" host "$(cat "$T/host/part/file")"
expect_unchanged "all of it"
stop_stack
done_testing
