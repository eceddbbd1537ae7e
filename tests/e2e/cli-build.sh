#!/bin/bash
# docker build, image build and builder build of ours: the context that is sent, secrets, outputs, exit statuses.
. "${0%/*}/lib.sh"
need ssh-agent python3
start_stack busybox
expect_ok docker pull -q busybox
mkdir -p "$T/c/sub/deep" "$T/c/many" && cd "$T/c" || fail "make a context"
echo one >a.txt && echo log >x.log && echo two >sub/b.txt && echo three >sub/deep/c.txt && echo log >sub/y.log
printf '# what is not for the image\n*.log\n**/*.log\nsub\n!sub/deep\nDockerfile\n.dockerignore\n' >.dockerignore
printf 'FROM busybox\nARG WHO\nCOPY . /ctx\nRUN echo "hello $WHO"; cd /ctx && find . | sort | xargs\n' >Dockerfile
WHO=env expect_ok docker build -t x --build-arg WHO --iidfile "$T/iid" --label a=b .
expect_match "the environment's value of an argument" '^hello env$' "$output"
expect_match ".dockerignore, with an exception in a directory" '^\. \./a\.txt \./many \./sub \./sub/deep \./sub/deep/c\.txt$' "$output"
expect_match "its end" 'Successfully tagged x:latest' "$output"
expect_eq "--iidfile, --label" "$(docker inspect -f '{{.Id}}' x) b" "$(cat "$T/iid") $(docker inspect -f '{{.Config.Labels.a}}' x)"
expect_eq "-q, --compress" "$(cat "$T/iid")" "$(WHO=env docker image build -q --compress --build-arg WHO --label a=b .)"
expect_match "builder build, a Dockerfile from standard input" '^stdin$' \
	"$(printf 'FROM busybox\nCOPY a.txt /\nRUN echo stdin\n' | docker builder build -f - . 2>&1)"
expect_match "a Dockerfile alone" '^alone$' "$(printf 'FROM busybox\nRUN echo alone\n' | docker build - 2>&1)"
mkdir "$T/elsewhere" && printf 'FROM busybox\nCOPY a.txt x.log /\nRUN echo outside\n' >"$T/elsewhere/file" && echo sub >"$T/elsewhere/file.dockerignore"
expect_ok docker build --progress plain -f "$T/elsewhere/file" .
expect_match "a Dockerfile from elsewhere, with rules of its own" '^outside$' "$output"
expect_eq "it is not of the context" "d/a.txt" \
	"$(docker build -f - -o - . <<<$'FROM scratch\nCOPY . /d/' | tar -t | sed 's|^\./||' | grep 'docker\|a.txt' | xargs)"
expect_match "--compress, of an archive too" 'Successfully built' "$(tar -c Dockerfile a.txt | docker build --compress - 2>&1)"
expect_match "an archive" 'Successfully built' "$(tar -c Dockerfile a.txt | docker build - 2>&1)"
expect_match "how much is sent" '^Sending build context to Docker daemon  10.24kB$' "$(tar -c Dockerfile a.txt | docker build - 2>&1)"

# ---- secrets, limits, what goes out
echo word >"$T/secret"
printf 'FROM busybox\nRUN --mount=type=secret,id=f cat /run/secrets/f\nRUN --mount=type=secret,id=v,env=V echo "$V $(ulimit -n)"\nRUN grep extra /etc/hosts\n' >Dockerfile
V=value expect_ok docker build --secret "id=f,src=$T/secret" --secret id=v,env=V --ulimit nofile=99:99 --add-host extra:1.2.3.4 --memory 64m .
expect_match "a file" '^word$' "$output"
expect_match "a variable, and a limit" '^value 99$' "$output"
expect_match "a host" '^1\.2\.3\.4.*extra$' "$output"
printf 'FROM scratch\nCOPY --chmod=600 a.txt /d/\n' >Dockerfile
expect_ok docker build -o "$T/out" .
expect_eq "--output DIR" one "$(cat "$T/out/d/a.txt")"
expect_eq "--output type=tar to standard output" "-rw------- d/a.txt" "$(docker build -o type=tar . | tar -tv | awk '/a.txt/ { print $1, $6 }')"
expect_eq "-o to a file" d/a.txt "$(docker build -q -o "type=tar,dest=$T/out.tar" . && tar -tf "$T/out.tar" | grep a.txt)"
expect_eq "-o of what there is without it" "$(docker build -q .)" "$(docker build --progress quiet -o type=docker .)"
expect_fail 1 'dest, a directory, is required' docker build -o type=local,dest=- .
expect_fail 1 'type=oci is not supported' docker build -o type=oci .
expect_eq "no container is left" "" "$(docker ps -aq)"
expect_eq "an ID to what is there" "$(docker build -q .)" "$(docker build --iidfile /dev/stdout . | grep -o 'sha256:[0-9a-f]*$')"
printf 'FROM busybox\nRUN false\n' >Dockerfile
echo old >"$T/iid"
expect_fail 1 'returned a non-zero code' docker build --iidfile "$T/iid" .
expect_eq "none of a build before" "" "$(ls "$T/iid" 2>/dev/null)"

