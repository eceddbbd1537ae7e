#!/bin/bash
# docker cp, diff, export and commit: the real CLI moves files into and out of containers, running
# and stopped, and what a hostile container or archive tries stays in the container.
. "${0%/*}/lib.sh"

need python3
need_real_docker
d() { "$cli" "$@"; }
start_stack busybox
expect_ok d pull busybox
sock=$T/docker.sock
api() { curl -sS --unix-socket "$sock" -o "$T/body" -w '%{http_code}' "$@"; }
message() { python3 -c 'import json; print(json.load(open("'"$T/body"'"))["message"])'; }
mkdir -p "$T/in/deep" "$T/outside"
echo one >"$T/in/file" && chmod 640 "$T/in/file" && touch -d '2020-01-02 03:04:05 UTC' "$T/in/file"
echo two >"$T/in/deep/er" && ln -s er "$T/in/deep/link" && ln "$T/in/file" "$T/in/hard"
echo host >"$T/outside/secret" && mkdir "$T/bound"

# Names, kinds, modes, sizes and whole seconds, which is what the CLI's archives have.
list() { (cd "$1" && find . -mindepth 1 -printf '%p %y %m %s %T@ %l\n' | sed 's/\.[0-9]*0 / /' | sort); }

# ---- a stopped one, a running one: the same
expect_ok d create --name still --network none -v vol:/vol -v "$T/bound:/bound" -v "$T/in:/ro:ro" busybox true
expect_ok d run -d --name live -v vol2:/vol -v "$T/bound:/bound" -v "$T/in:/ro:ro" --network none busybox sleep 1000
mark
for c in still live; do
	expect_ok d cp "$T/in" "$c:/tmp/new"
	expect_ok d cp "$c:/tmp/new" "$T/out-$c"
	expect_eq "$c: a tree there and back" "$(list "$T/in")" "$(list "$T/out-$c")"
	expect_ok d cp "$T/in/file" "$c:/vol/file"
	expect_ok d cp "$T/in/file" "$c:/bound/of-$c"
	expect_eq "$c: into a bind" one "$(cat "$T/bound/of-$c")"
	expect_eq "$c: out of a volume" one "$(d cp "$c:/vol/file" - | tar -xOf -)"
	expect_fail 1 'read-only' d cp "$T/in/file" "$c:/ro/x"
	expect_fail 1 'Could not find the file /none in container '$c d cp "$c:/none" "$T/x"
	expect_fail 1 'cannot overwrite|cannot copy' d cp "$T/in/deep" "$c:/tmp/new/file"
	expect_eq "$c: what a link in it says" "/bin/busybox" "$(d cp "$c:/bin/busybox" - | tar -tf - | sed 's,^,/bin/,')"
	expect_ok d cp -L "$c:/tmp/new/deep/link" "$T/followed-$c"
	expect_eq "$c: -L follows" two "$(cat "$T/followed-$c")"
	expect_ok d cp "$T/in/file" "$c:/tmp/new/deep/link"
	expect_eq "$c: onto a link: where it leads" one "$(d cp "$c:/tmp/new/deep/er" - | tar -xOf -)"
	expect_eq "$c: the contents of a directory" "./ ./er ./link" "$(d cp "$c:/tmp/new/deep/." - | tar -tf - | sort | xargs)"
done
expect_eq "what was written is there for the container" "one 640" "$(d exec live sh -c 'echo $(cat /tmp/new/file) $(stat -c %a /tmp/new/file)')"
expect_ok d start -a still
expect_eq "and after the start" one "$(d cp still:/vol/file - | tar -xOf -)"
expect_unchanged "docker cp"

# ---- a file with two names, one with a capability, a socket
python3 - "$T/bound" <<-'P'
	import os, socket, struct, sys
	os.chdir(sys.argv[1])
	open("able", "w").close()
	os.setxattr("able", "security.capability", struct.pack("<5I", 0x2000000, 1 << 10, 0, 0, 0))
	os.link("able", "also")
	socket.socket(socket.AF_UNIX).bind("socket")
P
curl -sS --unix-socket "$sock" "http://d/containers/live/archive?path=/bound" >"$T/bound.tar"
expect_eq "a second name is a link, a capability is kept, a socket is not there" "1 1 capability none" "$(python3 - "$T/bound.tar" <<-'P'
	import sys, tarfile
	found = {m.name: m for m in tarfile.open(sys.argv[1])}
	pair = [found["bound/able"], found["bound/also"]]
	first = [m for m in pair if m.isreg()][0]
	print(len([m for m in pair if m.isreg()]), len([m for m in pair if m.islnk() and m.linkname == first.name and not m.size]),
	      "capability" if "SCHILY.xattr.security.capability" in first.pax_headers else "nothing", "socket" if "bound/socket" in found else "none")
