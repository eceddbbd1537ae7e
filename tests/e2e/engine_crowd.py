"""engine_crowd.py SOCKET CLIENTS SECONDS - many clients of one dockerd at once.

Each goes on making a container, starting it, following its log, running a command in it, and removing it in one of
several ways, at times as a member of a network that others come and go in too; and some do nothing but look: lists,
inspections of what is about to vanish, events, statistics. Half of the log's followers hang up early.

Prints every answer that is not what the order of a client's own requests calls for; in the end, how many containers
lived. What looks at others' containers may find them gone (404) or between two states (409).
"""
import collections
import http.client
import json
import random
import socket
import sys
import threading
import time

SOCKET, CLIENTS, SECONDS = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
PATIENCE = 120  # a sanitizer's dockerd on a busy machine takes its time
end = time.monotonic() + SECONDS
wrong = collections.Counter()
lives = collections.Counter()


class Connection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(SOCKET)


class Client:
    """One connection that is used again and again, as the real CLI's are not, but libraries' are."""

    def __init__(self):
        self.connection = Connection("d")

    def send(self, method, path, body=None, headers={}):
        self.asked = f"{method} {path}"
        self.connection.request(method, "/v1.44" + path, None if body is None else json.dumps(body),
                                {"Content-Type": "application/json", **headers})
        return self.connection.getresponse()

    def ask(self, expected, method, path, body=None):
        reply = self.send(method, path, body)
        data = reply.read()
        if reply.status not in expected:
            wrong[f"{method} {path.split('?')[0]}: {reply.status} {data[:300].decode(errors='replace')}"] += 1
        return json.loads(data) if data[:1] in (b"{", b"[") else data

    def hang_up(self):
        self.connection.close()


def follow(client, name, whole):
    """The log until its end, or its first bytes and then no more."""
    reply = client.send("GET", f"/containers/{name}/logs?follow=1&stdout=1&stderr=1")
    if whole:
        data = reply.read()
        if reply.status != 200 or b"alive" not in data:
            wrong[f"the log of a container: {reply.status} {data[:80]!r}"] += 1
    else:
        reply.read(1)
        client.hang_up()


def execute(client, name):
    one = client.ask((201,), "POST", f"/containers/{name}/exec", {"Cmd": ["echo", "said"], "AttachStdout": True})
    data = client.ask((200,), "POST", f"/exec/{one.get('Id')}/start", {})
    if b"said" not in data:
        wrong[f"an exec's output: {data[:80]!r}"] += 1
    told = client.ask((200,), "GET", f"/exec/{one.get('Id')}/json")
    if told.get("ExitCode") != 0:
        wrong[f"an exec's status: {told.get('ExitCode')}"] += 1


def run_to_end(client, name):
    follow(client, name, True)
    told = client.ask((200,), "POST", f"/containers/{name}/wait")
    if told.get("StatusCode") != 3:
        wrong[f"a container's status: {told}"] += 1
    client.ask((204,), "DELETE", f"/containers/{name}")


def run_until_killed(client, name):
    execute(client, name)
    follow(client, name, False)
    if random.random() < 0.3:
        client.ask((204,), "POST", f"/containers/{name}/restart?t=0")
    if random.random() < 0.3:
        client.ask((204,), "POST", f"/containers/{name}/rename?name={name}x")
        name += "x"
    if random.random() < 0.3:
        client.ask((204,), "POST", f"/containers/{name}/stop?t=0")
    client.ask((204,), "DELETE", f"/containers/{name}?force=1&v=1")


def live(client, number):
    count = 0
    while time.monotonic() < end:
        name, count = f"crowd-{number}-{count}", count + 1
        short = random.random() < 0.5
        client.ask((201,), "POST", f"/containers/create?name={name}", {
            "Image": "busybox", "Cmd": ["sh", "-c", "echo alive; " + ("exit 3" if short else "exec sleep 1000")],
            "Labels": {"client": str(number)}, "Volumes": {"/data": {}} if random.random() < 0.3 else {},
            "HostConfig": {"NetworkMode": random.choice(("bridge", "none", "crowd"))}})
        client.ask((204,), "POST", f"/containers/{name}/start")
        (run_to_end if short else run_until_killed)(client, name)
        lives["ended"] += 1


def look(client, number):
    gone = (200, 404, 409)
    while time.monotonic() < end:
        for c in client.ask((200,), "GET", "/containers/json?limit=5&size=" + random.choice("01")):
            client.ask(gone, "GET", f"/containers/{c['Id']}/json")
            client.ask(gone, "GET", f"/containers/{c['Id']}/" + random.choice((
                "top", "stats?stream=0&one-shot=1", "logs?stdout=1", "changes")))
        client.ask((200,), "GET", "/networks/crowd")
        client.ask((200,), "GET", random.choice(("/info", "/volumes", "/images/json", "/system/df", "/networks")))
        client.ask((200, 409), "POST", "/volumes/prune")
        now = int(time.time())
        reply = client.send("GET", f"/events?since={now - 5}&until={now}")
        reply.read() if random.random() < 0.5 else client.hang_up()


def guarded(what, number):
    client = Client()
    try:
        what(client, number)
    except Exception as problem:
        wrong[f"{what.__name__}, {client.asked}: {type(problem).__name__}: {problem}"] += 1


Client().ask((201,), "POST", "/networks/create", {"Name": "crowd", "IPAM": {"Config": [{"Subnet": "10.77.0.0/16"}]}})
threads = [threading.Thread(target=guarded, args=(look if n % 10 == 9 else live, n)) for n in range(CLIENTS)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
left = [c["Names"] for c in Client().ask((200,), "GET", "/containers/json?all=1")]
if left:
    wrong[f"left: {left}"] += 1
Client().ask((204,), "DELETE", "/networks/crowd")
for answer, times in wrong.most_common(20):
    print(f"{times} x {answer}")
print(f"{lives['ended']} containers lived")
sys.exit(1 if wrong or not lives["ended"] else 0)
