#!/bin/bash
# Images through the real CLI and by the API: push, tag, save, load, import, history, lists with
# filters, removal and prune, disk usage; and what Python's docker library makes of it.
. "${0%/*}/lib.sh"

need python3
need_real_docker
d() { "$cli" "$@"; }
start_stack busybox
expect_ok d pull busybox
sock=$T/docker.sock
api() { curl -sS --unix-socket "$sock" -o "$T/body" -w '%{http_code}' "$@"; }
py() { python3 -c 'import json,sys; d=json.loads(open(sys.argv[1]).read()); print(eval(sys.argv[2]))' "$T/body" "$1"; }
ids() { d images -q --no-trunc "$@" | sort -u | wc -l; }

# ---- tag, push, pull again
expect_ok d tag busybox "$REGISTRY/mine/box:1"
expect_ok d tag busybox "$REGISTRY/mine/box:2"
expect_fail 1 'No such image: none:latest' d tag none x
expect_fail 1 'invalid reference format' d tag busybox 'A:b'
expect_ok d push "$REGISTRY/mine/box:1"
expect_match "push tells the repository" "The push refers to repository \[$REGISTRY/mine/box\]" "$output"
expect_match "and the digest" '1: digest: sha256:[0-9a-f]{64} size: [0-9]+' "$output"
expect_eq "programs are told too" "1 True True" "$(api -X POST -H 'X-Registry-Auth: e30=' "http://d/images/$REGISTRY/mine/box/push?tag=1" >/dev/null
	python3 -c 'import json; l=[json.loads(x) for x in open("'"$T/body"'")]; a=[x["aux"] for x in l if "aux" in x][0]
print(a["Tag"], a["Digest"].startswith("sha256:"), any(x.get("status")=="Layer already exists" and x["id"] for x in l))')"
expect_ok d push --all-tags "$REGISTRY/mine/box"
expect_eq "all tags are there" '["1","2"]' "$(curl -sS "$MIRROR/v2/mine/box/tags/list" | python3 -c 'import json,sys; print(json.dumps(sorted(json.load(sys.stdin)["tags"]),separators=(",",":")))')"
expect_fail 1 "An image does not exist locally with the tag: $REGISTRY/none" d push "$REGISTRY/none"
expect_ok d rmi "$REGISTRY/mine/box:1" "$REGISTRY/mine/box:2"
expect_match "only names went" 'Untagged: ' "$output"
expect_ok d run --rm --pull always --network none "$REGISTRY/mine/box:2" true

# ---- save and load
expect_ok d tag busybox saved:1
expect_ok d save -o "$T/x.tar" saved:1 busybox
expect_eq "what an archive names" "busybox:latest saved:1" \
	"$(tar -xOf "$T/x.tar" manifest.json | python3 -c 'import json,sys; print(*sorted(t for i in json.load(sys.stdin) for t in i["RepoTags"]))')"
expect_fail 1 'No such image: none' d save -o "$T/y.tar" none
before=$(d images -q --no-trunc saved:1 | sort -u)
expect_ok d rmi saved:1 busybox "$REGISTRY/mine/box:2"
expect_match "the last name takes the image and its layers" 'Deleted: sha256:' "$output"
expect_eq "no image" 0 "$(ids)"
expect_ok d load -i "$T/x.tar"
expect_match "load" 'Loaded image: saved:1' "$output"
expect_eq "the same image" "$before" "$(d images -q --no-trunc saved:1 | sort -u)"
gzip -k "$T/x.tar"
expect_ok d load -q -i "$T/x.tar.gz"
expect_match "load of a compressed one, quietly" '^Loaded image: (saved:1|busybox:latest)' "$output"
expect_eq "rubbish is refused" 400 "$(head -c 3000 /dev/urandom | api -T - -X POST "http://d/images/load")"
if command -v skopeo >/dev/null; then
	expect_ok skopeo copy -q "oci:$(image busybox)" "oci-archive:$T/oci.tar:layout:7"
	expect_ok d load -i "$T/oci.tar"
	expect_match "an OCI layout" 'Loaded image: layout:7' "$output"
	expect_ok d rmi layout:7
fi

# ---- import
mkdir -p "$T/root/bin" && echo data >"$T/root/file"
tar -C "$T/root" -c . >"$T/root.tar"
expect_ok d import -m "from a tar" -c 'CMD ["x"]' -c 'ENV A=b' "$T/root.tar" imported:1
expect_eq "import" "[x] [A=b] 1 from a tar" "$(d inspect -f '{{.Config.Cmd}} {{.Config.Env}} {{len .RootFS.Layers}} {{.Comment}}' imported:1)"
expect_ok d create --name of-import imported:1
expect_eq "its files" data "$(d cp of-import:/file - | tar -xOf -)"
(cd "$T" && exec python3 -m http.server 8099 --bind 127.0.0.1 >/dev/null 2>&1) &
web=$!
expect_ok wait_for 5 curl -fsS -o /dev/null http://127.0.0.1:8099/root.tar
gzip -k "$T/root.tar"
expect_ok d import http://127.0.0.1:8099/root.tar.gz imported:2
expect_fail 1 '404' d import http://127.0.0.1:8099/none imported:3
kill $web
expect_eq "rubbish is no image" 400 "$(head -c 3000 /dev/urandom | api -T - -X POST "http://d/images/create?fromSrc=-&repo=rubbish")"

