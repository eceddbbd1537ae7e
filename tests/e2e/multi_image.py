#!/usr/bin/env python3
"""multi_image.py LAYOUT OUT NAME [whole] - an image for several platforms, as an OCI archive on OUT.

From the image in LAYOUT: an index of its files for its platform and for linux/riscv64, an attestation
of the first, and (unless it is to be whole) linux/s390x, whose manifest is not in the archive.
"""
import hashlib
import io
import json
import os
import sys
import tarfile

layout, out, name = sys.argv[1:4]
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
blobs = {}


def put(data):
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    blobs[digest] = data
    return digest


def get(digest):
    with open(os.path.join(layout, "blobs/sha256", digest[7:]), "rb") as f:
        return f.read()


def document(value, kind):
    data = json.dumps(value).encode()
    return {"mediaType": kind, "digest": put(data), "size": len(data)}


target = json.load(open(os.path.join(layout, "index.json")))["manifests"][0]
own = json.loads(get(target["digest"]))["manifests"][0]
manifest = json.loads(get(own["digest"]))
config = json.loads(get(manifest["config"]["digest"]))
CONFIG = manifest["config"]["mediaType"]
for descriptor in manifest["layers"]:
    put(get(descriptor["digest"]))
config["author"] = "multi_image.py"
native = dict(document(dict(manifest, config=document(config, CONFIG)), MANIFEST), platform=own["platform"])
foreign = dict(manifest, config=document(dict(config, architecture="riscv64"), CONFIG))
proof = {"schemaVersion": 2, "mediaType": MANIFEST,
         "config": document({"architecture": "unknown", "os": "unknown"}, CONFIG),
         "layers": [document({"_type": "statement"}, "application/vnd.in-toto+json")]}
entries = [
    native,
    dict(document(foreign, MANIFEST), platform={"architecture": "riscv64", "os": "linux"}),
    dict(document(proof, MANIFEST), platform={"architecture": "unknown", "os": "unknown"},
         annotations={"vnd.docker.reference.type": "attestation-manifest",
                      "vnd.docker.reference.digest": native["digest"]}),
    {"mediaType": MANIFEST, "digest": "sha256:" + "5" * 64, "size": 7, "platform": {"architecture": "s390x", "os": "linux"}},
]
INDEX = "application/vnd.oci.image.index.v1+json"
index = document({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries[:-1] if sys.argv[4:] else entries}, INDEX)
index["annotations"] = {"io.containerd.image.name": name}

files = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}',
         "index.json": json.dumps({"schemaVersion": 2, "manifests": [index]}).encode()}
files.update({"blobs/sha256/" + digest[7:]: data for digest, data in blobs.items()})
with tarfile.open(out, "w") as tar:
    for path, data in files.items():
        member = tarfile.TarInfo(path)
        member.size = len(data)
        tar.addfile(member, io.BytesIO(data))
