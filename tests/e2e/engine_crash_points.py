"""engine_crash_points.py DIRECTORY TOP EVERY DOCKERD... - a dockerd that dies before every EVERY-th change.

Each request is made to a dockerd that dies before its 1st change, then before its 2nd, ... until it survives one. What
the next dockerd has then is compared with what is on disk, in containerd and in the kernel; then the request is
repeated, as its client would do, and in the end all is removed.
"""
import http.client
import json
import os
import random
import socket
import subprocess
import sys
import time

DIRECTORY, TOP, EVERY, COMMAND = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4:]
ARMED = DIRECTORY + "/armed"
SLEEP = {"Image": "busybox", "Cmd": ["sleep", "1000"], "StopSignal": "KILL"}


class Died(Exception):
    """dockerd did, before it had answered."""


class Connection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(DIRECTORY + "/docker.sock")


def ask(method, path, body=None, good=()):
    c = Connection("d")
    try:
        c.request(method, path, body and json.dumps(body), {"Content-Type": "application/json"})
        reply = c.getresponse()
        data = reply.read()
    except (OSError, http.client.HTTPException) as error:
        raise Died(repr(error))
    finally:
        c.close()
    if reply.status >= 300 and reply.status not in good or b'"errorDetail"' in data:
        fail(f"{method} {path}: {reply.status} {data[-300:]}")
    return json.loads(data) if data[:1] in (b"{", b"[") and not path.startswith("/images/create") else data


now = "at the beginning"


def fail(what):
    sys.exit(f"{now}: {what}")


def expect(what, expected, got):
    if expected != got:
        fail(f"{what}\n  expected: {expected!r}\n  got:      {got!r}")


# --- dockerd, again and again -------------------------------------------------------------------------

dockerd = None


def start():
    global dockerd
    log = open(DIRECTORY + "/dockerd.log", "a")
    dockerd = subprocess.Popen(COMMAND, env={**os.environ, "LD_PRELOAD": os.environ["PRELOAD"], "CRASH_POINT": ARMED},
                               stdout=log, stderr=log)
    for _ in range(2000):
        try:
            return ask("GET", "/_ping")
        except Died:
            if dockerd.poll() is not None:
                fail(f"dockerd does not start: {dockerd.returncode}")
            time.sleep(0.005)
    fail("dockerd does not answer")


def stop():
    dockerd.terminate()
    expect("dockerd's exit status", 0, dockerd.wait())


def ctr(*words):
    return subprocess.run([TOP + "/03-containerd/ctr", "--address", DIRECTORY + "/containerd.sock", "-n", "moby", *words],
                          capture_output=True, text=True, check=True).stdout.splitlines()[1:]


# --- what must be true whatever happened --------------------------------------------------------------


def entries(directory):
    path = f"{DIRECTORY}/docker/{directory}"
    return sorted(os.listdir(path)) if os.path.isdir(path) else []


def interfaces():
    return [name for _, name in socket.if_nameindex()]


def whole():
    listed = ask("GET", "/containers/json?all=1")
    ids = sorted(c["Id"] for c in listed)
    details = [ask("GET", f"/containers/{i}/json") for i in ids]
    running = sorted(c["Id"] for c in details if c["State"]["Running"])
    expect("every directory is a container", ids, entries("containers"))
    expect("every task is a running container", running, sorted(line.split()[0] for line in ctr("tasks", "ls") if "RUNNING" in line))
    expect("every task has a container", [], [line for line in ctr("tasks", "ls") if line.split()[0] not in ids])
    expect("every container is known to containerd by a snapshot", ids,
           sorted(line.split()[0] for line in ctr("snapshots", "ls") if "Active" in line))
    used = {m["Name"] for c in details for m in c["Mounts"] if m["Type"] == "volume"}
    volumes = {v["Name"] for v in ask("GET", "/volumes")["Volumes"]}
    expect("a volume without a name has a container", set(), {v for v in volumes - used if len(v) == 64})
    expect("a container's volumes are there", set(), used - volumes)
    expect("every directory is a volume", volumes, set(entries("volumes")))
    networks = [n["Id"] for n in ask("GET", "/networks") if n["Name"] not in ("bridge", "host", "none")]
    expect("every document is a network", len(networks), len(entries("networks")))
    bridges = {n for n in interfaces() if n.startswith("br-")}
    expect("every bridge is a network's", set(), bridges - {"br-" + n[:12] for n in networks})
    attached = sum(len(c["NetworkSettings"]["Networks"]) for c in details if c["State"]["Running"])
    expect("every veth is a running container's", attached, sum(n.startswith("veth") for n in interfaces()))
    addresses = [n["IPAddress"] for c in details for n in c["NetworkSettings"]["Networks"].values() if n["IPAddress"]]
    expect("no address is used twice", len(addresses), len(set(addresses)))


