"""build_corpus.py SOCKET BASE - build every Dockerfile of build_corpus.txt by the daemon at the socket and
compare with what is kept of buildah's. --record BASE-LAYOUT: have buildah build them, and keep that.

The file is sections: "### name", a Dockerfile, "=>", the result.
"""

import hashlib
import http.client
import io
import json
import os
import socket
import subprocess
import sys
import tarfile
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
CORPUS = os.path.join(HERE, "build_corpus.txt")
KEYS = ["Cmd", "Entrypoint", "Env", "ExposedPorts", "Healthcheck", "Labels", "OnBuild", "Shell", "StopSignal", "User",
        "Volumes", "WorkingDir"]
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# What a program that runs containers may leave of its own, and nobody asked for.
OWN = {"dev", "proc", "sys", "run", "etc", "tmp", "etc/hosts", "etc/hostname", "etc/resolv.conf", "run/.containerenv"}


def context(dockerfile):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as t:
        def add(name, data=b"", mode=0o644, kind=tarfile.REGTYPE, link=""):
            i = tarfile.TarInfo(name)
            i.size, i.mode, i.type, i.linkname, i.mtime = len(data), mode, kind, link, 1000000000
            t.addfile(i, io.BytesIO(data))

        def archive(mode):
            inner = io.BytesIO()
            with tarfile.open(fileobj=inner, mode=mode) as a:
                i = tarfile.TarInfo("in/file")
                i.size, i.mode, i.uid, i.gid, i.mtime = 3, 0o640, 5, 6, 1000000000
                a.addfile(i, io.BytesIO(b"in\n"))
            return inner.getvalue()

        add("Dockerfile", dockerfile.encode())
        add(".dockerignore", b"ignored\n")
        add("a.txt", b"a\n")
        add("b.txt", b"b\n", 0o600)
        add("sp ace.txt", b"space\n")
        for d in ("dir", "dir/deep", "ignored"):
            add(d, kind=tarfile.DIRTYPE, mode=0o750 if d == "dir/deep" else 0o755)
        add("dir/one.txt", b"one\n")
        add("dir/two.md", b"two\n")
        add("dir/deep/three.txt", b"three\n")
        add("link", kind=tarfile.SYMTYPE, link="a.txt")
        add("dir/link", kind=tarfile.SYMTYPE, link="../a.txt")
        add("arch.tar", archive("w"))
        add("arch.tar.gz", archive("w:gz"))
        add("run.sh", b"#!/bin/sh\necho ran $0 $*\n", 0o755)
    return out.getvalue()


def tree(stream, mode):
    """Lines of an archive of files, without times."""
    out = {}
    with tarfile.open(fileobj=stream, mode=mode) as t:
        for m in t:
            name = m.name.removeprefix("./").strip("/")
            if not name or name == ".":
                continue
            what = f"{m.type.decode()} {m.mode & 0o7777:04o} {m.uid}:{m.gid}"
            if m.isreg():
                what += " " + hashlib.sha256(t.extractfile(m).read()).hexdigest()[:12]
            elif m.islnk() or m.issym():
                what += " -> " + m.linkname
            out[name] = what
    return out


def result(config, files, base):
    kept = {}
    for key in KEYS:
        value = config.get(key)
        if key == "Env":
            value = [v for v in value or [] if v != PATH]
        if key == "Labels":
            value = {k: v for k, v in (value or {}).items() if not k.startswith("io.buildah")}
        if key == "WorkingDir" and value == "/":
            value = None
        if value:
            kept[key] = value
    lines = [f"{n} {w}" for n, w in sorted(files.items()) if base.get(n) != w and n not in OWN]
    lines += [f"{n} gone" for n in sorted(base) if n not in files and n not in OWN]
    return "\n".join([json.dumps(kept, sort_keys=True)] + lines) + "\n"


