"""containerd_many.py - start or remove many containers through containerd's API, some at a time.

Usage: containerd_many.py start|remove CONTAINERD-SOCKET SNAPSHOT-PARENT NAME...
"""
import http.client
import json
import socket
import sys
from concurrent.futures import ThreadPoolExecutor

VERB, ADDRESS, PARENT, *NAMES = sys.argv[1:]
AT_ONCE = 4


class Unix(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(ADDRESS)


def api(method, path, body=None):
    c = Unix("containerd", timeout=60)
    c.request(method, "/v1" + path, body=json.dumps(body) if body is not None else None)
    r = c.getresponse()
    text = r.read()
    c.close()
    if r.status >= 300:
        raise SystemExit("%s %s: %s %s" % (method, path, r.status, text.decode()))


def spec(name):
    return {
        "ociVersion": "1.0.2",
        "process": {"args": ["sleep", "1000000"], "cwd": "/", "env": ["PATH=/bin"], "user": {"uid": 0, "gid": 0}},
        "root": {"path": "rootfs"},
        "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
        "linux": {"namespaces": [{"type": t} for t in ("mount", "pid", "ipc", "uts", "network")],
                  "cgroupsPath": "/default/" + name},
    }


def start(name):
    api("POST", "/snapshots/prepare", {"key": name, "parent": PARENT})
    api("POST", "/containers", {"id": name, "snapshotKey": name, "spec": spec(name)})
    api("POST", "/tasks", {"containerID": name})
    api("POST", "/tasks/%s/start" % name)


def remove(name):
    api("POST", "/tasks/%s/kill" % name, {"signal": 9})
    api("POST", "/tasks/%s/wait" % name)
    api("DELETE", "/tasks/" + name)
    api("DELETE", "/containers/" + name)
    api("DELETE", "/snapshots/" + name)


with ThreadPoolExecutor(AT_ONCE) as pool:
    list(pool.map({"start": start, "remove": remove}[VERB], NAMES))
