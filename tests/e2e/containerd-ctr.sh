#!/bin/bash
# ctr's commands for images, content, snapshots, leases and namespaces, with the words and
# the tables of the real one.
. "${0%/*}/lib.sh"
need curl jq tar

seed busybox
start_registry
start_containerd
NAME=docker.io/library/busybox:latest
ctr images pull --mirror "$MIRROR" busybox >/dev/null || fail "pull"
chain=$(curl -s --unix-socket "$T/containerd.sock" "http://c/v1/resolve/${NAME//\//%2F}" | jq -r .chainID)
head_of() { "$@" | head -n 1 | tr '\t' ' ' | sed 's/  */ /g; s/ *$//'; }

# ---- the headings are the real one's
heads() { # CTR
	local c
	for c in "images ls" "images check" "content ls" "snapshots ls" "snapshots usage" "leases ls" "namespaces ls"; do
		# shellcheck disable=SC2086
		head_of "$1" $c
	done
}
if command -v containerd >/dev/null; then
	all_hierarchies
	start_real_containerd
	ctr images export - busybox | real_ctr images import - >/dev/null || fail "the real containerd imports an image"
	expect_eq "the headings of the tables" "$(heads real_ctr)" "$(heads ctr)"
	row() { "$1" images ls | awk 'NR == 2 { print $1, $2, $3, $4, $5, $6 }'; }
	expect_eq "an image's row, with its size" "$(row real_ctr)" "$(row ctr)"
	stop real
fi

# ---- images
expect_match "images ls" "^$NAME +application/vnd.oci.image.index.v1\+json +sha256:[0-9a-f]{64} +[0-9.]+ [KM]iB +linux/[a-z0-9]+ +-$" \
	"$(ctr images ls)"
expect_eq "images ls -q" "$NAME" "$(ctr i ls -q)"
full() { "$@" >/dev/full; }
expect_fail 1 'could not be written' full ctr images ls
expect_eq "images ls with a filter" "" "$(ctr images ls -q name==other)"
expect_eq "images ls with a regular expression" "$NAME" "$(ctr images ls -q 'name~=busy')"
expect_match "images check" "complete \(3/3\) +([0-9.]+ [KM]iB)/([0-9.]+ [KM]iB) +true" "$(ctr images check)"
expect_ok ctr images tag busybox other:1
expect_fail 1 "exists" ctr images tag busybox other:1
expect_ok ctr images tag --force busybox other:1
expect_ok ctr images tag --force busybox other:1 other:2 other:3
expect_eq "images tag with several targets" "docker.io/library/other:1 docker.io/library/other:2 docker.io/library/other:3" "$(xargs <<<"$output")"
expect_eq "images label" "a=b,c=d" "$(ctr images label other:1 a=b c=d)"
expect_eq "a label is cleared, the other stays" "c=d" "$(ctr images label other:1 a=)"
expect_match "images ls shows labels" "^docker.io/library/other:1 .* c=d$" "$(ctr images ls)"
expect_fail 1 "no such image" ctr images label nothing a=b
# An option that it does not know is none of the names.
expect_fail 1 "unknown option" ctr images rm --bogus other:1
expect_eq "images rm --sync" docker.io/library/other:1 "$(ctr images ls -q name==docker.io/library/other:1)"
expect_ok ctr images rm --sync other:1
expect_ok ctr images rm other:2 other:3
expect_eq "images push under another name" "$REGISTRY/pushed:1: done" \
	"$(ctr images push --plain-http "$REGISTRY/pushed:1" busybox | tail -n 1 | cut -d, -f1)"
expect_eq "what was pushed is the image" "$(ctr images ls | awk -v n="$NAME" '$1 == n { print $3 }')" \
	"$(curl -sI -H 'Accept: application/vnd.oci.image.index.v1+json' "http://$REGISTRY/v2/pushed/manifests/1" | tr -d '\r' | awk 'tolower($1) == "docker-content-digest:" { print $2 }')"
expect_eq "no name of its own is made for that" "" "$(ctr images ls -q "name~=pushed")"
expect_fail 1 "no such image: docker.io/library/nothing" ctr images push "$REGISTRY/pushed:1" nothing
expect_fail 1 "invalid reference" ctr images push "$REGISTRY/pushed:1" 'No:thing:'

