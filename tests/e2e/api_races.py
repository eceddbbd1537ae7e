"""Many clients do everything at once to one container and one image, for some seconds.

usage: api_races.py SOCKET REGISTRY SECONDS    (the container "race" and its task come and go)
Prints what was answered other than success, 404 or 409; nothing is as it should be.
"""
import collections
import http.client
import json
import random
import socket
import sys
import threading
import time
import urllib.parse

SOCKET, REGISTRY, SECONDS = sys.argv[1], sys.argv[2], float(sys.argv[3])
IMAGE = REGISTRY + "/library/nginx:latest"
ESCAPED = urllib.parse.quote(IMAGE, safe=":")


class Connection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(SOCKET)


def call(method, path, body=None):
    connection = Connection("containerd")
    try:
        connection.request(method, "/v1" + path, None if body is None else json.dumps(body))
        reply = connection.getresponse()
        return reply.status, reply.read().decode(errors="replace")
    except OSError as problem:
        return 0, repr(problem)
    finally:
        connection.close()


CONTAINER = json.loads(call("GET", "/containers/race")[1])
TASK = "/tasks/race"
OPERATIONS = [
    ("POST", "/tasks", {"containerID": "race"}),
    ("POST", "/tasks", {"containerID": "race"}),
    ("POST", TASK + "/start", {}),
    ("POST", TASK + "/start", {}),
    ("POST", TASK + "/kill", {"signal": 9}),
    ("DELETE", TASK, None),
    ("DELETE", TASK, None),
    ("GET", TASK, None),
    ("GET", TASK + "/pids", None),
    ("GET", TASK + "/metrics", None),
    ("POST", TASK + "/pause", {}),
    ("POST", TASK + "/resume", {}),
    ("POST", TASK + "/resume", {}),
    ("POST", TASK + "/update", {"resources": {"pids": {"limit": 50}}}),
    ("POST", TASK + "/execs", {"execID": "e", "process": {"args": ["true"]}}),
    ("DELETE", TASK + "/execs/e", None),
    ("DELETE", "/containers/race", None),
    ("POST", "/containers", CONTAINER),
    ("POST", "/containers", CONTAINER),
]
IMAGE_OPERATIONS = [
    ("POST", "/transfer/pull", {"ref": IMAGE}),
    ("POST", "/transfer/pull", {"ref": IMAGE}),
    ("DELETE", "/images/" + ESCAPED, None),
    ("GET", "/transfer/export?name=" + ESCAPED, None),
    ("GET", "/resolve/" + ESCAPED, None),
]
odd = collections.Counter()
END = time.time() + SECONDS


def client(seed, operations):
    choose = random.Random(seed)
    while time.time() < END:
        method, path, body = choose.choice(operations)
        status, text = call(method, path, body)
        good = status in (200, 201, 204, 404, 409)
        if path == "/transfer/pull":
            good = status == 200 and '"done"' in text
        if not good:
            odd[f"{method} {path}: {status} {text[-300:]}"] += 1


threads = [threading.Thread(target=client, args=(i, OPERATIONS)) for i in range(6)]
threads += [threading.Thread(target=client, args=(i, IMAGE_OPERATIONS)) for i in range(6, 9)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
for text, n in odd.most_common(10):
    print(n, text)
