"""pull_image.py - the image that pulling is measured with, and its way into a registry.

Eight layers of different sizes, as images have them: a base that is a third of it all, small ones
on top. The files' sizes are spread as on a real system (many small, few large), their content
is text, tables of numbers and noise, which gzip makes less than half of. Made anew from the
same seed, it is the same image.
"""

import gzip
import hashlib
import http.client
import io
import json
import os
import random
import tarfile
from concurrent.futures import ProcessPoolExecutor

SHARES = (0.30, 0.20, 0.15, 0.12, 0.10, 0.07, 0.04, 0.02)
POOL = 4 << 20
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def pools(rng):
    """What files are cut out of, and how often each kind is."""
    words = ["".join(rng.choices("etaoinshrdlucmfwypvbgk", k=rng.randint(2, 11))) for _ in range(5000)]
    text = " ".join(rng.choices(words, weights=[1 / (i + 1) for i in range(len(words))], k=POOL // 5))
    table = b"".join(rng.randint(0, 5000).to_bytes(4, "little") for _ in range(POOL // 4))
    return (text.encode()[:POOL], table, rng.randbytes(POOL)), (60, 25, 15)


def contents(rng, sizes):
    kinds, weights = pools(rng)
    for size in sizes:
        pool = rng.choices(kinds, weights)[0]
        pieces, left = [], size
        while left:
            start = rng.randrange(POOL - 64)
            pieces.append(pool[start:start + min(left, 256 << 10)])
            left -= len(pieces[-1])
        yield b"".join(pieces)


def make_layer(job):
    """One layer's (compressed, diff ID)."""
    number, size, files = job
    rng = random.Random(f"layer {number}")
    spread = [rng.lognormvariate(0, 1.8) for _ in range(files)]
    sizes = [int(size * part / sum(spread)) for part in spread]
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for i, data in enumerate(contents(rng, sizes)):
            if i % 20 == 0:
                where = f"usr/lib{number}/package-{i // 200}/part-{i // 20}"
                entry = tarfile.TarInfo(where)
                entry.type, entry.mode, entry.mtime = tarfile.DIRTYPE, 0o755, 1700000000
                tar.addfile(entry)
            entry = tarfile.TarInfo(f"{where}/file-{i}")
            entry.size, entry.mode, entry.mtime = len(data), rng.choice((0o644, 0o644, 0o755)), 1700000000 + i
            tar.addfile(entry, io.BytesIO(data))
    plain = out.getvalue()
    return gzip.compress(plain, 6, mtime=0), sha256(plain)


class Image:
    """Layers (bytes), and the documents of an image of the first n of them."""

    def __init__(self, megabytes, files):
        jobs = [(i, int(megabytes * share * (1 << 20)), max(1, int(files * share)))
                for i, share in enumerate(SHARES)]
        with ProcessPoolExecutor() as many:
            made = list(many.map(make_layer, jobs))
        self.layers = [layer for layer, _ in made]
        self.diff_ids = [diff_id for _, diff_id in made]
        self.files = sum(n for _, _, n in jobs)
        self.plain = sum(size for _, size, _ in jobs)

    def size(self):
        return sum(map(len, self.layers))

    def documents(self, n):
        """(config, manifest) in bytes."""
        config = json.dumps({
            "architecture": {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine),
            "os": "linux", "config": {"Cmd": ["true"]},
            "rootfs": {"type": "layers", "diff_ids": self.diff_ids[:n]}}).encode()
        layers = [{"mediaType": LAYER, "size": len(layer), "digest": sha256(layer)} for layer in self.layers[:n]]
        manifest = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "layers": layers, "config": {
            "mediaType": CONFIG, "size": len(config), "digest": sha256(config)}}).encode()
        return config, manifest


def ask(registry, method, path, body=b"", headers=None):
    connection = http.client.HTTPConnection(registry, timeout=60)
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    said = answer.read()
    connection.close()
    if answer.status >= 300:
        raise OSError(f"{method} {path}: {answer.status} {said[:200].decode(errors='replace')}")
    return answer.getheader("Location") or ""


def push_blob(registry, name, data):
    where = ask(registry, "POST", f"/v2/{name}/blobs/uploads/")
    path = "/" + where.split("/", 3)[3] if "://" in where else where
    ask(registry, "PUT", f"{path}{'&' if '?' in path else '?'}digest={sha256(data)}", data,
        {"Content-Type": "application/octet-stream"})


def push(registry, name, image, n):
    """The image of the first n layers, as name:latest."""
    config, manifest = image.documents(n)
    for blob in (config, *image.layers[:n]):
        push_blob(registry, name, blob)
    ask(registry, "PUT", f"/v2/{name}/manifests/latest", manifest, {"Content-Type": MANIFEST})