# ---- every platform; only the content; another name for what is imported
python3 "$TOP/tests/e2e/multi_image.py" "$(image busybox)" "$T/multi.tar" docker.io/library/multi:1 whole || fail "multi_image.py"
expect_ok ctr images import --no-unpack --digests --base-name mine "$T/multi.tar"
multi=$(ctr images ls name==docker.io/library/multi:1 | awk 'NR == 2 { print $3 }')
expect_eq "images import --digests" "docker.io/library/mine@$multi docker.io/library/multi:1" "$(ctr images ls -q 'name~=mi|multi' | grep -v busybox | xargs)"
expect_ok ctr images push --plain-http "$REGISTRY/multi:1" multi:1
expect_ok ctr images rm --sync multi:1 "mine@$multi"
blobs() { ctr content ls -q | wc -l; }
unpacked() { ctr snapshots ls -q | sort | xargs; }
before=$(blobs) had=$(unpacked)
expect_ok ctr content fetch --plain-http "$REGISTRY/multi:1"
expect_eq "content fetch unpacks nothing" "$had" "$(unpacked)"
expect_match "its image is there" "^$REGISTRY/multi:1$" "$(ctr images ls -q)"
expect_ok ctr images rm --sync "$REGISTRY/multi:1"
expect_eq "and goes" "$before" "$(blobs)"
expect_ok ctr content fetch --plain-http --all-platforms "$REGISTRY/multi:1"
# The index, three manifests and their configs, a statement; the layers are there.
expect_eq "content fetch --all-platforms" $((before + 8)) "$(blobs)"
expect_ok ctr images rm --sync "$REGISTRY/multi:1"
expect_ok ctr images pull --plain-http --all-platforms --print-chainid "$REGISTRY/multi:1"
expect_match "images pull --print-chainid" "^image chain ID: $chain$" "$output"
expect_eq "images pull --all-platforms: all are here" "linux/riscv64" \
	"$(ctr images export --platform linux/riscv64 - "$REGISTRY/multi:1" >/dev/null && echo linux/riscv64)"
expect_fail 1 "exclude each other" ctr images pull --all-platforms --platform linux/riscv64 "$REGISTRY/multi:1"
expect_fail 1 "only a pull unpacks" ctr content fetch --print-chainid "$REGISTRY/multi:1"
expect_fail 1 "nosuch.pem" ctr images pull --tlscacert "$T/nosuch.pem" "$REGISTRY/multi:1"
expect_fail 1 "belong together" ctr images pull --tlscert "$0" "$REGISTRY/multi:1"
mkdir -p "$T/hosts/elsewhere.example"
printf 'server = "http://%s"\n' "$REGISTRY" >"$T/hosts/elsewhere.example/hosts.toml"
(cd "$T" && expect_ok ctr images pull --hosts-dir hosts elsewhere.example/multi:1) || exit 1
expect_ok ctr images rm --sync "$REGISTRY/multi:1" elsewhere.example/multi:1
expect_eq "nothing of it stays" "$before" "$(blobs)"
# What was begun, and can go on.
truncate -s 300000 "$T/containerd/content/ingest/pull-$(printf '%064d' 7)"
expect_match "content active" "^pull-0*7 +293.0 KiB " "$(ctr content active)"
rm "$T/containerd/content/ingest/pull-"*

mkdir "$T/m"
mark
expect_eq "images mount" "$T/m" "$(ctr images mount busybox "$T/m")"
expect_eq "an image's files" 0 "$(test -x "$T/m/bin/sh" || test -L "$T/m/bin"; echo $?)"
expect_fail 1 "Read-only" touch "$T/m/x"
expect_eq "images unmount" "$T/m" "$(ctr images unmount --rm "$T/m")"
expect_ok ctr images mount --rw busybox "$T/m"
expect_ok touch "$T/m/x"
expect_ok ctr images unmount "$T/m"
expect_ok ctr images mount busybox "$T/m" # the snapshot is still there
expect_ok test -f "$T/m/x"
expect_ok ctr images unmount --rm "$T/m"
expect_unchanged "mounting an image"

# ---- a directory in place of an image
mkdir "$T/dir"
ctr images mount busybox "$T/m" >/dev/null && cp -a "$T/m/." "$T/dir" && ctr images unmount --rm "$T/m" >/dev/null || fail "copy an image"
expect_eq "run --rootfs" written "$(cd "$T" && ctr run --rm --rootfs dir rooted sh -c 'echo written | tee /here')"
expect_eq "it is the directory itself" written "$(cat "$T/dir/here")"
expect_fail 1 "No such file" ctr run --rootfs "$T/nosuch" rooted true
expect_fail 1 "rootfs has none" ctr run --rootfs --platform linux/amd64 "$T/dir" rooted true
expect_ok ctr containers create --rootfs "$T/dir" rooted true
expect_eq "no snapshot is made" "$had" "$(unpacked)"
expect_ok ctr containers rm rooted
expect_fail 1 "no such image" ctr images mount nothing "$T/m"

