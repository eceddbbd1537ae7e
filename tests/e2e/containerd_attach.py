"""containerd_attach.py - clients of a shim's attach socket, as dockerd is one.

Usage: containerd_attach.py CONTAINERD-SOCKET SNAPSHOT-PARENT
Prints a line for each behaviour, `ok ...` or `not ok ...: expected, got`.
"""
import http.client
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

ADDRESS, PARENT = sys.argv[1], sys.argv[2]
HERE = os.path.dirname(ADDRESS)
UNIQUE = "".join(c for c in os.path.basename(HERE) if c.isalnum())  # cgroups are the machine's
MEGABYTES = 8


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
    return r.status, (json.loads(text) if text else None)


def must(method, path, body=None):
    status, doc = api(method, path, body)
    if status >= 300:
        raise SystemExit("not ok %s %s: %s %s" % (method, path, status, doc))
    return doc


failed = 0


def check(what, expected, got):
    global failed
    if expected == got:
        print("ok", what)
    else:
        failed += 1
        print("not ok %s: expected %.300r, got %.300r" % (what, expected, got))


SPEC = {
    "ociVersion": "1.0.2",
    "process": {"args": [], "cwd": "/", "env": ["PATH=/bin"], "user": {"uid": 0, "gid": 0},
                "capabilities": {k: ["CAP_KILL"] for k in ("bounding", "effective", "permitted")}},
    "root": {"path": "rootfs"},
    "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"},
               {"destination": "/dev", "type": "tmpfs", "source": "tmpfs"},
               {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
                "options": ["newinstance", "ptmxmode=0666", "mode=0620"]}],
    "linux": {"namespaces": [{"type": t} for t in ("mount", "pid", "ipc", "uts")]},
}


class Task:
    def __init__(self, name, command, stdin=False, once=False, terminal=False, log=True, format="json-file",
                 memory=None, where=HERE, **more):
        self.id = UNIQUE + "-" + name
        self.logfile = "%s/%s.json" % (where, self.id)
        spec = json.loads(json.dumps(SPEC))
        spec["process"]["args"] = ["sh", "-c", command]
        spec["linux"]["cgroupsPath"] = "/default/" + self.id
        if memory:
            spec["linux"]["resources"] = {"memory": {"limit": memory}}
        must("POST", "/snapshots/prepare", {"key": self.id, "parent": PARENT})
        must("POST", "/containers", {"id": self.id, "snapshotKey": self.id, "spec": spec})
        driver = {"driver": format, "path": self.logfile} if log else {"driver": "none"}
        self.doc = must("POST", "/tasks", {"containerID": self.id, "stdin": stdin, "stdinOnce": once,
                                           "terminal": terminal, "log": driver, **more})

    def attach(self, path=None, **want):
        return Client(path or self.doc["attach"], **want)

    def start(self):
        must("POST", "/tasks/%s/start" % self.id)

    def wait(self):
        return must("POST", "/tasks/%s/wait" % self.id)["exitStatus"]

    def kill(self):
        must("POST", "/tasks/%s/kill" % self.id, {"signal": 9, "all": True})

    def log(self):
        with open(self.logfile) as f:
            return [json.loads(line) for line in f]

    def text(self, stream="stdout"):
        return "".join(x["log"] for x in self.log() if x["stream"] == stream)

    def remove(self):
        must("DELETE", "/tasks/%s" % self.id)
        must("DELETE", "/containers/%s" % self.id)
        must("DELETE", "/snapshots/%s" % self.id)


class Client:
    def __init__(self, path, stdin=False, stdout=True, stderr=True):
        self.s = socket.socket(socket.AF_UNIX)
        self.s.settimeout(30)
        self.s.connect(path)
        self.s.sendall(json.dumps({"stdin": stdin, "stdout": stdout, "stderr": stderr}).encode() + b"\n")
        self.answer = b""
        while not self.answer.endswith(b"\n"):
            byte = self.s.recv(1)
            if not byte:
                break
            self.answer += byte

    def send(self, data):
        self.s.sendall(data)

    def half_close(self):
        self.s.shutdown(socket.SHUT_WR)

    def raw(self):
        parts = []
        while True:
            try:
                data = self.s.recv(1 << 16)
            except ConnectionResetError:
                data = b""
            if not data:
                return b"".join(parts)
            parts.append(data)

    def frames(self):
        data, out = self.raw(), {1: b"", 2: b""}
        while data:
            kind, size = struct.unpack(">B3xI", data[:8])
            out[kind] += data[8:8 + size]
            data = data[8 + size:]
        return out

    def until(self, mark):
        seen = b""
        while mark not in seen:
            data = self.s.recv(4096)
            if not data:
                break
            seen += data
        return seen