# ---- lists
expect_ok d import -c 'LABEL kind=old' "$T/root.tar" imported:1
expect_eq "the one that lost its name is dangling" 1 "$(ids --filter dangling=true)"
expect_eq "old clients are told so" '<none>:<none>' "$(api -G "http://d/v1.41/images/json" --data-urlencode 'filters={"dangling":["true"]}' >/dev/null; py 'd[0]["RepoTags"][0]')"
expect_eq "new ones see no names" '[]' "$(api -G "http://d/v1.43/images/json" --data-urlencode 'filters={"dangling":["true"]}' >/dev/null; py 'd[0]["RepoTags"]')"
expect_eq "label" imported:1 "$(d images --filter label=kind=old --format '{{.Repository}}:{{.Tag}}')"
expect_eq "reference" 2 "$(d images -q --filter 'reference=import*:*' | wc -l)"
expect_eq "since" 0 "$(d images -q --filter since=imported:1 --filter reference=busybox | wc -l)"
expect_eq "before" 1 "$(d images -q --filter before=imported:1 --filter reference=busybox | wc -l)"
expect_fail 1 'No such image' d images --filter before=none
expect_eq "shared-size" True "$(api "http://d/images/json?shared-size=1" >/dev/null; py 'all(i["SharedSize"] >= 0 for i in d)')"
expect_fail 1 'invalid filter' d images --filter nonsense=1

# ---- several platforms in one image
expect_ok python3 "$TOP/tests/e2e/multi_image.py" "$(image busybox)" "$T/multi.tar" docker.io/library/multi:1
expect_ok d load -i "$T/multi.tar"
native=$(d inspect -f '{{.Architecture}}' busybox)
at() { api -G "http://d/v1.$1/images/multi:1/$2" --data-urlencode "$3"; }
expect_eq "what an index has in it" "image:True:linux/$native image:True:linux/riscv64 attestation:True:- image:False:linux/s390x" \
	"$(at 48 json manifests=1 >/dev/null; py '" ".join("%s:%s:%s" % (m["Kind"], m["Available"], "/".join(m["ImageData"]["Platform"][k] for k in ("os", "architecture")) if "ImageData" in m else "-") for m in d["Manifests"])')"
expect_eq "and how large it is" "True True 0" "$(py '"%s %s %d" % (d["Manifests"][0]["Size"]["Total"] == d["Manifests"][0]["Size"]["Content"] + d["Manifests"][0]["ImageData"]["Size"]["Unpacked"] > d["Size"] > 0, d["Manifests"][2]["AttestationData"]["For"] == d["Manifests"][0]["ID"], d["Manifests"][3]["Size"]["Total"])')"
expect_eq "the list has it too" "4 True" "$(api "http://d/v1.47/images/json?manifests=1" >/dev/null; py '" ".join("%d %s" % (len(i["Manifests"]), "Descriptor" not in i) for i in d if "multi:1" in i["RepoTags"])')"
expect_eq "a descriptor, since 1.48" "True False" "$(at 48 json x= >/dev/null; py '"Descriptor" in d') $(at 47 json manifests=1 >/dev/null; py '"Descriptor" in d or "Manifests" in d')"
expect_eq "of another platform" "riscv64 ['multi:1']" "$(at 49 json 'platform={"os":"linux","architecture":"riscv64"}' >/dev/null; py 'd["Architecture"] + " " + str(d["RepoTags"])')"
expect_eq "its history" 200 "$(at 48 history 'platform={"os":"linux","architecture":"riscv64"}')"
expect_eq "one that is not there" 404 "$(at 49 json 'platform={"os":"linux","architecture":"s390x"}')"
expect_match "is named" 'multi:1 was found but does not provide the specified platform \(linux/s390x\)' "$(cat "$T/body")"
for bad in '{' '{"os":"linux"}' 'linux//'; do
	expect_eq "no platform: $bad" 400 "$(at 49 json "platform=$bad")"
	expect_eq "nor for save: $bad" 400 "$(at 48 get "platform=$bad")"
done
expect_eq "manifests or a platform" 400 "$(api "http://d/v1.49/images/multi:1/json?manifests=1&platform=linux/riscv64")"
drop() { # PLATFORM...
	local p given=()
	for p; do given+=(--data-urlencode "platforms=$p"); done
	api -G -X DELETE http://d/v1.50/images/multi:1 "${given[@]}"
}
blobs() { find "$T/containerd/content/blobs" -type f | wc -l; }
had=$(blobs)
expect_eq "this machine's platform cannot go alone" 501 "$(drop "{\"os\":\"linux\",\"architecture\":\"$native\"}")"
expect_eq "another can" 200 "$(drop '{"os":"linux","architecture":"riscv64"}')"
expect_eq "with its manifest and its config" "1 $((had - 2))" "$(py 'len(d)') $(blobs)"
expect_eq "and is told to be away" "True False" "$(at 48 json manifests=1 >/dev/null; py '" ".join(str(m["Available"]) for m in d["Manifests"][:2])')"
expect_eq "it cannot go again" 404 "$(drop '{"os":"linux","architecture":"riscv64"}')"
expect_eq "nor one that was never there" 404 "$(drop '{"os":"linux","architecture":"s390x"}')"
expect_eq "what is left can" 200 "$(drop "{\"os\":\"linux\",\"architecture\":\"$native\"}")"
expect_eq "and the image with it" 404 "$(at 48 json x=)"