# ---- content
digest=sha256:$(printf hello | sha256sum | cut -d' ' -f1)
expect_ok ctr content ingest --expected-digest "$digest" --expected-size 5 greeting < <(printf hello)
expect_eq "content ingest" "greeting: $digest" "$output"
expect_eq "content get" hello "$(ctr content get "$digest")"
expect_match "content ls" "^$digest +5 B +(Less than a second|1 second|[0-9]+ seconds) +-$" "$(ctr content ls)"
expect_fail 1 "digest" ctr content ingest --expected-digest "$digest" greeting
expect_eq "content label says what there is" who=me "$(ctr content label "$digest" who=me)"
expect_match "content label" "^$digest .* who=me$" "$(ctr content ls digest=="\"$digest\"")"
expect_eq "content rm" "$digest" "$(ctr content rm "$digest")"
expect_fail 1 "no such blob" ctr content get "$digest"

# ---- snapshots
expect_match "snapshots prepare prints mounts" "^mount -t overlay overlay /mnt -o workdir=" \
	"$(ctr snapshots prepare -t /mnt work "$chain")"
expect_match "snapshots mounts" "^mount -t overlay overlay /x -o workdir=" "$(ctr snapshots mounts /x work)"
mount -t overlay -o "$(ctr snapshots mounts /x work | sed 's/.* -o //')" overlay "$T/m" && echo data >"$T/m/new" && umount "$T/m"
expect_eq "snapshots diff" new "$(ctr snapshots diff work | tar -tz | grep -v '/$')"
expect_eq "snapshots diff of two" new "$(ctr snapshots diff --media-type application/vnd.oci.image.layer.v1.tar "$chain" work | tar -t | grep -v '/$')"
expect_ok ctr snapshots label work team=a
expect_eq "snapshots info" '["work","active",{"team":"a"}]' "$(ctr snapshots info work | jq -c '[.key, .kind, .labels]')"
expect_eq "snapshots ls with a filter" work "$(ctr snapshots ls -q 'labels.team==a')"
expect_ok ctr snapshots commit done work
expect_ok ctr snapshots view look done
expect_match "snapshots ls" "^look +done +View$" "$(ctr snapshots ls)"
expect_match "snapshots tree" "^    \\\\_ done$" "$(ctr snapshots tree)"
expect_match "snapshots tree" "^      \\\\_ look$" "$(ctr snapshots tree)"
expect_match "snapshots usage -b" "^done +[0-9]+ +2$" "$(ctr snapshots usage -b done)"
expect_fail 1 "is the parent of" ctr snapshots rm done
expect_ok ctr snapshots rm look done
expect_fail 1 "no such snapshot" ctr snapshots info done

# ---- leases, namespaces
expect_eq "leases create" build "$(ctr leases create --id build -x 1h30m who=me)"
expect_match "leases ls" "^build +20[0-9-]+T[0-9:]+Z +who=me,containerd.io/gc.expire=20" "$(ctr leases ls)"
expect_fail 1 "exists" ctr leases create --id build
expect_fail 1 "expected a time" ctr leases create -x tomorrow
expect_eq "leases rm" build "$(ctr leases rm build)"
expect_ok ctr namespaces create mine team=a
expect_ok ctr namespaces label mine team=b more=c
expect_match "namespaces ls" "^mine +more=c,team=b$" "$(ctr ns ls)"
expect_match "namespaces ls: one that is only used" "^default" "$(ctr namespaces ls)"
expect_fail 1 "not empty" ctr namespaces rm default
expect_eq "namespaces rm" mine "$(ctr namespaces rm mine)"

# ---- documents that are not what they should be
refused() { # WHAT REGEX PATH BODY [CURL OPTION...]
	expect_match "$1" "\"kind\":\"invalid\",\"message\":\"[^\"]*$2" \
		"$(curl -s --unix-socket "$T/containerd.sock" "${@:5}" -d "$4" "http://c/v1/$3")"
}
refused "a container's label is text" "labels: expected strings" containers '{"id":"x","spec":{},"labels":{"a":1}}'
refused "an image's label is text" "labels: expected strings" images/x \
	"{\"labels\":{\"a\":1},\"target\":{\"mediaType\":\"x\",\"digest\":\"$digest\",\"size\":1}}" -X PUT
refused "a platform is text" "platform: expected a string" transfer/pull '{"ref":"busybox","platform":5}'
refused "an image to push is text" "image: expected a string" transfer/push '{"ref":"busybox","image":5}'

# ---- how it is used
expect_fail 3 "there is no command 'imags'" ctr imags ls
expect_fail 3 "there is no command 'snapshots lst'" ctr snapshots lst
expect_fail 1 "usage: ctr snapshots commit" ctr snapshots commit one
expect_ok ctr leases create --help
expect_eq "help of one command" "usage: ctr leases create [--id ID] [-x TIME] [NAME=VALUE...]" "$output"
stop_containerd
stop_registry
done_testing