def clear():
    for c in ask("GET", "/containers/json?all=1"):
        ask("DELETE", f"/containers/{c['Id']}?force=1&v=1")
    for n in ask("GET", "/networks"):
        if n["Name"] not in ("bridge", "host", "none"):
            ask("DELETE", "/networks/" + n["Id"])
    for v in ask("GET", "/volumes")["Volumes"]:
        ask("DELETE", "/volumes/" + v["Name"])


# --- the requests: what must be there first, and the request; 304, 404 and 409 may be said to its repetition ----


def made(**more):
    ask("POST", "/containers/create?name=cc", {**SLEEP, **more})


def network():
    ask("POST", "/networks/create", {"Name": "net"})


def nothing():
    pass


def with_network():
    network()
    made(HostConfig={"NetworkMode": "net", "PortBindings": {"80/tcp": [{"HostPort": "8080"}]}}, Volumes={"/v": {}})


def running():
    with_network()
    ask("POST", "/containers/cc/start")


def create_request():
    return "POST", "/containers/create?name=cc", {**SLEEP, "Volumes": {"/etc": {}}, "HostConfig": {"Binds": ["named:/n"]}}


REQUESTS = {
    "create": (nothing, create_request),
    "start": (with_network, lambda: ("POST", "/containers/cc/start")),
    "stop": (running, lambda: ("POST", "/containers/cc/stop")),
    "restart": (running, lambda: ("POST", "/containers/cc/restart")),
    "rename": (made, lambda: ("POST", "/containers/cc/rename?name=dd")),
    "update": (made, lambda: ("POST", "/containers/cc/update", {"RestartPolicy": {"Name": "always"}})),
    "remove": (running, lambda: ("DELETE", "/containers/cc?force=1&v=1")),
    "network create": (nothing, lambda: ("POST", "/networks/create", {"Name": "net"})),
    "network connect": (lambda: (running(), ask("POST", "/networks/create", {"Name": "two"})),
                        lambda: ("POST", "/networks/two/connect", {"Container": "cc"})),
    "network disconnect": (running, lambda: ("POST", "/networks/net/disconnect", {"Container": "cc"})),
    "network remove": (network, lambda: ("DELETE", "/networks/net")),
    "volume create": (nothing, lambda: ("POST", "/volumes/create", {"Name": "vol", "Labels": {"a": "b"}})),
    "volume remove": (lambda: ask("POST", "/volumes/create", {"Name": "vol"}), lambda: ("DELETE", "/volumes/vol")),
    "pull": (lambda: ask("DELETE", "/images/busybox", good=(404,)), lambda: ("POST", "/images/create?fromImage=busybox&tag=latest")),
    "tag": (nothing, lambda: ("POST", "/images/busybox/tag?repo=other&tag=1")),
    "untag": (lambda: ask("POST", "/images/busybox/tag?repo=other&tag=1"), lambda: ("DELETE", "/images/other:1")),
}


def survives(n, prepare, request):
    """True: it made fewer than n changes."""
    prepare()
    with open(ARMED + ".new", "w") as f:
        f.write(str(n))
    os.rename(ARMED + ".new", ARMED)
    try:
        ask(*request)
        died = False
    except Died:
        died = True
    os.unlink(ARMED)
    if died:
        dockerd.wait()
    else:
        stop()
    start()
    whole()
    ask(*request, good=(304, 403, 404, 409))
    whole()
    clear()
    whole()
    return not died


start()
ask("POST", "/images/create?fromImage=busybox&tag=latest")
total = 0
for name, (prepare, request) in REQUESTS.items():
    if os.environ.get("ONLY", "") not in name:
        continue
    n = random.randint(1, EVERY)
    while True:
        now = f"{name}, killed before change {n}"
        total += 1
        if survives(n, prepare, request()):
            break
        n += EVERY
    print(f"{name}: up to {n - 1} changes")
stop()
print(f"{total} crashes")