def sections():
    head, *rest = open(CORPUS, encoding="utf-8").read().split("### ")
    out = []
    for part in rest:
        name, _, body = part.partition("\n")
        dockerfile, _, kept = body.partition("=>\n")
        out.append((name.strip(), dockerfile, kept))
    return head, out


# --- ours


class Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("d")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def call(path, method, url, body=None, kind="application/json"):
    c = Connection(path)
    c.request(method, url, body, {"Content-Type": kind})
    r = c.getresponse()
    data = r.read()
    if r.status >= 400:
        raise RuntimeError(f"{method} {url}: {r.status} {data.decode()}")
    return data


def image_files(path, image):
    made = json.loads(call(path, "POST", "/containers/create", json.dumps({"Image": image, "Cmd": ["x"]})))
    data = call(path, "GET", f"/containers/{made['Id']}/export")
    call(path, "DELETE", f"/containers/{made['Id']}")
    return tree(io.BytesIO(data), "r:")


def ours(path, dockerfile, base):
    lines = [json.loads(l) for l in call(path, "POST", "/build?networkmode=none", context(dockerfile),
                                         "application/x-tar").splitlines()]
    ids = [l["aux"]["ID"] for l in lines if "aux" in l]
    if not ids:
        raise RuntimeError("".join(l.get("stream", "") + l.get("error", "") for l in lines))
    # A real daemon tells of each stage, and of the image last.
    config = json.loads(call(path, "GET", f"/images/{ids[-1]}/json"))["Config"]
    return result(config, image_files(path, ids[-1]), base)


# --- theirs


def buildah_files(dockerfile, name="corpus"):
    with tempfile.TemporaryDirectory() as d:
        os.mkdir(d + "/c")
        with tarfile.open(fileobj=io.BytesIO(context(dockerfile))) as t:
            t.extractall(d + "/c")
        subprocess.run(["buildah", "bud", "-q", "--format", "docker", "--layers=false", "--isolation", "chroot",
                        "-o", f"type=tar,dest={d}/out.tar", "-t", name, d + "/c"], check=True,
                       stdout=subprocess.DEVNULL)
        with open(d + "/out.tar", "rb") as f:
            return tree(f, "r:")


def buildah(dockerfile, base):
    files = buildah_files(dockerfile)
    config = json.loads(subprocess.run(["buildah", "inspect", "--type", "image", "corpus"], check=True,
                                       capture_output=True).stdout)["Docker"]["config"]
    return result(config, files, base)


def base_of(dockerfile, base):
    """Files that are no news: those of the base of the last stage."""
    return {} if dockerfile.rsplit("FROM ", 1)[-1].split()[0] == "scratch" else base


def main():
    head, parts = sections()
    only = os.environ.get("ONLY", "").split()
    record = sys.argv[1] == "--record"
    if record:
        subprocess.run(["buildah", "pull", "-q", f"oci:{sys.argv[2]}"], check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["buildah", "tag", "localhost" + sys.argv[2], "busybox"], check=True)
        base = buildah_files("FROM busybox\n")
        with open(CORPUS + ".new", "w", encoding="utf-8") as f:
            f.write(head)
            for name, dockerfile, _ in parts:
                f.write(f"### {name}\n{dockerfile}=>\n{buildah(dockerfile, base_of(dockerfile, base))}\n")
                f.flush()
        os.rename(CORPUS + ".new", CORPUS)
        return 0
    base = image_files(sys.argv[1], "busybox")
    wrong = 0
    for name, dockerfile, kept in parts:
        if only and name not in only:
            continue
        try:
            got = ours(sys.argv[1], dockerfile, base_of(dockerfile, base))
        except Exception as e:
            got = f"{type(e).__name__}: {e}\n"
        if got.strip() != kept.strip():
            wrong += 1
            print(f"{name}:\n  expected (buildah's):\n{kept}  got:\n{got}", flush=True)
    print(f"{len(parts)} Dockerfiles, {wrong} built otherwise than by buildah")
    return 1 if wrong else 0


sys.exit(main())
