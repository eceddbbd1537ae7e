"""kills_image.py DIR SEED - an OCI layout of four layers with a few hundred small files and a big one each.

Two of the layers are the same for every SEED, so that images share them.
"""

import gzip
import hashlib
import io
import json
import os
import platform
import random
import sys
import tarfile

DIR, SEED = sys.argv[1], int(sys.argv[2])
OCI = "application/vnd.oci.image"


def layer(number, seed):
    rng = random.Random(seed)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in ["", f"layer{number}/", f"layer{number - 1}/"] + [f"layer{number}/d{i}/" for i in range(7)]:
            add(tar, "./" + name, None, rng)
        for i in range(150):
            add(tar, f"layer{number}/d{i % 7}/file{i}", rng.randbytes(rng.randrange(600)), rng)
        add(tar, f"layer{number}/big", rng.randbytes(300_000), rng)
        add(tar, "changed", rng.randbytes(2000), rng)  # each layer has its own
        add(tar, f"layer{number - 1}/.wh.big", b"", rng)
    return out.getvalue()


def add(tar, name, data, rng):
    entry = tarfile.TarInfo(name)
    if data is None:
        entry.type = tarfile.DIRTYPE
    entry.size, entry.mode, entry.mtime = len(data or b""), rng.choice([0o711, 0o700, 0o755]), 1600000000 + rng.randrange(10**6)
    entry.uid, entry.gid = rng.randrange(3), rng.randrange(3)
    tar.addfile(entry, io.BytesIO(data or b""))


def blob(data, kind):
    digest = hashlib.sha256(data).hexdigest()
    with open(f"{DIR}/blobs/sha256/{digest}", "wb") as f:
        f.write(data)
    return {"mediaType": f"{OCI}.{kind}", "digest": "sha256:" + digest, "size": len(data)}


os.makedirs(f"{DIR}/blobs/sha256")
tars = [layer(n, n if n < 3 else SEED * 100 + n) for n in range(1, 5)]
layers = [blob(gzip.compress(t, 1, mtime=0), "layer.v1.tar+gzip") for t in tars]
machine = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
config = {"architecture": machine, "os": "linux", "config": {"Cmd": ["true"]},
          "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(t).hexdigest() for t in tars]}}
manifest = {"schemaVersion": 2, "mediaType": f"{OCI}.manifest.v1+json",
            "config": blob(json.dumps(config).encode(), "config.v1+json"), "layers": layers}
entry = blob(json.dumps(manifest).encode(), "manifest.v1+json")
entry["annotations"] = {"org.opencontainers.image.ref.name": "latest"}
with open(f"{DIR}/index.json", "w") as f:
    json.dump({"schemaVersion": 2, "manifests": [entry]}, f)
with open(f"{DIR}/oci-layout", "w") as f:
    f.write('{"imageLayoutVersion":"1.0.0"}')
