#!/bin/bash
# POST /build, first as the real CLI's classic builder speaks it, then by ours, which is faster: instructions, stages, the cache, mounts of RUN,
# errors, options; and contexts that would like to be somewhere else.
. "${0%/*}/lib.sh"
need python3
need_real_docker
real() { DOCKER_BUILDKIT=0 "$cli" "$@"; }
d() { docker "$@"; }
sock=$T/docker.sock
start_stack busybox
expect_ok d pull -q busybox
C=$T/context && mkdir -p "$C/sub" && cd "$C" || fail "make a context"

# build [OPTION...] <DOCKERFILE: of the context; what it says is in $output.
build() { cat >Dockerfile && expect_ok d build "$@" .; }
refused() { # REGEX [OPTION...] <DOCKERFILE
	local regex=$1
	shift
	cat >Dockerfile
	expect_fail any "$regex" d build "$@" .
}
config() { d inspect -f "$1" "${2:-x}"; }
files() { d create --name look "${1:-x}" x >/dev/null && d export look | tar -tv | awk '{ print $1, $2, $6, $7, $8 }'; d rm look >/dev/null; }
content() { d create --name look x x >/dev/null && d cp "look:$1" - | tar -xOf -; d rm look >/dev/null; }

# ---- a build of most instructions, and again: the cache
echo one >a.txt && echo two >sub/b.txt && echo skipped >sub/c.log && ln -s /etc/passwd sub/link
tar -cf arch.tar a.txt
cat >Dockerfile <<'E'
# escape=\
ARG V=latest
FROM busybox:$V AS one
ARG WHO=nobody
ENV A=b C="$A d" D=${WHO:+set}
RUN echo hello $WHO >/x && \
    # a comment
    cat /x
WORKDIR /work
COPY --exclude=*.log sub /sub
ADD arch.tar /arch/
COPY <<-E2 /here
	v=$A
	E2
