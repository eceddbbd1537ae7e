#!/usr/bin/env python3
"""bad_image.py KIND LAYOUT - an OCI layout whose one layer is bad in one way.

Every digest in the layout is right: what is wrong is only found by who unpacks.

  good           nothing is wrong
  dotdot         a member is named ../../../escape
  absolute-link  a symlink to $ESCAPE, and then a member behind it
  hard-link      a hard link to ../../../../etc/passwd
  diff-id        the config promises another layer
  not-gzip       the layer is text
  cut            the gzip stream ends early
  config         the config is not JSON
  no-platform    an index that only has images for another machine
"""

import gzip
import hashlib
import io
import json
import os
import platform
import sys
import tarfile

kind, out = sys.argv[1:3]
blobs = os.path.join(out, "blobs", "sha256")
os.makedirs(blobs)
machine = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]


def put(data):
    digest = hashlib.sha256(data).hexdigest()
    with open(os.path.join(blobs, digest), "wb") as f:
        f.write(data)
    return {"digest": "sha256:" + digest, "size": len(data)}


def member(tar, name, content=b"escaped\n", **fields):
    info = tarfile.TarInfo(name)
    for key, value in fields.items():
        setattr(info, key, value)
    info.size = 0 if fields else len(content)
    tar.addfile(info, io.BytesIO(content) if not fields else None)


raw = io.BytesIO()
with tarfile.open(fileobj=raw, mode="w") as tar:
    member(tar, "first", b"a file before the bad one\n")
    if kind == "dotdot":
        member(tar, "../../../escape")
    elif kind == "absolute-link":
        member(tar, "link", type=tarfile.SYMTYPE, linkname=os.environ["ESCAPE"])
        member(tar, "link/escape")
    elif kind == "hard-link":
        member(tar, "passwd", type=tarfile.LNKTYPE, linkname="../../../../../../../../../../etc/passwd")
    member(tar, "random", os.urandom(200000))
data = raw.getvalue()
diff_id = "sha256:" + hashlib.sha256(b"other" if kind == "diff-id" else data).hexdigest()
packed = gzip.compress(data)
if kind == "not-gzip":
    packed = b"this is not a layer\n" * 100
elif kind == "cut":
    packed = packed[: len(packed) // 2]

config = json.dumps({"architecture": machine, "os": "linux", "config": {"Cmd": ["/first"]},
                     "rootfs": {"type": "layers", "diff_ids": [diff_id]}}).encode()
if kind == "config":
    config = b"{not JSON"
prefix = "application/vnd.oci.image."
manifest = put(json.dumps({
    "schemaVersion": 2, "mediaType": prefix + "manifest.v1+json",
    "config": {"mediaType": prefix + "config.v1+json", **put(config)},
    "layers": [{"mediaType": prefix + "layer.v1.tar+gzip", **put(packed)}]}).encode())
entry = {"mediaType": prefix + "manifest.v1+json", **manifest}
if kind == "no-platform":
    entry["platform"] = {"architecture": "s390x", "os": "linux"}
    index = put(json.dumps({"schemaVersion": 2, "mediaType": prefix + "index.v1+json",
                            "manifests": [entry]}).encode())
    entry = {"mediaType": prefix + "index.v1+json", **index}
entry["annotations"] = {"org.opencontainers.image.ref.name": "latest"}
with open(os.path.join(out, "index.json"), "w") as f:
    json.dump({"schemaVersion": 2, "manifests": [entry]}, f)
with open(os.path.join(out, "oci-layout"), "w") as f:
    f.write('{"imageLayoutVersion":"1.0.0"}')