# ---- another platform; stages that are built anew
printf 'FROM scratch\nARG TARGETPLATFORM TARGETVARIANT BUILDOS\nLABEL p=$TARGETPLATFORM v=$TARGETVARIANT b=$BUILDOS\n' >Dockerfile
expect_ok docker build -q --platform linux/arm/v7 -t arm .
expect_eq "an image for another platform" "arm v7 map[b:linux p:linux/arm/v7 v:v7]" "$(docker inspect -f '{{.Architecture}} {{.Variant}} {{.Config.Labels}}' arm)"
expect_fail 1 'for several platforms' docker build --platform linux/amd64,linux/arm64 .
printf 'FROM busybox AS one\nRUN echo 1\nFROM busybox AS two\nRUN echo 2\nFROM scratch\nCOPY --from=one /bin/sh /1\nCOPY --from=two /bin/sh /2\n' >Dockerfile
expect_ok docker build .
expect_ok docker build --no-cache-filter ONE .
expect_eq "--no-cache-filter" "1" "$(grep -x '[12]' <<<"$output")"

# ---- --build-context: trees and images under names, which stand in for stages and images
mkdir -p "$T/other/sub" "$T/empty" && echo other >"$T/other/o.txt" && echo not >"$T/other/x.log" && echo '*.log' >"$T/other/.dockerignore" && ln -s "$T/secret" "$T/other/link"
cat >"$T/empty/Dockerfile" <<'D'
FROM none.invalid/none AS stage
RUN false
FROM debian:12
COPY --from=Other . /copied/
COPY --from=stage o.txt /second.txt
RUN --mount=from=other,target=/m cat /m/o.txt && find /copied /second.txt .build-contexts | sort | xargs
RUN --mount=target=/m ls -A /m
D
named() { docker build --build-context "other=$T/other" --build-context "stage=$T/other" --build-context docker.io/library/debian:12=docker-image://busybox "$@"; }
named_alone() { named - <"$T/df"; }
expect_ok named "$T/empty"
expect_match "what a bind of it has" '^other$' "$output"
expect_match "copied, by its own .dockerignore" '^/copied /copied/.dockerignore /copied/link /copied/o.txt /copied/sub /second.txt$' "$output"
expect_match "the build's own context has none of it" '^Dockerfile$' "$output"
expect_match "unchanged, it is in the cache" 4 "$(named "$T/empty" | grep -c 'Using cache')"
echo changed >"$T/other/o.txt"
expect_match "changed, it is not" '^changed$' "$(named - <"$T/empty/Dockerfile" 2>&1)"
(cd "$T/other" && tar -cf "$T/elsewhere/o.tar" o.txt && cd "$T/elsewhere" && exec python3 -m http.server --bind 127.0.0.1 8096 2>/dev/null) &
web=$!
expect_ok wait_for 5 curl -fsS -o /dev/null http://127.0.0.1:8096/o.tar
expect_match "an archive that the daemon fetches" '^changed$' "$(docker build --build-context o=http://127.0.0.1:8096/o.tar - <<<$'FROM busybox\nCOPY --from=o o.txt /\nRUN cat /o.txt' 2>&1)"
kill $web
named -q -t files - <<<$'FROM other AS x\nENV A=a\nFROM x\nCOPY --from=stage o.txt /second' >/dev/null
expect_eq "FROM files: an image of them, and what the Dockerfile says" "A=a, 2 layers" \
	"$(docker inspect -f '{{index .Config.Env 1}}, {{len .RootFS.Layers}} layers' files)"
expect_eq "with what is in them" changed "$(docker create --name look files x >/dev/null && docker cp look:/o.txt - | tar -xO && docker rm look >/dev/null)"
printf 'FROM scratch\nCOPY --from=other x.log /\n' >"$T/df" && expect_fail 1 'COPY failed: .*stat x.log: file does not exist' named_alone
printf 'FROM scratch\nCOPY --from=other link /\n' >"$T/df" && expect_fail 1 'COPY failed: .*link' named_alone
expect_fail 1 'build context x: path "/none" not found' docker build --build-context x=/none .
expect_fail 1 'expected NAME=VALUE' docker build --build-context x .
expect_fail 1 'oci-layout://y is not supported' docker build --build-context x=oci-layout://y .
expect_fail 1 'beside an archive on standard input' eval 'tar -c Dockerfile | docker build --build-context "x=$T/other" -'
expect_match "one that did not come" 'build context x: it did not come' \
	"$(tar -c Dockerfile | curl -sS --unix-socket "$T/docker.sock" --data-binary @- -X POST 'http://d/build?buildcontexts=%7B%22x%22:%22local://0%22%7D')"

# ---- --ssh: agents of the client's in a RUN, for as long as that runs
mkdir "$T/s" && cd "$T/s" || fail "make a context"
for f in "$(command -v ssh-add)" $(ldd "$(command -v ssh-add)" | grep -o '/[^ ]*'); do cp -L "$f" . || fail "copy $f"; done
printf '#!/bin/sh\nLD_LIBRARY_PATH=/s exec /s/ld-linux* /s/ssh-add -l\n' >keys && chmod 755 keys
for k in one two; do ssh-keygen -q -t ed25519 -N '' -C "key-$k" -f "$T/$k" || fail "make a key"; done
SSH_AUTH_SOCK=$T/agent
ssh-agent -a "$SSH_AUTH_SOCK" >/dev/null && export SSH_AUTH_SOCK && ssh-add -q "$T/one" || fail "start an agent"
cat >Dockerfile <<'D'
FROM busybox AS ssh
COPY . /s
RUN --mount=type=ssh,required stat -c '%n %a' $SSH_AUTH_SOCK && /s/keys
RUN --mount=type=ssh --mount=type=ssh,id=k,target=/k,uid=9,gid=8,mode=0660 ls -n /k && SSH_AUTH_SOCK=/k /s/keys
RUN --mount=type=ssh for i in $(seq 40); do /s/keys >>/all & done; wait
FROM busybox
COPY --from=ssh /all /all
RUN --mount=type=ssh,id=none echo "$(wc -l </all) $(ls -d /run/* 2>/dev/null).$SSH_AUTH_SOCK."
D
expect_ok docker build --ssh default --ssh "k=$T/two" .
expect_match "its place and mode" '^/run/buildkit/ssh_agent\.0 600$' "$output"
expect_match "the agent" 'key-one' "$output"
expect_match "another's place, owner and mode" '^srw-rw---- .* 9 +8 .* /k$' "$output"
expect_match "an agent for a key" 'key-two' "$output"
expect_match "many at once; and nothing of it later, nor of one that nobody offers" '^40 \.\.$' "$output"
expect_eq "nothing is left" "" "$(find "$T/run-docker/build" -mindepth 1; ps -eo args | grep '^ssh-agent sh')"

# A RUN that opens many connections and reads none of what it asked for: it ends as another does, and they with it.
printf 'FROM busybox\nRUN --mount=type=ssh sleep 2\n' >Dockerfile
docker build --ssh default . >"$T/sleeps" 2>&1 &
build=$!
cat >"$T/flood.py" <<'P'
import glob, os, socket, sys, time
for _ in range(100):
    found = glob.glob(sys.argv[1] + "/run-docker/build/*/agent-*")
    if found:
        break
    time.sleep(0.05)
os.chdir(os.path.dirname(found[0]))
many = [socket.socket(socket.AF_UNIX) for _ in range(50)]
for s in many:
    s.connect(os.path.basename(found[0]))
    s.setblocking(False)
    try:
        while True:
            s.send(b"\0\0\0\1\x0b" * 1000)
    except BlockingIOError:
        s.setblocking(True)
        s.settimeout(20)
for s in many:
    try:
        while s.recv(65536):
            pass
    except ConnectionResetError:
        pass
print("all ended")
P
expect_eq "a flood of questions" "all ended" "$(timeout 40 python3 "$T/flood.py" "$T" 2>&1)"
wait $build
expect_eq "which harms nobody" "0 $(grep -c 'Successfully built' "$T/sleeps")" "$? 1"
printf 'FROM busybox\nRUN --mount=type=ssh,required true\n' >Dockerfile
expect_fail 1 'ssh default: the client forwards no such agent' docker build .
expect_match "the line is shown" '2 \| >>> RUN --mount=type=ssh,required' "$output"
SSH_AUTH_SOCK='' expect_fail 1 'no agent: SSH_AUTH_SOCK is not set' docker build --ssh default .
expect_fail 1 'stat /none: no such file' docker build --ssh default=/none .
expect_fail 1 'did not take the key' docker build --ssh "default=$T/c/a.txt" .
expect_match "a line without a token" 'expected a token.* 400$' \
	"$(curl -sS --unix-socket "$T/docker.sock" -w ' %{http_code}' -d '{"token":"x","id":"y"}' http://d/build/ssh)"
many=()
for i in $(seq 260); do many+=(--ssh "many$i"); done
expect_fail 1 'ssh many257: .*256 agents are waiting already' docker build "${many[@]}" .
# When the daemon keeps as many as it may, a RUN's next question waits until there is room.
cat >"$T/fill.py" <<'P'
import socket, sys, time
body = b'{"token":"%s","id":"x"}' % (b"f" * 32)
ask = b"POST /build/ssh HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
until, many = time.time() + 4, []
while time.time() < until:
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
    s.send(ask)
    if b" 101 " in s.recv(4096):
        many.append(s)
print(len(many))
P
printf 'FROM busybox\nCOPY . /s\nRUN --mount=type=ssh,target= sleep 2; /s/keys; /s/keys; /s/keys\n' >Dockerfile
timeout 60 "$TOP/05-cli/docker" build --ssh default . >"$T/full" 2>&1 &
build=$!
sleep 1
expect_match "all places are taken" '^2[0-9][0-9]$' "$(python3 "$T/fill.py" "$T/docker.sock")"
wait $build
expect_eq "and free again" "0 3" "$? $(grep -c 'key-one' "$T/full")"
printf 'FROM busybox\nRUN --mount=type=secret true\n' >Dockerfile
expect_fail 1 'one of id, source and target is required' docker build .
printf 'FROM busybox\nRUN --mount=type=ssh,uid=4294967296 true\n' >Dockerfile
expect_fail 1 'invalid value 4294967296 for uid' docker build --ssh default .
printf 'FROM busybox\nRUN --mount=type=ssh,required=maybe true\n' >Dockerfile
expect_fail 1 'invalid value for required: maybe' docker build .
cd "$T/c" || fail "back"

# ---- --cache-from: an image has steps in it that the cache has not
printf 'FROM busybox\nARG A\nENV B=c\nRUN echo $A >/o\nCOPY --chown=1 a.txt /\nWORKDIR /w\n' >Dockerfile
expect_ok docker build -t from --build-arg A=1 .
image=$(docker inspect -f '{{.Id}}' from)
expect_ok docker builder prune -af
expect_ok docker build -t again --build-arg A=1 --cache-from none:1 --cache-from type=registry,ref=from --cache-to type=inline .
expect_eq "all of it" "5 $image" "$(grep -c 'Using cache' <<<"$output") $(docker inspect -f '{{.Id}}' again)"
expect_ok docker build -t again --build-arg A=1 --cache-from none:1 .
expect_eq "of images that are not here, nothing" 0 "$(grep -c 'Using cache' <<<"$output")"
echo changed >a.txt
expect_ok docker build --build-arg A=1 --cache-from from .
expect_eq "up to a file that changed" 3 "$(grep -c 'Using cache' <<<"$output")"
expect_ok docker build --build-arg A=2 --cache-from from .
expect_eq "and up to another argument's use" 2 "$(grep -c 'Using cache' <<<"$output")"

# ---- what is wrong
printf 'FROM busybox\nRUN exit 7\n' >Dockerfile
expect_fail 7 "The command '/bin/sh -c exit 7' returned a non-zero code: 7" docker build .
expect_match "the line is shown" '2 \| >>> RUN exit 7' "$output"
expect_fail 7 'Step 2/2' docker build -q .
expect_fail 1 'squash is not supported' docker build --squash .
DOCKER_CONTENT_TRUST=1 expect_fail 1 'does not check signatures' docker build .
expect_fail 1 'does not check signatures' docker build --disable-content-trust=false .
for flag in device=vendor.com/class=x security=insecure; do
	printf 'FROM none.invalid/none\nRUN --%s true\n' "$flag" >"$T/df"
	expect_fail 1 "RUN --${flag%%=*}.* is not supported" docker build -f "$T/df" .
done
expect_fail 1 'dockerignore: "\[a" is no pattern' eval 'echo "[a" >"$T/s/.dockerignore"; docker build "$T/s"'
expect_fail 1 'path "/none" not found' docker build /none
expect_fail 1 'unable to evaluate symlinks in Dockerfile path: lstat nofile: no such file' docker build -f nofile .
expect_fail any 'cache-to=type=local.* is not supported' docker build --cache-to type=local,dest=x .
expect_fail 1 'cache-from=type=local.* is not supported' docker build --cache-from type=local,src=x .
expect_fail any 'progress=tty is not supported' docker build --progress tty .
expect_fail 1 'y.git: git: .*Could not resolve host' docker build https://x.invalid/y.git
expect_fail 1 'secret.*id is missing' docker build --secret src=x .
stop_stack
done_testing