P
)"
rm "$T/bound/able" "$T/bound/also" "$T/bound/socket"

# ---- the header, and what is refused
stat=$(curl -sSI --unix-socket "$sock" "http://d/containers/live/archive?path=/tmp/new/deep/link" |
	sed -n 's/^X-Docker-Container-Path-Stat: //ip' | tr -d '\r' | base64 -d)
expect_eq "the header describes a link, in Go's bits" "link 2 134218239 /tmp/new/deep/er" \
	"$(python3 -c 'import json,sys; s=json.loads(sys.argv[1]); print(s["name"], s["size"], s["mode"], s["linkTarget"])' "$stat")"
expect_eq "no path" 400 "$(api "http://d/containers/live/archive")"
expect_eq "no such file" 404 "$(api "http://d/containers/live/archive?path=/none")"
expect_eq "no such container" 404 "$(api "http://d/containers/none/archive?path=/")"
expect_eq "a file where a directory is to be" 400 "$(tar -C "$T/in" -c file | api -T - -X PUT "http://d/containers/live/archive?path=/etc/passwd")"
expect_ok d exec live mkdir -p /t/file
expect_eq "a directory is not overwritten" 400 "$(tar -C "$T/in" -c file | api -T - -X PUT "http://d/containers/live/archive?path=/t&noOverwriteDirNonDir=true")"
expect_match "and why" 'cannot overwrite directory' "$(message)"
expect_eq "unless it may be" 200 "$(tar -C "$T/in" -cz file | api -T - -X PUT "http://d/containers/live/archive?path=/t")"
expect_eq "from a compressed archive" one "$(d exec live cat /t/file)"
expect_eq "rubbish" 400 "$(head -c 4096 /dev/urandom | api -T - -X PUT "http://d/containers/live/archive?path=/t")"
expect_ok d run -d --name reader --read-only --user 7:8 -v vol3:/data --network none busybox sleep 1000
expect_fail 1 'container rootfs is marked read-only' d cp "$T/in/file" reader:/tmp/x
expect_ok d cp -a "$T/in/file" reader:/data/mine
expect_eq "-a gives it to the container's user" "7 8" "$(d exec reader stat -c '%u %g' /data/mine)"