# ---- what came and went with the API's versions
fields() { api "http://d/v1.$1/$2" >/dev/null; py "' '.join(k for k in '$3'.split() if k in $4)"; }
expect_eq "an image in 1.43" "VirtualSize Container ContainerConfig" "$(fields 43 images/busybox/json 'VirtualSize Container ContainerConfig Descriptor' d)"
# docker-compose 1 needs the two that Docker left out in 1.45.
expect_eq "in 1.50" "Container ContainerConfig Descriptor" "$(fields 50 images/busybox/json 'VirtualSize Container ContainerConfig Descriptor' d)"
expect_eq "info in 1.41" "KernelMemory KernelMemoryTCP BridgeNfIptables" "$(fields 41 info 'KernelMemory KernelMemoryTCP BridgeNfIptables CDISpecDirs Containerd FirewallBackend' d)"
expect_eq "in 1.50" "CDISpecDirs Containerd FirewallBackend" "$(fields 50 info 'KernelMemory KernelMemoryTCP BridgeNfIptables CDISpecDirs Containerd FirewallBackend' d)"
expect_eq "its registries, and the program that is expected" "True ID" "$(fields 48 info ID d >/dev/null; py 'd["RegistryConfig"]["AllowNondistributableArtifactsCIDRs"] is None') $(fields 49 info "ID Expected" 'd["RuncCommit"]')"
expect_eq "a network in 1.47 and in 1.48" " EnableIPv4" "$(fields 47 networks/bridge EnableIPv4 d) $(fields 48 networks/bridge EnableIPv4 d)"
expect_eq "a page's other method is no page" "404 page not found" "$(api -X POST http://d/info) $(py 'd["message"]')"

# ---- removal and prune
expect_fail 1 'conflict: unable to (delete|remove).*must (be forced|force)' d rmi imported:2 imported:1 "$(d inspect -f '{{.Image}}' of-import)"
expect_ok d rm of-import
expect_eq "until, a label that it has not: nothing" "Total reclaimed space: 0B" "$(d image prune -f --filter until=24h; d image prune -f --filter label=x >/dev/null)"
expect_ok d image prune -f
expect_eq "the dangling one is gone" 0 "$(ids --filter dangling=true)"
expect_ok d run -d --name user --network none busybox sleep 1000
expect_fail 1 'cannot be forced' d rmi -f "$(d inspect -f '{{.Image}}' user)"
expect_ok d image prune -af
expect_eq "all but the one in use" 1 "$(ids)"
expect_eq "df: what there is" "1 1 0" "$(api http://d/system/df >/dev/null; py 'str(len(d["Images"])) + " " + str(len(d["Containers"])) + " " + str(len(d["BuildCache"]))')"
expect_eq "df: a type alone" "Images LayersSize" "$(api 'http://d/system/df?type=image' >/dev/null; py '" ".join(k for k in sorted(d) if d[k] is not None)')"
expect_eq "df: a wrong type" 400 "$(api 'http://d/system/df?type=x')"
expect_ok d rm -f user

# ---- a registry is asked
expect_eq "distribution: an index and its platform" "sha256: linux" "$(api "http://d/distribution/busybox/json" >/dev/null; py 'd["Descriptor"]["digest"][:7] + " " + d["Platforms"][0]["os"]')"
expect_eq "distribution: what is not there" 404 "$(api "http://d/distribution/$REGISTRY/none/json")"

# ---- Python's library
if python3 -c 'import docker' 2>/dev/null; then
	expect_eq "Python's docker library" "copied True True" "$(python3 - <<-'P'
		import docker, io, os, tarfile
		c = docker.from_env()
		box = c.images.get("busybox")
		k = c.containers.create(box, "true")
		b = io.BytesIO()
		t = tarfile.open(fileobj=b, mode="w"); i = tarfile.TarInfo("f"); i.size = 6
		t.addfile(i, io.BytesIO(b"copied")); t.close()
		assert k.put_archive("/tmp", b.getvalue())
		bits, stat = k.get_archive("/tmp/f")
		got = tarfile.open(fileobj=io.BytesIO(b"".join(bits))).extractfile("f").read().decode()
		made = k.commit("python", "1", changes=["USER 7"])
		same = c.images.load(b"".join(made.save(named=True)))[0].id == made.id
		k.remove(); c.images.remove("python:1")
		print(got, c.images.prune()["SpaceReclaimed"] >= 0, same)
	P
	)"
fi
stop_stack
done_testing