def streams():
    t = Task("streams", "echo out; echo err >&2; echo again")
    both, out, err = t.attach(), t.attach(stderr=False), t.attach(stdout=False)
    check("attached", b"{}\n", both.answer)
    t.start()
    check("both streams, framed", {1: b"out\nagain\n", 2: b"err\n"}, both.frames())
    check("stdout alone", {1: b"out\nagain\n", 2: b""}, out.frames())
    check("stderr alone", {1: b"", 2: b"err\n"}, err.frames())
    check("exit status", 0, t.wait())
    check("the log has both", ("out\nagain\n", "err\n"), (t.text(), t.text("stderr")))
    late = t.attach()
    check("attaching after the end", (b"{}\n", b""), (late.answer, late.raw()))
    t.remove()


def bad_hello():
    t = Task("hello", "sleep 60")
    s = socket.socket(socket.AF_UNIX)
    s.connect(t.doc["attach"])
    s.sendall(b"this is not JSON\n")
    check("a bad first line is refused", "invalid", json.loads(s.makefile().readline())["error"]["kind"])
    s = socket.socket(socket.AF_UNIX)
    s.connect(t.doc["attach"])
    s.sendall(b"x" * 5000)
    check("an endless first line too", "invalid", json.loads(s.makefile().readline())["error"]["kind"])
    t.start()
    t.kill()
    check("exit status", 137, t.wait())
    t.remove()


def half_close():
    t = Task("once", "cat; echo end", stdin=True, once=True)
    c = t.attach(stdin=True)
    t.start()
    c.send(b"some input\n")
    c.half_close()
    check("half-close ends the input, not the output", {1: b"some input\nend\n", 2: b""}, c.frames())
    t.wait()
    t.remove()

    t = Task("many", "read a; echo $a; read b; echo $b; echo end", stdin=True)
    first = t.attach(stdin=True)
    t.start()
    first.send(b"one\n")
    first.half_close()
    first.until(b"one\n")
    second = t.attach(stdin=True)
    second.send(b"two\n")
    check("without stdinOnce the next client's input is taken", b"two\nend\n", second.frames()[1])
    check("and the first still gets output", b"two\nend\n", first.frames()[1])
    t.wait()
    t.remove()

    t = Task("none", "cat; echo no input")
    c = t.attach(stdin=True)
    c.send(b"ignored")  # before the start: the end of the container is soon that of the connection
    t.start()
    check("without stdin there is none", b"no input\n", c.frames()[1])
    t.wait()
    t.remove()

    t = Task("big", "wc -c", stdin=True, once=True)
    c = t.attach(stdin=True)
    t.start()
    c.send(b"x" * (MEGABYTES << 20))
    c.half_close()
    check("much input, all of it", b"%d\n" % (MEGABYTES << 20), c.frames()[1])
    t.wait()
    t.remove()


def slow_clients():
    amount = MEGABYTES << 20
    t = Task("slow", "head -c %d /dev/zero | tr '\\0' x; echo; echo done" % amount)
    stuck, late, gone, slow = t.attach(), t.attach(), t.attach(), t.attach()
    t.start()
    gone.s.close()
    got = []

    def read_slowly():
        data, total = b"", 0
        slow.s.settimeout(60)
        while True:
            data = slow.s.recv(200000)
            if not data:
                break
            total += len(data)
            time.sleep(0.002)
        got.append(total)

    reader = threading.Thread(target=read_slowly)
    reader.start()
    began = time.time()
    check("those that do not read do not hold up the container", 0, t.wait())
    check("at all", True, time.time() - began < 4)
    check("the log is whole", "x" * amount + "\ndone\n", t.text())
    reader.join()
    whole = b"x" * amount + b"\ndone\n"
    check("a slow one gets every byte", True, got[0] > amount)
    check("one that begins to read after the end too", True, stuck.frames()[1] == whole)
    t.remove()
    check("and one that begins after the task was deleted", True, late.frames()[1] == whole)
    check("what they had yet to read was in no file that has a name", [],
          [n for n in os.listdir(HERE) if n.startswith("#") or "spill" in n])


def terminal():
    t = Task("tty", "stty size; read x; echo got $x; stty size", stdin=True, terminal=True, consoleSize=[33, 101])
    c = t.attach(stdin=True)
    t.start()
    check("a terminal has the size it was created with", b"33 101", c.until(b"\n").strip())
    must("POST", "/tasks/%s/resize" % t.id, {"width": 77, "height": 11})
    c.send(b"typed\n")
    rest = c.raw().replace(b"\r", b"")
    check("its bytes come unframed, echoed, resized", b"typed\ngot typed\n11 77\n", rest)
    check("exit status", 0, t.wait())
    check("the log has them as stdout", True, "got typed" in t.text())
    check("resize without a terminal is refused", 409, resize_plain())
    t.remove()


