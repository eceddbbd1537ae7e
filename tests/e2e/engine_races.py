"""Many clients do everything at once to a few containers, networks and volumes, for some seconds.

usage: engine_races.py SOCKET SECONDS [SEED]
Prints what was answered other than success, a refusal (400), not found or conflict; nothing is as it should be.
"""
import collections
import http.client
import json
import random
import socket
import sys
import threading
import time

SOCKET, SECONDS = sys.argv[1], float(sys.argv[2])
SEED = int(sys.argv[3]) if len(sys.argv) > 3 else 1
PATIENCE = 30
NAMES = ["aa", "bb", "cc"]
# Docker's statuses for these are others.
TOLD = ["has active endpoints", "already exists in network", "is not connected to", "endpoint not found"]
odd, seen = collections.Counter(), collections.Counter()
END = time.time() + SECONDS


class Connection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(SOCKET)


def call(method, path, body=None):
    connection = Connection("docker")
    try:
        connection.request(method, path, None if body is None else json.dumps(body), {"Content-Type": "application/json"})
        reply = connection.getresponse()
        return reply.status, reply.read().decode(errors="replace")
    except http.client.IncompleteRead as problem: # what is told of has been removed
        return (404 if path.endswith(("/export", "/archive?path=/etc/passwd")) else 0), repr(problem)
    except (OSError, http.client.HTTPException) as problem:
        return 0, repr(problem)
    finally:
        connection.close()


def container(choose):
    return "/containers/" + choose.choice(NAMES)


def network(choose):
    return choose.choice(["one", "two"])


def create(choose):
    host = {"NetworkMode": choose.choice(["none", "bridge", "one", "two"]),
            "Binds": choose.choice([[], ["kept:/v"], ["other:/v", "/anonymous"], ["/nameless"]]),
            "RestartPolicy": {"Name": choose.choice(["no", "always", "on-failure"])},
            "AutoRemove": False, "Init": choose.random() < 0.3}
    if host["RestartPolicy"]["Name"] == "no":
        host["AutoRemove"] = choose.random() < 0.3
    command = choose.choice([["sleep", "1000"], ["true"], ["false"], ["sh", "-c", "echo x; sleep 0.3"], ["/none"]])
    check = choose.choice([None, {"Test": ["CMD", "true"], "Interval": 100000000}])
    return "POST", "/containers/create?name=" + choose.choice(NAMES), {
        "Image": "busybox", "Cmd": command, "StopSignal": "KILL", "HostConfig": host, "Healthcheck": check}


def on_container(method, rest, body=None):
    return lambda choose: (method, container(choose) + rest, body)


def plain(method, path, body=None):
    return lambda choose: (method, path, body)


def run_exec(choose):
    status, text = call("POST", container(choose) + "/exec", {"Cmd": ["true"], "AttachStdout": True})
    if status != 201:
        return "POST", "/containers/x/exec", {"Cmd": ["true"]}
    return "POST", "/exec/" + json.loads(text)["Id"] + "/start", {"Detach": choose.random() < 0.5}


OPERATIONS = [
    create, create, create,
    *[on_container("POST", "/start")] * 4,
    on_container("POST", "/stop?t=0"), on_container("POST", "/restart?t=0"), on_container("POST", "/kill"),
    on_container("POST", "/pause"), on_container("POST", "/unpause"), on_container("POST", "/unpause"),
    on_container("DELETE", "?force=1"), on_container("DELETE", "?force=1&v=1"), on_container("DELETE", ""),
    lambda choose: ("POST", container(choose) + "/rename?name=" + choose.choice(NAMES), None),
    lambda choose: ("POST", container(choose) + "/update",
                    {"PidsLimit": choose.choice([50, 60]), "RestartPolicy": {"Name": choose.choice(["no", "always"])}}),
    run_exec, run_exec,
    lambda choose: ("POST", f"/networks/{network(choose)}/connect", {"Container": choose.choice(NAMES)}),
    lambda choose: ("POST", f"/networks/{network(choose)}/connect", {"Container": choose.choice(NAMES)}),
    lambda choose: ("POST", f"/networks/{network(choose)}/disconnect",
                    {"Container": choose.choice(NAMES), "Force": choose.random() < 0.5}),
    lambda choose: ("POST", "/networks/create", {"Name": network(choose)}),
    lambda choose: ("DELETE", "/networks/" + network(choose), None),
    lambda choose: ("POST", "/volumes/create", {"Name": choose.choice(["kept", "other"])}),
    lambda choose: ("DELETE", "/volumes/" + choose.choice(["kept", "other"]), None),
    plain("POST", "/containers/prune"), plain("POST", "/networks/prune"),
    plain("POST", "/volumes/prune?filters=%7B%22all%22%3A%7B%22true%22%3Atrue%7D%7D"),
    plain("GET", "/containers/json?all=1&size=1"), plain("GET", "/networks"), plain("GET", "/volumes"),
    plain("GET", "/system/df"), plain("GET", "/events?until=1"),
    on_container("GET", "/json?size=1"), on_container("GET", "/logs?stdout=1"), on_container("GET", "/top"),
    on_container("GET", "/stats?stream=0&one-shot=1"), on_container("GET", "/changes"), on_container("GET", "/export"),
    on_container("GET", "/archive?path=/etc/passwd"), on_container("POST", "/resize?h=3&w=4"),
    lambda choose: ("GET", "/networks/" + network(choose), None),
    lambda choose: ("POST", f"/commit?container={choose.choice('abc')}&repo=made", {}),
    plain("DELETE", "/images/made"),
]


def client(seed):
    choose, status = random.Random(seed), 0
    while time.time() < END:
        made = create if status == 404 and choose.random() < 0.5 else choose.choice(OPERATIONS)
        method, path, body = made(choose)
        begin = time.time()
        status, text = call(method, path, body)
        seen[status] += 1
        good = status in (200, 201, 204, 304, 400, 404, 409) or any(told in text for told in TOLD)
        if not good or time.time() - begin > PATIENCE / 2:
            odd[f"{method} {path} {json.dumps(body)}: {status} {text[-300:]} ({time.time() - begin:.0f} s)"] += 1


threads = [threading.Thread(target=client, args=(SEED * 1000 + i,)) for i in range(12)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(dict(seen), file=sys.stderr)
for text, n in odd.most_common(20):
    print(n, text)