RUN <<E3
#!/bin/sh
echo script $0 $C
E3
FROM busybox AS unused
RUN exit 9
FROM scratch
COPY --from=one --chown=1:2 --chmod=640 /x /arch/a.txt /t/
COPY --from=one /sub /here /sub/
COPY --parents sub/*.txt /p/
LABEL l="a b" m=$A
USER 7:8
EXPOSE 80 90-91/udp
VOLUME /v ["/w"]
STOPSIGNAL SIGINT
HEALTHCHECK --interval=5s --retries=2 CMD true
SHELL ["/bin/x", "-e"]
ENTRYPOINT e
CMD ["c", "d"]
ONBUILD RUN echo triggered
MAINTAINER me
E
sed -i 's|VOLUME /v .*|VOLUME /v /w|' Dockerfile
expect_ok real build -t x -t x:2 --build-arg WHO=me --label from=cli --iidfile "$T/iid" .
expect_match "steps are told" 'Step 4/26 : ENV A=b' "$output"
expect_match "RUN's output, with the argument" '^hello me$' "$output"
expect_match "a script that names its interpreter" '^script /dev/pipes/E3 d$' "$output"
expect_no_match "a stage that nobody needs is not built" 'FROM busybox AS unused' "$output"
expect_match "names" 'Successfully tagged x:2' "$output"
expect_match "scratch has no ID" '^ ---> $' "$output"
expect_eq "--iidfile" "$(d inspect -f '{{.Id}}' x)" "$(cat "$T/iid")"
first=$(cat "$T/iid")
expect_eq "files" "drwxr-xr-x 0/0 ./
drwxr-xr-x 0/0 p/
drwxr-xr-x 0/0 p/sub/
-rw-r--r-- 0/0 p/sub/b.txt
drwxr-xr-x 0/0 sub/
-rw-r--r-- 0/0 sub/b.txt
-rw-r--r-- 0/0 sub/here
lrwxrwxrwx 0/0 sub/link -> /etc/passwd
drwxr-xr-x 1/2 t/
-rw-r----- 1/2 t/a.txt
-rw-r----- 1/2 t/x" "$(files | sed 's/ *$//' | grep -Ev ' (v|w)/$' | sort -k 3)"
expect_eq "a here-document's variable" "v=b" "$(content /sub/here)"
expect_eq "Config" '["/bin/x","-e","e"] ["c","d"] 7:8 SIGINT {"/v":{},"/w":{}} {"80/tcp":{},"90/udp":{},"91/udp":{}} [RUN echo triggered] [CMD-SHELL true]' \
	"$(config '{{json .Config.Entrypoint}} {{json .Config.Cmd}} {{.Config.User}} {{.Config.StopSignal}} {{json .Config.Volumes}} {{json .Config.ExposedPorts}} {{.Config.OnBuild}} {{.Config.Healthcheck.Test}}')"
expect_eq "labels" 'map[from:cli l:a b m:]' "$(config '{{.Config.Labels}}')"
expect_eq "author" me "$(config '{{.Author}}')"
expect_ok d build -t x --build-arg WHO=me --label from=cli .
expect_eq "all of it from the cache" 0 "$(grep -c 'Running in' <<<"$output")"
expect_match "and told so" 'Using cache' "$output"
expect_match "each use counts" '"UsageCount": ?1[,}]' "$(curl -sS --unix-socket "$sock" http://d/system/df)"
expect_eq "the same image to the byte" "$first" "$(config '{{.Id}}')"
echo three >sub/b.txt
expect_ok d build -q -t x --build-arg WHO=me .
expect_match "-q tells the ID alone" '^sha256:[0-9a-f]{64}$' "$output"
expect_eq "a file that changed" three "$(content /sub/b.txt)"
expect_ok d build --build-arg WHO=you --target one .
expect_match "another argument runs the step again" '^hello you$' "$output"
expect_ok d build --build-arg WHO=you --target one --no-cache .
expect_match "--no-cache" '^hello you$' "$output"
expect_eq "no container is left" "" "$(d ps -aq)"

build --build-arg V=1 <<<$'FROM busybox\nARG V\nENV C=constant\nCOPY a.txt /\nWORKDIR /w\nRUN echo "used $V"'
expect_ok d build --build-arg V=2 .
expect_eq "another argument's value counts where it is used" 4 "$(grep -c 'Using cache' <<<"$output")"
expect_match "and there it does" '^used 2$' "$output"

# ---- archives, compressed in each way
python3 - <<'P'
import tarfile
for kind in "xz", "bz2":
    with tarfile.open("some.tar." + kind, "w:" + kind) as t:
        t.add("a.txt", "in-" + kind)
P
build -t x <<'E'
FROM scratch
ADD some.tar.xz some.tar.bz2 /
COPY some.tar.xz /not/
E
expect_eq "ADD unpacks xz and bzip2, COPY does not" "in-bz2 in-xz not/some.tar.xz" "$(files | grep -o 'in-.*\|not/s.*' | sort | xargs)"
expect_match "a context, by xz" 'Successfully built' "$(tar -c Dockerfile some.tar.* | python3 -c 'import lzma, sys; sys.stdout.buffer.write(lzma.compress(sys.stdin.buffer.read()))' | d build - 2>&1)"
expect_ok d import some.tar.bz2 imported
expect_match "import of bzip2 is a plain layer" 'in-bz2' "$(files imported)"
rm some.tar.*

# ---- --chmod in letters, a checksum by variable, proxies
mkdir -p modes/d && echo x >modes/run && echo x >modes/plain && chmod 755 modes/run && chmod 700 modes/d && chmod 640 modes/plain
build -t x <<'E'
FROM scratch
COPY --chmod=u=rwX,go=rX modes /m/
COPY --chmod=+x modes/plain /p
COPY modes /as/
COPY modes/d /new/
COPY --parents modes/d /parents/
E
expect_eq "the context's modes, and --chmod's" "-rwxr-x--x p drwxr-xr-x m/d/ drwx------ as/d/ -rw-r--r-- m/plain -rw-r----- as/plain -rwxr-xr-x m/run -rwxr-xr-x as/run" \
	"$(files | awk '$3 ~ /d.$|run|plain|^p$/ && $3 !~ /parents/ { print $1, $3 }' | grep -v ' dev' | sort -t/ -k 2,2 -k 1.12r | xargs)"
refused "invalid chmod parameter: 'u\+q'" <<<$'FROM scratch\nCOPY --chmod=u+q modes /m/'
proxied() { build --build-arg "http_proxy=$1" --build-arg HTTPS_PROXY=s <<<$'FROM busybox\nRUN echo "proxy $http_proxy $HTTPS_PROXY."'; }
proxied one
expect_match "a proxy needs no ARG" '^proxy one s\.$' "$output"
proxied two
expect_match "and is in no key" 'Using cache' "$output"
expect_eq "a directory that is made for others to come into, and one that is copied" "drwxr-xr-x new/ drwx------ parents/modes/d/" \
	"$(files | awk '$3 == "new/" || $3 == "parents/modes/d/" { print $1, $3 }' | xargs)"
rm -r modes

# ---- a link as a destination, and a trigger's stage
build -t x <<'E'
FROM busybox AS links
RUN mkdir /real /dir && echo old >/real/old && ln -s /real/old /abs && ln -s real/new /rel && ln -s /real /todir && ln -s ../../../../real/up /dir/up
COPY a.txt /abs
COPY a.txt /rel
COPY a.txt /dir/up
COPY a.txt /todir
FROM scratch
COPY --from=links /real /r/
COPY --from=links /abs /dir/up /l/
E
expect_eq "a file comes to lie behind a link" "one one one one" "$(for f in old new up a.txt; do content "/r/$f"; done | xargs)"
build -t base <<'E'
FROM busybox
ONBUILD COPY --from=named /n /n
ONBUILD RUN --mount=type=bind,from=second,target=/m cat /m/s
E
build -t x <<'E'
FROM busybox AS named
RUN echo named >/n
FROM busybox AS second
RUN echo second >/s
FROM busybox AS unused
RUN exit 1
FROM base
RUN cat /n
E
expect_eq "stages that only a trigger names are built" "named second" "$(grep -x 'named\|second' <<<"$output" | sort | xargs)"

# ---- triggers, the base's command, an unused argument
build -t x --build-arg NOT=used <<'E'
FROM busybox
ENV P=q
CMD ["sh"]
ENTRYPOINT ["first"]
ONBUILD RUN echo "triggered $P"
E
expect_match "an argument that nobody wants" 'build-args \[NOT\] were not consumed' "$output"
build -t y <<'E'
FROM x
ENTRYPOINT ["other"]
E
expect_match "ONBUILD" 'Executing 1 build trigger' "$output"
expect_match "runs with the base's variables" '^triggered q$' "$output"
expect_eq "an entrypoint forgets the base's command, and the trigger is gone" 'null null' \
	"$(config '{{json .Config.Cmd}} {{json .Config.OnBuild}}' y)"

# ---- RUN: mounts, network, what mounting leaves behind
printf 'word' >"$T/secret"
mkdir named && echo in-directory >named/file
build -t x --network none <<'E'
FROM busybox AS src
RUN mkdir /d && echo from-src >/d/f
FROM busybox
RUN --mount=type=bind,target=/ctx,rw --mount=type=bind,from=src,source=/d/f,target=/f cat /ctx/a.txt /f && echo gone >/ctx/a.txt
RUN --mount=type=cache,target=/cache,id=k,mode=0700 echo kept >>/cache/f && stat -c %a /cache
RUN --mount=type=cache,target=/other,id=k,sharing=locked wc -l </other/f
RUN --mount=type=tmpfs,target=/mem mount | grep -c ' /mem .*tmpfs'
RUN --mount=type=secret,id=none test ! -e /run/secrets/none
RUN --network=none ip link | grep -c UP
RUN --mount=type=bind,source=named,target=/named cat /named/file
E
expect_match "bind: the context and a stage's file" '^from-src$' "$output"
expect_match "bind: a directory, whatever is in it" '^in-directory$' "$output"
expect_eq "what is written to a bind is nowhere" one "$(cat a.txt)"
rm -r named
expect_match "cache: its mode, and that it stays" '^700$' "$output"
names() { d create --name look "$1" x >/dev/null && d export look | tar -t | sort && d rm look >/dev/null; }
expect_eq "no mount leaves a place behind" "$(names busybox)" "$(names x)"
curl -sS --unix-socket "$sock" -H "X-Docker-Build-Secrets: $(printf '{"s":"%s"}' "$(base64 <"$T/secret")" | base64 -w0)" \
	--data-binary @<(printf 'FROM busybox\nRUN --mount=type=secret,id=s,mode=0440 --mount=type=secret,id=s,env=W stat -c %%a /run/secrets/s && cat /run/secrets/s - <<E\n $W\nE\n' >"$T/Dockerfile"; tar -C "$T" -c Dockerfile) \
	-X POST "http://d/build?nocache=1" >"$T/answer"
expect_match "secrets" 'word word' "$(cat "$T/answer")"
expect_match "and their mode" '"440' "$(cat "$T/answer")"

# ---- reproducible
printf 'FROM busybox\nCOPY a.txt /\nRUN date >/dev/null; touch /now\nLABEL a=b\n' >Dockerfile
for n in 1 2; do
	touch a.txt
	expect_ok d build --no-cache -q --build-arg SOURCE_DATE_EPOCH=1000000000 -t "r:$n" .
done
expect_eq "SOURCE_DATE_EPOCH: the same image, made anew" "$(config '{{.Id}}' r:1)" "$(config '{{.Id}}' r:2)"
expect_eq "and its time" 2001-09-09T01:46:40Z "$(config '{{.Created}}' r:1 | sed 's/\.0*Z/Z/')"

# ---- stages side by side
cat >Dockerfile <<'E'
FROM busybox AS a
RUN --mount=type=cache,id=meet,target=/m touch /m/a && i=0 && while [ ! -e /m/b ]; do i=$((i+1)); [ $i -lt 50 ] || exit 5; sleep 0.1; done
FROM busybox AS b
RUN --mount=type=cache,id=meet,target=/m touch /m/b && i=0 && while [ ! -e /m/a ]; do i=$((i+1)); [ $i -lt 50 ] || exit 6; sleep 0.1; done
FROM scratch
COPY --from=a /etc/passwd /a
COPY --from=b /etc/passwd /b
E
expect_ok d build .

# ---- .dockerignore, standard input, a Dockerfile elsewhere
mkdir -p other && printf 'sub\n!sub/b.txt\nDockerfile\n.dockerignore\n' >.dockerignore
build -t x <<'E'
FROM scratch
COPY . /
E
expect_eq ".dockerignore" "a.txt arch.tar other/ sub/ sub/b.txt" "$(d create --name look x x >/dev/null; d export look | tar -t | sed 's|^\./||; /^$/d' | grep -Ev '^(dev|proc|sys|etc)' | sort | xargs; d rm look >/dev/null)"
rm .dockerignore
printf 'FROM scratch\nCOPY a.txt /\n' >other/file
expect_ok d build -f other/file .
expect_match "the real one's -f -" 'Successfully built' "$(printf 'FROM scratch\nCOPY a.txt /\n' | real build -f - . 2>&1)"
expect_match "a compressed context" 'Successfully built' "$(tar -cz a.txt other | d build -f other/file - 2>&1)"
(cd "$C" && exec python3 -m http.server 8097 --bind 127.0.0.1 >/dev/null 2>&1) &
web=$!
expect_ok wait_for 5 curl -fsS -o /dev/null http://127.0.0.1:8097/a.txt
build -t x --build-arg SUM="$(sha256sum <a.txt | cut -d' ' -f1)" <<E
FROM scratch
ARG SUM
ADD --checksum=sha256:\$SUM http://127.0.0.1:8097/a.txt /by-variable/
ADD --checksum=sha256:$(sha256sum <a.txt | cut -d' ' -f1) http://127.0.0.1:8097/a.txt /got/
E
expect_eq "ADD of an URL: mode 0600" "-rw------- 0/0 got/a.txt" "$(files | grep 'got/a' | sed 's/ *$//')"
refused 'digest mismatch' <<E
FROM scratch
ADD --checksum=sha256:$(printf '%064d' 0) http://127.0.0.1:8097/a.txt /got/
E
printf 'FROM scratch\nLABEL from=url\n' >other/Dockerfile
tar -cf context.tar a.txt
expect_match "a Dockerfile for a context that is fetched, of which it is no part" '^\. \.\. a\.txt$' \
	"$(d build -f - http://127.0.0.1:8097/context.tar 2>&1 <<<$'FROM busybox\nCOPY . /z\nRUN ls -a /z | xargs')"
rm context.tar
expect_ok d build http://127.0.0.1:8097/other/Dockerfile
kill $web

# ---- what is wrong is told, and where
refused 'line 2 .*unknown instruction: FOO' <<<$'FROM busybox\nFOO x'
refused "returned a non-zero code: 3" <<<$'FROM busybox\nRUN exit 3'
expect_match "with the line" '   2 \| >>> RUN exit 3' "$output"
d build . >/dev/null 2>&1
expect_eq "the command's exit status is the CLI's" 3 $?
for wrong in 'SHELL []' 'HEALTHCHECK CMD []' 'HEALTHCHECK --interval=5 CMD x' 'ONBUILD ONBUILD RUN x' 'CMD ["a", 1]'; do
	refused 'parse error on line 3 .*(at least one|Missing command|no duration|Chaining|strings only)' <<<$'FROM busybox\nRUN echo early\n'"$wrong"
	expect_no_match "nothing is built before that is told ($wrong)" 'Step 1' "$output"
done
refused 'from flag value 0: refers to this build stage' <<<$'FROM busybox\nCOPY --from=0 /a /b'
refused 'unknown flag: --nonsense' <<<$'FROM busybox\nCOPY --nonsense a b'
refused 'COPY failed: file not found in build context or excluded by .dockerignore: stat nofile: file does not exist' <<<$'FROM busybox\nCOPY nofile /'
refused 'no build stage in current context' <<<'RUN true'
refused 'target stage "z" could not be found' --target z <<<'FROM busybox'
refused 'requires at least two arguments' <<<$'FROM busybox\nCOPY a'
refused 'pull access denied for nosuchimage|nosuchimage' <<<'FROM nosuchimage'
refused 'unsupported modifier' <<<$'FROM busybox\nENV a=${b:^c}'
post() { tar -c Dockerfile | curl -sS --unix-socket "$sock" -w ' %{http_code}' --data-binary @- -X POST "http://d/build?$1"; }
echo FROM busybox >Dockerfile
expect_match "BuildKit's requests are refused" ' 501$' "$(post version=2)"
expect_match "squash, too" 'squash is not supported.* 501$' "$(post squash=1)"
expect_match "no Dockerfile" 'Cannot locate specified Dockerfile: none.* 400$' "$(post dockerfile=none)"
expect_match "a wrong name" ' 400$' "$(post t=A:b)"

# ---- hostile contexts: nothing of the host is read or written
echo secret >"$T/host-secret"
printf 'FROM scratch\nCOPY link /got\n' >"$T/df"
python3 - "$T" <<'P'
import io, sys, tarfile
T = sys.argv[1]
def ctx(name, *links):
    with tarfile.open(f"{T}/{name}.tar", "w") as t:
        for path, target in links:
            i = tarfile.TarInfo(path); i.type = tarfile.SYMTYPE; i.linkname = target; t.addfile(i)
        i = tarfile.TarInfo("Dockerfile"); data = open(f"{T}/df", "rb").read(); i.size = len(data)
        t.addfile(i, io.BytesIO(data))
ctx("absolute", ("link", f"{T}/host-secret"))
ctx("dots", ("link", "../../../../../../../.." + f"{T}/host-secret"))
with tarfile.open(f"{T}/out.tar", "w") as t:
    i = tarfile.TarInfo("../../../escaped"); i.size = 0; t.addfile(i)
with tarfile.open(f"{T}/through.tar", "w") as t:
    i = tarfile.TarInfo("l"); i.type = tarfile.SYMTYPE; i.linkname = T; t.addfile(i)
    i = tarfile.TarInfo("l/escaped"); i.size = 0; t.addfile(i)
P
for n in absolute dots; do
	expect_fail any . bash -c "'$TOP/05-cli/docker' build - <'$T/$n.tar'"
	expect_match "a link of the context ends in it ($n)" 'COPY failed' "$output"
done
for n in out through; do d build - <"$T/$n.tar" >/dev/null 2>&1; done
expect_eq "an entry of the archive ends in it" "" "$(find "$T" -maxdepth 1 -name escaped; ls -d /escaped 2>/dev/null)"
build -t x <<E
FROM busybox AS l
RUN ln -s $T /out && ln -s ../../../../..$T /up
COPY a.txt /out/one
COPY a.txt /up/two
WORKDIR /out/three
E
expect_eq "a link of the image ends in it" "" "$(find "$T" -maxdepth 1 -name one -o -maxdepth 1 -name two -o -maxdepth 1 -name three)"

# ---- a context that has the daemon's own files in it, and so the copy that is being made of it
mkdir "$T/around" && mount --bind "$T/docker" "$T/around" || fail "a context around the daemon's files"
printf 'FROM scratch\n' | expect_fail 1 'build/[0-9a-f]{64}.*this is the copy that is being made' timeout 60 "$TOP/05-cli/docker" build -f - "$T/around"
umount "$T/around"

# ---- what there is of the cache, and its end
expect_match "df" 'Build Cache +[1-9]' "$(real system df)"
expect_ok d builder prune -f --filter until=24h
expect_match "until" 'Total reclaimed space: 0B' "$output"
expect_ok d builder prune -af
expect_match "prune" 'Total reclaimed space: [1-9]' "$output"
expect_match "df, afterwards" 'Build Cache +0 ' "$(real system df)"
expect_ok d run --rm --network none busybox true
expect_eq "no directory is left" "" "$(find "$T/docker/build" "$T/run-docker/build" -mindepth 1)"
stop_stack
done_testing
