"""unpack_image.py DIR [zstd] - an OCI layout of layers that are hard to unpack rightly; with `zstd`, some of
them are compressed with that, which not every program can read.

Everything that archives of layers are made of is in there: every kind of entry, every way of writing
a long name, a big number, a fraction of a second, an extended attribute or a hole, and what
layers do to each other: hide, replace, add.
"""

import gzip
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile

DIRECTORY, FILE, LINK, HARD, CHAR, BLOCK, FIFO = (tarfile.DIRTYPE, tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE,
                                                 tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE)
LONG = "/".join(["long-" + "n" * 90] * 5)  # longer than any header has room for
CAPABILITY = b"\x01\x00\x00\x02\x00\x04\x00\x00" + bytes(12)  # cap_net_bind_service, permitted


class Layer:
    def __init__(self, form=tarfile.PAX_FORMAT):
        self.out = io.BytesIO()
        self.tar = tarfile.open(fileobj=self.out, mode="w", format=form)

    def add(self, name, kind=FILE, data=b"", mode=0o644, mtime=1600000000, pax=None, **more):
        entry = tarfile.TarInfo(name)
        entry.type, entry.mode, entry.mtime, entry.size = kind, mode, mtime, len(data)
        entry.pax_headers = {key: value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value
                             for key, value in (pax or {}).items()}
        for key, value in more.items():
            setattr(entry, key, value)
        self.tar.addfile(entry, io.BytesIO(data))
        return self

    def bytes(self):
        self.tar.close()
        return self.out.getvalue()


def kinds():
    add = Layer().add
    add("./", DIRECTORY, mode=0o755, mtime=1500000001)
    add("usr/", DIRECTORY, mode=0o755)
    add("usr/file", data=b"hello\n" * 1000, mode=0o640, uid=1000, gid=1001)
    add("usr/empty")
    add("usr/setuid", data=b"s", mode=0o4755, uid=33, gid=34)
    add("usr/setgid", data=b"s", mode=0o2755, gid=35)
    add("usr/hard", HARD, linkname="usr/setuid", mode=0o4755, uid=33, gid=34)
    add("tmp/", DIRECTORY, mode=0o1777)
    add("shared/", DIRECTORY, mode=0o2775, gid=50)
    add("shared/file", data=b"x", gid=0)  # its group is not the directory's
    add("shared/sub/", DIRECTORY, mode=0o755, gid=0)
    add("usr/link", LINK, linkname="/etc/passwd", mode=0o777, uid=5, gid=6)
    add("usr/dangling", LINK, linkname="../" * 30 + "nowhere", mode=0o777)
    add("usr/hard-link-to-link", HARD, linkname="usr/dangling", mode=0o777)
    add("dev/", DIRECTORY, mode=0o755)
    add("dev/null", CHAR, mode=0o666, devmajor=1, devminor=3)
    add("dev/disk", BLOCK, mode=0o660, gid=6, devmajor=259, devminor=300)
    add("dev/pipe", FIFO, mode=0o600, uid=7)
    add("read-only/", DIRECTORY, mode=0o555)
    add("read-only/none", data=b"secret", mode=0)
    add("big-owner", data=b"b", uid=3000000, gid=4000000)
    add("late", data=b"t", mtime=1600000000.123456789, pax={"mtime": "1600000000.123456789"})
    add("later", data=b"t", pax={"atime": "1700000000.5"})
    return add("future", data=b"t", mtime=5000000000).bytes()


def names():
    add = Layer().add
    add(LONG + "/", DIRECTORY, mode=0o700)
    add(LONG + "/file", data=b"far down")
    add("link-to-long", LINK, linkname=LONG + "/file", mode=0o777)
    add("hard-to-long", HARD, linkname=LONG + "/file")
    add("with blank", data=b"1")
    add("new\nline", data=b"2")
    add("\u00fcml\u00e4ut \u6587\u5b57", data=b"3")
    add("--option", data=b"4")
    add("back\\slash", data=b"5")
    add("./dot/./file", data=b"6")
    return add("//double//slash", data=b"7").bytes()


def gnu():
    add = Layer(tarfile.GNU_FORMAT).add
    add("gnu/" + LONG + "/file", data=b"far down")
    add("gnu/link", LINK, linkname="gnu/" + LONG, mode=0o777)
    return add("gnu/big-owner", data=b"b", uid=5000000, gid=6000000).bytes()