def resize_plain():
    t = Task("plain", "sleep 60")
    status, _ = api("POST", "/tasks/%s/resize" % t.id, {"width": 1, "height": 1})
    t.remove()
    return status


def execs():
    t = Task("exec", "sleep 60")
    t.start()
    path = "/tasks/%s/execs" % t.id
    made = must("POST", path, {"execID": "held", "attach": True,
                               "process": {"args": ["sh", "-c", "echo early; echo err >&2; exit 3"]}})
    must("POST", path + "/held/start")
    time.sleep(0.5)
    check("an exec's output waits for its client", {1: b"early\n", 2: b"err\n"}, t.attach(made["attach"]).frames())
    check("its exit status", 3, must("POST", path + "/held/wait")["exitStatus"])
    must("DELETE", path + "/held")
    must("POST", path, {"execID": "loose", "attach": False,
                        "process": {"args": ["sh", "-c", "head -c 1000000 /dev/zero"]}})
    must("POST", path + "/loose/start")
    check("one without a client does not block", 0, must("POST", path + "/loose/wait")["exitStatus"])
    check("a name that is taken", 409, api("POST", path, {"execID": "loose", "process": {"args": ["true"]}})[0])
    must("DELETE", path + "/loose")
    made = must("POST", path, {"execID": "tty", "attach": True, "stdin": True, "terminal": True,
                               "consoleSize": [5, 6], "process": {"args": ["sh", "-c", "stty size; read x; exit $x"]}})
    c = t.attach(made["attach"], stdin=True)
    must("POST", path + "/tty/start")
    check("an exec's terminal", b"5 6", c.until(b"\n").strip())
    c.send(b"12\n")
    c.raw()
    check("its exit status", 12, must("POST", path + "/tty/wait")["exitStatus"])
    must("DELETE", path + "/tty")
    made = must("POST", path, {"execID": "kill", "process": {"args": ["sleep", "50"]}})
    must("POST", path + "/kill/start")
    check("a running exec is not deleted", 409, api("DELETE", path + "/kill")[0])
    must("POST", path + "/kill/kill", {"signal": "SIGKILL"})
    check("an exec that is killed", 137, must("POST", path + "/kill/wait")["exitStatus"])
    must("DELETE", path + "/kill")
    check("a deleted exec is gone", 404, api("GET", path + "/kill")[0])
    status, doc = api("POST", path, {"execID": "user", "user": "nobody-here", "process": {"args": ["id"]}})
    check("an unknown user", (400, "unable to find user nobody-here" in doc["error"]["message"]), (status, True))
    t.kill()
    t.wait()
    t.remove()


def grandchild():
    t = Task("grandchild", "sleep 60")
    t.start()
    path = "/tasks/%s/execs" % t.id
    must("POST", path, {"execID": "leaves", "attach": False, "process": {"args": ["sh", "-c", "sleep 30 & exit 4"]}})
    began = time.time()
    must("POST", path + "/leaves/start")
    check("a child that holds the output open does not hide the end", 4,
          must("POST", path + "/leaves/wait")["exitStatus"])
    check("for long", True, time.time() - began < 5)
    t.kill()
    t.wait()
    t.remove()


def no_log():
    t = Task("nolog", "echo x", log=False)
    c = t.attach()
    t.start()
    check("without a log there are still clients", b"x\n", c.frames()[1])
    t.wait()
    check("and no file", False, os.path.exists(t.logfile))
    t.remove()


def cri_log():
    """Kubernetes' format, and its rotation: the file is renamed, then asked for anew."""
    t = Task("cri", "echo one; echo err >&2; read x; printf 'two, no end'", stdin=True, format="cri")
    t.start()
    c = t.attach(stdin=True)
    until = time.time() + 10
    while time.time() < until and len(lines(t.logfile)) < 2:
        time.sleep(0.02)
    os.rename(t.logfile, t.logfile + ".1")
    must("POST", "/tasks/%s/reopen-log" % t.id)
    c.send(b"go\n")
    t.wait()
    check("the CRI's lines", [["stderr", "F", "err"], ["stdout", "F", "one"]],
          sorted(line.split(" ", 3)[1:] for line in lines(t.logfile + ".1")))
    check("after a rotation, and a last line without its end", [["stdout", "P", "two, no end"]],
          [line.split(" ", 3)[1:] for line in lines(t.logfile)])
    t.remove()


