#!/bin/bash
# A git repository as docker build's context and as ADD's source: refs, directories, submodules, servers that can
# do less, .dockerignore, the cache, a login; and repositories that mean no good.
. "${0%/*}/lib.sh"
need git python3
[ -x "$(git --exec-path)/git-daemon" ] || skip "git-daemon is not installed"
export GIT_CONFIG_GLOBAL=$T/gitconfig GIT_CONFIG_NOSYSTEM=1
printf '[user]\nname = t\nemail = t@example\n[init]\ndefaultBranch = trunk\n' >"$GIT_CONFIG_GLOBAL"
S=$T/srv
mkdir -p "$T/c" "$S" && cd "$S" || fail "make directories"
g() { git -C "$S/$1" "${@:2}" >"$T/git.out" 2>&1 || fail "git ${*:2}" "$(cat "$T/git.out")"; }
save() { g "$1" add -A && g "$1" commit -m "$2"; }
config() { docker inspect -f "$1" x; }
files() { docker create --name look x x >/dev/null && docker export look | tar -tv | awk '{ print $1, $2, $6 }' | grep -Ev ' (dev|proc|sys|etc)/|\./$'; docker rm look >/dev/null; }
content() { docker create --name look x x >/dev/null && docker cp "look:$1" - | tar -xOf -; docker rm look >/dev/null; }
start_stack busybox
launch gitd "$(git --exec-path)/git-daemon" --base-path="$S" --export-all --listen=127.0.0.1 --reuseaddr "$S"
git init -q part && echo part >part/file && echo FROM scratch >part/Dockerfile && save part one
ready gitd 10 git ls-remote git://127.0.0.1/part

# ---- a context: the default branch, submodules, what is ignored; a branch, a tag, a commit, a directory
git init -q app && mkdir -p app/sub/deep && cd app || fail "make a repository"
printf 'FROM scratch\nCOPY . /\n' >Dockerfile && printf 'FROM scratch\nCOPY . /\nLABEL from=sub\n' >sub/Dockerfile
echo skipped >skipped.log && echo kept >sub/deep/kept.log && echo one >a.txt && chmod 755 a.txt
echo secret >"$T/host-secret" && ln -s "$T/host-secret" link
printf '*.log\n**/*.log\n!sub/deep/kept.log\n.dockerignore\n' >.dockerignore
g app submodule add git://127.0.0.1/part part
save app one && g app tag -a -m first first
g app checkout -b other && echo two >a.txt && save app two && commit=$(git rev-parse HEAD)
g app checkout trunk
expect_ok docker build -t x git://127.0.0.1/app
expect_eq "the default branch, without what is ignored, root's" "-rw-r--r-- 0/0 .gitmodules
-rw-r--r-- 0/0 Dockerfile
-rwxr-xr-x 0/0 a.txt
lrwxrwxrwx 0/0 link
drwxr-xr-x 0/0 part/
-rw-r--r-- 0/0 part/.git
-rw-r--r-- 0/0 part/Dockerfile
-rw-r--r-- 0/0 part/file
drwxr-xr-x 0/0 sub/
-rw-r--r-- 0/0 sub/Dockerfile
drwxr-xr-x 0/0 sub/deep/
-rw-r--r-- 0/0 sub/deep/kept.log" "$(files | sort -k 3)"
expect_ok docker build -t x "git://127.0.0.1/app#other:sub"
expect_eq "a branch's directory" "sub -rw-r--r-- 0/0 deep/kept.log" "$(config '{{.Config.Labels.from}}') $(files | grep kept)"
expect_ok docker build -q -t x --build-arg BUILDKIT_CONTEXT_KEEP_GIT_DIR=1 git://127.0.0.1/app
expect_match "BUILDKIT_CONTEXT_KEEP_GIT_DIR" ' \.git/HEAD$' "$(files)"
expect_fail 1 'git: .*none' docker build "git://127.0.0.1/app#none"
expect_fail 1 'none: No such file' docker build "git://127.0.0.1/app#:none"
expect_fail 1 'git: .*nothing' docker build git://127.0.0.1/nothing
expect_fail 1 'invalid git ref' docker build "git://127.0.0.1/app#--upload-pack=x"