def attributes():
    add = Layer().add
    add("attr/", DIRECTORY, mode=0o755, pax={"SCHILY.xattr.user.dir": "d"})
    add("attr/file", data=b"x", pax={"SCHILY.xattr.user.one": "1", "SCHILY.xattr.user.two": "second value"})
    return add("attr/capable", data=b"x", mode=0o755, uid=9,
               pax={"SCHILY.xattr.security.capability": CAPABILITY}).bytes()


def sparse():
    """By GNU tar, in each of its pax formats: the real containerd knows no entries of type 'S'."""
    layers = []
    with tempfile.TemporaryDirectory() as where:
        for version in ("0.0", "0.1", "1.0"):
            os.mkdir(f"{where}/sparse-{version}")
            for name, pieces in (("many", [(i * 65536, b"piece %d" % i) for i in range(50)]), ("hole", []),
                                 ("end", [(5000000, b"end")])):
                with open(f"{where}/sparse-{version}/{name}", "wb") as f:
                    for offset, data in pieces:
                        f.seek(offset)
                        f.write(data)
                    f.truncate(8000000)
            layers.append(subprocess.run(
                ["tar", "-C", where, "-S", "--format=posix", "--sparse-version=" + version, "--mtime=@1600000000", "--owner=0", "--group=0", "-cf", "-",
                 "sparse-" + version], check=True, stdout=subprocess.PIPE).stdout)
    return layers


def changes():
    """What a layer can do to those below it."""
    add = Layer().add
    add("usr/.wh.empty", mode=0)
    add(".wh.tmp", mode=0)
    add("shared/", DIRECTORY, mode=0o700, uid=1)
    add("shared/.wh..wh..opq", mode=0)
    add("shared/new", data=b"n")
    add("usr/file", data=b"other", mode=0o600)       # a file for a file
    add("read-only", data=b"a file now")               # for a directory
    add("with blank/", DIRECTORY, mode=0o711)          # a directory for a file
    add("with blank/in", data=b"i")
    add("usr/link", data=b"a file for a link")
    add("attr/file", LINK, linkname="capable", mode=0o777)  # and a link for a file
    add("deep/under/nothing", data=b"no directory was named")
    add("dev/new", data=b"the directory keeps the look that it had")
    add("twice", data=b"first, and longer")
    add("twice", data=b"second")
    add("turns", data=b"a file")
    add("turns/", DIRECTORY, mode=0o750)
    add("turns/in", data=b"i")
    return add("usr/hard-again", data=b"h").add("usr/hard-two", HARD, linkname="usr/hard-again").bytes()


def back_again():
    """And what is hidden may come back."""
    add = Layer().add
    add("usr/empty", data=b"not empty")
    add("tmp/", DIRECTORY, mode=0o755)
    add("tmp/new", data=b"n")
    return add("deep/.wh.under", mode=0).bytes()


def write(where, data):
    digest = hashlib.sha256(data).hexdigest()
    with open(f"{where}/blobs/sha256/{digest}", "wb") as f:
        f.write(data)
    return {"digest": "sha256:" + digest, "size": len(data)}


def compress(data, how):
    if how == "gzip":
        return gzip.compress(data, 6, mtime=0)
    return subprocess.run(["zstd", "-q", "-c"], input=data, check=True, stdout=subprocess.PIPE).stdout


def main():
    where, zstd = sys.argv[1], "zstd" in sys.argv[2:]
    os.makedirs(where + "/blobs/sha256")
    layers = [kinds(), names(), gnu(), attributes(), *sparse(), changes(), back_again()]
    ways = ("gzip", "zstd" if zstd else "gzip", "")
    media = {"gzip": "+gzip", "zstd": "+zstd", "": ""}
    described = []
    for i, layer in enumerate(layers):
        way = ways[i % 3]
        described.append({"mediaType": "application/vnd.oci.image.layer.v1.tar" + media[way],
                          **write(where, compress(layer, way) if way else layer)})
    config = {"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": [
        "sha256:" + hashlib.sha256(layer).hexdigest() for layer in layers]}}
    manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "layers": described,
                "config": {"mediaType": "application/vnd.oci.image.config.v1+json",
                           **write(where, json.dumps(config).encode())}}
    index = {"schemaVersion": 2, "manifests": [{
        "mediaType": manifest["mediaType"], **write(where, json.dumps(manifest).encode()),
        "annotations": {"org.opencontainers.image.ref.name": "latest"}}]}
    for name, document in (("index.json", index), ("oci-layout", {"imageLayoutVersion": "1.0.0"})):
        with open(f"{where}/{name}", "w", encoding="ascii") as f:
            json.dump(document, f)


main()