def full_disk():
    """No room for the log for a while, and a shim that is told to stop: nothing is lost, nothing twice."""
    place = HERE + "/small"
    os.mkdir(place)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "small", place], check=True)
    n = 20000  # more than the small disk and a pipe hold
    t = Task("full", "i=0; while [ $i -lt %d ]; do echo line $i; i=$((i+1)); done; exit 9" % n, where=place)
    with open("%s/run-containerd/default/%s/shim.pid" % (HERE, t.id)) as f:
        shim = int(f.read())
    t.start()
    until = time.time() + 30
    while time.time() < until and os.statvfs(place).f_bavail > 1:
        time.sleep(0.05)
    for sig in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        os.kill(shim, sig)
    time.sleep(0.5)
    check("a writer waits for the disk", "running", must("GET", "/tasks/%s" % t.id)["status"])
    whole = open(t.logfile, "rb").read()
    check("and no line of the log is torn meanwhile", b"\n", whole[-1:])
    subprocess.run(["mount", "-o", "remount,size=16m", place], check=True)
    check("it goes on when there is room", 9, t.wait())
    check("every line is there once, in order", ["line %d\n" % i for i in range(n)], [x["log"] for x in t.log()])
    t.remove()
    subprocess.run(["umount", place], check=True)


def lines(path):
    with open(path) as f:
        return f.read().splitlines()


def out_of_memory():
    """The kernel kills a process that is not the container's first: told at once, and remembered."""
    t = Task("oom", "(x=0123456789; while :; do x=$x$x; done); echo survived; read x", stdin=True, memory=16 << 20)
    events = Unix("containerd", timeout=60)
    events.request("GET", "/v1/events")
    stream = events.getresponse()
    c = t.attach(stdin=True)
    t.start()
    seen = c.until(b"survived")
    if b"survived" not in seen:
        check("the container survives", b"survived", seen)
    told = {}
    while told.get("topic") != "/tasks/oom":
        told = json.loads(stream.readline())
    check("an event tells while the container runs", t.id, told["event"]["containerID"])
    check("and so does the task", (True, "running"),
          (lambda d: (d["oomKilled"], d["status"]))(must("GET", "/tasks/%s" % t.id)))
    c.send(b"end\n")
    check("and its end", True, must("POST", "/tasks/%s/wait" % t.id)["oomKilled"])
    events.close()
    t.remove()


def operations():
    t = Task("ops", "sleep 60", memory=64 << 20)
    t.start()
    path = "/tasks/%s" % t.id
    must("POST", path + "/execs", {"execID": "look", "process": {"args": ["sleep", "50"]}})
    pid = must("POST", path + "/execs/look/start")["pid"]
    pids = must("GET", path + "/pids")
    check("processes, and which exec", [{"pid": pid, "execID": "look"}], [p for p in pids if "execID" in p])
    check("and init", True, {"pid": must("GET", path)["pid"]} in pids)
    check("execs are listed", ["look"], [e["execID"] for e in must("GET", path + "/execs")])
    must("POST", path + "/update", {"resources": {"memory": {"limit": 32 << 20}}})
    check("an update reaches the kernel", 32 << 20, must("GET", path + "/metrics")["memoryLimit"])
    check("stats have what runc's have", {"cpu", "memory", "pids", "blkio", "hugetlb", "cpuset"},
          set(must("GET", path + "/stats")))
    check("and the same numbers", 32 << 20, must("GET", path + "/stats")["memory"]["usage"]["limit"])
    check("an update that is none", 400, api("POST", path + "/update", {"resources": 3})[0])
    check("a checkpoint into nowhere", 400, api("POST", path + "/checkpoint", {})[0])
    t.kill()
    t.wait()
    t.remove()


def rotation():
    name, rotated = "%s/rotated.json" % HERE, UNIQUE + "-rotated"
    spec = json.loads(json.dumps(SPEC))
    spec["process"]["args"] = ["sh", "-c", "i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done"]
    spec["linux"]["cgroupsPath"] = "/default/" + rotated
    must("POST", "/snapshots/prepare", {"key": rotated, "parent": PARENT})
    must("POST", "/containers", {"id": rotated, "snapshotKey": rotated, "spec": spec})
    must("POST", "/tasks", {"containerID": rotated,
                            "log": {"driver": "json-file", "path": name, "maxSize": 50000, "maxFile": 4}})
    must("POST", "/tasks/%s/start" % rotated)
    must("POST", "/tasks/%s/wait" % rotated)
    files = [name + s for s in (".3", ".2", ".1", "")]
    lines = []
    for f in files:
        if os.path.exists(f):
            with open(f) as h:
                lines += [json.loads(x)["log"] for x in h]
    check("a rotated log is whole and in order", ["line %d\n" % i for i in range(2000)], lines)
    check("its files are as small as was asked", True, all(os.path.getsize(f) < 51000 for f in files if os.path.exists(f)))
    must("DELETE", "/tasks/" + rotated)
    must("DELETE", "/containers/" + rotated)
    must("DELETE", "/snapshots/" + rotated)


for test in (streams, bad_hello, half_close, terminal, execs, grandchild, no_log, rotation, cri_log,
             out_of_memory, operations, full_disk, slow_clients):
    test()
sys.exit(1 if failed else 0)