# ---- ADD, also from a server of plain files; the commit is the step's key
git clone -q --bare "$S/app" "$S/app.git" && g app.git update-server-info
(cd "$S" && exec python3 "$TOP/tests/e2e/git_web.py" 8098 2>/dev/null) &
expect_ok wait_for 5 curl -fsS -o /dev/null http://127.0.0.1:8098/app.git/HEAD
cd "$T/c" || fail "$T/c"
printf 'FROM scratch\nADD --chown=3:4 --exclude=a.* http://127.0.0.1:8098/app.git#other:sub /src
ADD --keep-git-dir --checksum=%s git://127.0.0.1/app#other /whole/
ADD git://127.0.0.1/app#%s /commit/\nADD http://127.0.0.1:8098/app.git#%s /short/\nADD git://127.0.0.1/app#first /tag/\n' \
	"$commit" "$commit" "${commit:0:9}" >Dockerfile
expect_ok docker build -t x .
expect_match "a directory of it, of an owner" '^-rw-r--r-- 3/4 src/deep/kept.log$' "$(files)"
expect_eq "a branch, a commit, the beginning of one, a tag" "two two two one" "$(for d in whole commit short tag; do content /$d/a.txt; done | xargs)"
expect_match "--keep-git-dir" ' whole/\.git/HEAD$' "$(files)"
expect_ok docker build .
expect_eq "unchanged, it is in the cache" 5 "$(grep -c 'Using cache' <<<"$output")"
refused() { # REGEX INSTRUCTION
	printf 'FROM scratch\n%s\n' "$2" >Dockerfile
	expect_fail 1 "$1" docker build .
}
refused 'expected checksum to match 0123' 'ADD --checksum=0123 git://127.0.0.1/app /x'
refused "can't be a URL for COPY" 'COPY git://127.0.0.1/app /x'
refused 'git: .*(could not read|Authentication failed)' 'ADD http://127.0.0.1:8098/private/app.git /x'
GIT_AUTH_TOKEN=word expect_ok docker build --secret id=GIT_AUTH_TOKEN,env=GIT_AUTH_TOKEN .
export WORD=word WRONG=wrong
expect_ok docker build --no-cache --secret id=GIT_AUTH_TOKEN.127.0.0.1:8098,env=WORD --secret id=GIT_AUTH_HEADER,env=WRONG .

# ---- a login for what ADD downloads: for its host, and for no other that this one sends to
login() { docker build --no-cache --secret id=HTTP_AUTH_TOKEN_127.0.0.1,env=WORD "$@"; }
refused 'a.txt: .*401' 'ADD http://127.0.0.1:8098/bearer/app/a.txt /x'
expect_ok login .
printf 'FROM scratch\nADD http://127.0.0.1:8098/hop/127.0.0.1/app/a.txt /x\n' >Dockerfile
expect_ok login .
printf 'FROM scratch\nADD http://127.0.0.1:8098/hop/localhost/app/a.txt /x\n' >Dockerfile
expect_fail 1 '401' login .
printf 'FROM scratch\nADD http://127.0.0.1:8098/private/app/a.txt /x\n' >Dockerfile
HEADER="basic $(printf x-access-token:word | base64)" expect_ok docker build --secret id=HTTP_AUTH_HEADER_127.0.0.1,env=HEADER .
expect_ok login http://127.0.0.1:8098/bearer/part/Dockerfile

# ---- hostile: submodules from the host's disk and by a command; and what git could do if it were taken over
for url in "$S/part" "ext::touch $T/escaped"; do
	rm -rf "${S:?}/evil" && git init -q "$S/evil" && echo FROM scratch >"$S/evil/Dockerfile"
	printf '[submodule "p"]\n\tpath = p\n\turl = %s\n' "$url" >"$S/evil/.gitmodules"
	g evil add . && g evil update-index --add --cacheinfo "160000,$(git -C "$S/part" rev-parse HEAD),p"
	g evil commit -m one
	expect_fail 1 "git: .*(not allowed|does not exist)" docker build git://127.0.0.1/evil
done
expect_eq "nothing was run" "" "$(find "$T" -maxdepth 1 -name escaped)"
# Another program in git's place, in this test's own mount namespace; then one that cannot be found.
mount --bind "$TOP/tests/e2e/git_confined.bash" "$(command -v git)" || fail "mount over git"
expect_fail 1 'git: uid 65534, capabilities 0+ 0+, no new privileges 1, in /tmp with 0 files, home /tmp$' docker build git://127.0.0.1/app
printf '#!/nonexistent\n' >"$T/none" && chmod 755 "$T/none" && mount --bind "$T/none" "$(command -v git)" || fail "mount over git"
expect_fail 1 "git is not installed on the daemon's machine" docker build git://127.0.0.1/app
expect_eq "no directory is left" "" "$(find "$T/docker/build" "$T/run-docker/build" -mindepth 1 2>/dev/null)"
stop_stack
done_testing
