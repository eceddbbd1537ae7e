#!/bin/bash
# docker build, image build and builder build of ours: the context that is sent, secrets, outputs, exit statuses.
. "${0%/*}/lib.sh"
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
expect_eq "no container is left" "" "$(docker ps -aq)"

# ---- --cache-from: an image has steps in it that the cache has not
printf 'FROM busybox\nARG A\nENV B=c\nRUN echo $A >/o\nCOPY --chown=1 a.txt /\nWORKDIR /w\n' >Dockerfile
expect_ok docker build -t from --build-arg A=1 .
image=$(docker inspect -f '{{.Id}}' from)
expect_ok docker builder prune -af
expect_ok docker build -t again --build-arg A=1 --cache-from none:1,from .
expect_eq "all of it" "5 $image" "$(grep -c 'Using cache' <<<"$output") $(docker inspect -f '{{.Id}}' again)"
expect_ok docker builder prune -af
echo changed >a.txt
expect_ok docker build --build-arg A=1 --cache-from from .
expect_eq "up to a file that changed" 3 "$(grep -c 'Using cache' <<<"$output")"
expect_ok docker builder prune -af
expect_ok docker build --build-arg A=2 --cache-from from .
expect_eq "and up to another argument's use" 2 "$(grep -c 'Using cache' <<<"$output")"

# ---- what is wrong
printf 'FROM busybox\nRUN exit 7\n' >Dockerfile
expect_fail 7 "The command '/bin/sh -c exit 7' returned a non-zero code: 7" docker build .
expect_match "the line is shown" '2 \| >>> RUN exit 7' "$output"
expect_fail 7 'Step 2/2' docker build -q .
expect_fail 1 'squash is not supported' docker build --squash .
expect_fail 1 'path "/none" not found' docker build /none
expect_fail 1 'unable to evaluate symlinks in Dockerfile path: lstat nofile: no such file' docker build -f nofile .
expect_fail any 'progress=tty is not supported' docker build --progress tty .
expect_fail 1 'y.git: git: .*Could not resolve host' docker build https://x.invalid/y.git
expect_fail 1 'secret.*id is missing' docker build --secret src=x .
done_testing