# ---- attacks: what is outside stays as it is
outside=$(stat -c '%n %a %u %g %s %Y' "$T"/outside/* /etc/passwd; ls "$T/outside")
# CVE-2018-15664: a link that is exchanged for a directory, again and again, while files go in and out.
expect_ok d exec live sh -c 'mkdir -p /swap/real /swap/x; ln -s '"$T/outside"' /swap/evil; echo inside >/swap/real/secret; cp /swap/real/secret /swap/x/'
d exec live sh -c 'for i in $(seq 60); do mv /swap/x /swap/y; mv /swap/evil /swap/x; mv /swap/x /swap/evil; mv /swap/y /swap/x; done' &
racer=$!
for _ in $(seq 8); do
	curl -sS --unix-socket "$sock" "http://d/containers/live/archive?path=/swap/x/secret" 2>/dev/null | tar -xOf - 2>/dev/null
	tar -C "$T/in" -c file --mode=7777 --owner=99 | curl -sS --unix-socket "$sock" -T - "http://d/containers/live/archive?path=/swap/x" >/dev/null
done >"$T/raced"
wait $racer
expect_no_match "a raced link shows nothing of the host" host "$(cat "$T/raced")"
# CVE-2021-41089: a copy that goes through a link must not change modes outside.
expect_ok d exec live ln -s "$T/outside" /tmp/away
expect_ok d exec live ln -s "$T/outside/secret" /tmp/leaf
mkdir -p "$T/evil/away" && echo evil >"$T/evil/away/secret" && chmod 777 "$T/evil/away" "$T/evil/away/secret"
tar -C "$T/evil" -c away | api -T - -X PUT "http://d/containers/live/archive?path=/tmp" >/dev/null
echo evil >"$T/evil/leaf" && chmod 4777 "$T/evil/leaf"
tar -C "$T/evil" -c leaf | api -T - -X PUT "http://d/containers/live/archive?path=/tmp" >/dev/null
python3 - "$T/outside" >"$T/evil.tar" <<'P'
import io, sys, tarfile
t = tarfile.open(fileobj=sys.stdout.buffer, mode="w|")
def add(name, data=b"evil", **kw):
    i = tarfile.TarInfo(name); i.size = len(data) if not kw else 0; i.mode = 0o4777
    for k, v in kw.items(): setattr(i, k, v)
    t.addfile(i, io.BytesIO(data) if not kw else None)
add("s", type=tarfile.SYMTYPE, linkname=sys.argv[1])
add("s/secret")
add("h", type=tarfile.LNKTYPE, linkname="s/secret")
t.close()
P
expect_eq "an archive's own link" 200 "$(api -T "$T/evil.tar" -X PUT "http://d/containers/still/archive?path=/tmp")"
expect_eq "is followed inside only" evil "$(d cp "still:$T/outside/secret" - | tar -xOf -)"
python3 - >"$T/dots.tar" <<'P'
import io, sys, tarfile
t = tarfile.open(fileobj=sys.stdout.buffer, mode="w|")
i = tarfile.TarInfo("../../../../../../outside-of-it"); i.size = 1; t.addfile(i, io.BytesIO(b"x")); t.close()
P
expect_eq "a name that climbs out" 400 "$(api -T "$T/dots.tar" -X PUT "http://d/containers/live/archive?path=/tmp")"
expect_eq "a path that climbs out is the container's own" "$(d exec live cat /etc/passwd | md5sum)" \
	"$(d cp live:/../../../../etc/passwd - | tar -xOf - | md5sum)"
expect_fail 1 'Could not find|symbolic link' d cp live:/proc/1/root/etc/passwd "$T/x"
# CVE-2019-14271: a library in the container that the daemon would load.
if command -v gcc >/dev/null; then
	printf '#include <fcntl.h>\n__attribute__((constructor)) static void f(void) { open("%s/outside/loaded", O_CREAT|O_WRONLY, 0600); }\n' "$T" |
		gcc -shared -fPIC -x c -o "$T/evil.so" -
	for lib in lib/libnss_files.so.2 lib/x86_64-linux-gnu/libnss_files.so.2 lib64/libnss_files.so.2; do
		expect_ok d exec live mkdir -p "/${lib%/*}"
		expect_ok d cp "$T/evil.so" "live:/$lib"
	done
	expect_ok d cp -a "$T/in/file" live:/tmp/after
	expect_ok d cp live:/lib "$T/out-lib"
fi
expect_eq "nothing outside was touched" "$outside" "$(stat -c '%n %a %u %g %s %Y' "$T"/outside/* /etc/passwd; ls "$T/outside")"
expect_eq "the secret is as it was" host "$(cat "$T/outside/secret")"

# ---- diff, export, commit
expect_ok d run --name changed --network none busybox sh -c 'echo new >/new; rm /usr/bin/vi; echo more >>/etc/passwd'
expect_eq "diff" "A /new C /etc C /etc/passwd C /usr/bin D /usr/bin/vi" "$(d diff changed | sort | xargs)"
expect_eq "nothing changed" "null" "$(d create --name same busybox >/dev/null; api http://d/containers/same/changes >/dev/null; cat "$T/body" | tr -d '\n')"
expect_eq "export is the whole tree" "new more" "$(d export changed >"$T/x.tar"; echo $(tar -xOf "$T/x.tar" new) $(tar -xOf "$T/x.tar" etc/passwd | tail -n 1))"
expect_fail 1 'No such container' d export none
expect_ok d commit -a me -m why -c 'ENV A=1 B="two words"' -c 'CMD ["cat", "/new"]' -c 'EXPOSE 80 53/udp' -c 'LABEL x=y' -c 'WORKDIR /tmp' changed made:1
expect_match "commit prints the ID" '^sha256:[0-9a-f]{64}$' "$output"
expect_eq "what was committed runs" new "$(d run --rm --network none made:1)"
layers=$(d inspect -f '{{len .RootFS.Layers}}' busybox) steps=$(d history -q busybox | wc -l)
expect_eq "its history and config" "me why [A=1 B=two words] [cat /new] 2 map[x:y] /tmp $((layers + 1))" \
	"$(d inspect -f '{{.Author}} {{.Comment}} {{slice .Config.Env 1}} {{.Config.Cmd}} {{len .Config.ExposedPorts}} {{.Config.Labels}} {{.Config.WorkingDir}} {{len .RootFS.Layers}}' made:1)"
expect_eq "history" "why $((steps + 1))" "$(d history --format '{{.Comment}}' made:1 | head -n 1) $(d history -q made:1 | wc -l)"
expect_fail 1 'is not a valid change command' d commit -c 'RUN true' changed
expect_eq "a running one goes on" "true false" "$(d commit live >"$T/id"; d inspect -f '{{.State.Running}} {{.State.Paused}}' live)"
expect_match "without a name it is dangling" '<none>' "$(d images --filter dangling=true)"
expect_ok d rmi "$(cat "$T/id")"
expect_ok d rm -f still live reader changed same
stop_stack
done_testing
