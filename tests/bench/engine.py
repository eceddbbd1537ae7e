#!/usr/bin/env python3
"""engine.py - what a container costs through the Docker Engine API: the same real docker CLI with our
dockerd, and with the real one where it is installed.

    make bench BENCH=engine [ENGINE_ROUNDS=N] [QUICK=1] [ONLY=run]

Each daemon stands on a containerd of its own, has a root of its own, in memory, a bridge of its own, and the same
image. `run` is one `docker run --rm busybox true`, client and all; `exec` one in a container that runs, and `exec, asked
of the API` what the client's own start is no part of: made, started, read to its end, inspected; `own client` is each
daemon's with the client that comes with it, which is what its user sees; `ps` a list
of many containers, `list` the answer for a thousand without a client around it; `start` of many created ones has
eight clients at a time. Memory is what dockerd and its containerd
have resident together (VmRSS), without the shims.

A goal that is missed is said to be, no more; what is installed and could not be measured ends with status 1.
"""

import concurrent.futures
import http.client
import json
import os
import shutil
import socket
import sys
import time

import bench
import start
from bench import TOP, Case, Failed, output, timed

QUICK = bool(os.environ.get("QUICK"))
ROUNDS = int(os.environ.get("ENGINE_ROUNDS") or (1 if QUICK else 10))
ONLY = os.environ.get("ONLY", "")
LISTED = 4 if QUICK else 200
MANY = 3 if QUICK else 50
CROWD = 10 if QUICK else 1000
AT_ONCE = 8
IDLE_SECONDS = 10

RUN, BARE, CREATE, EXEC = ["run, bridge"], ["run, no network"], ["create"], ["exec"]
OWN_RUN, OWN_EXEC = ["run, own client"], ["exec, own client"]
ASKED = ["exec, asked of the API"]
PS, START = [f"ps, {LISTED} containers"], [f"start of {MANY}, {AT_ONCE} at a time"]
LIST = [f"list, {CROWD} containers"]
IDLE, KEPT = ["idle: memory"], [f"{MANY} containers: memory"]
ROWS = [*RUN, *BARE, *OWN_RUN, *CREATE, *EXEC, *OWN_EXEC, *ASKED, *PS, *LIST, *START, *IDLE, *KEPT]
GOALS = [(RUN[0], 0.2), (BARE[0], 0.2), (EXEC[0], 0.25), (LIST[0], 0.5), (IDLE[0], 0.08), (KEPT[0], 0.08)]


# --- the programs -------------------------------------------------------------------------------------


class Api(http.client.HTTPConnection):
    """Asked without a client program: a connection to the socket."""

    def __init__(self, path):
        super().__init__("docker")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)

    def ask(self, method, path, body=None):
        self.request(method, path, body and json.dumps(body), {"Content-Type": "application/json"})
        reply = self.getresponse()
        data = reply.read()
        if reply.status >= 300:
            raise Failed(f"{method} {path}: {reply.status} {data[:200]}")
        return data


class Engine(start.Program):
    """A dockerd and the containerd under it, and the real client for both."""

    def __init__(self, place, name, cli, containerd, dockerd):
        super().__init__(place, name, cli)
        self.containerd, self.dockerd, self.running = containerd, dockerd, None

    def command(self, *words, client=None):
        return [client or self.path, "-H", f"unix://{self.place.path(self.name + '-docker.sock')}", *words]

    def own_client(self):
        return TOP + "/05-cli/docker"

    def serve(self):
        p = self.place.path
        self.containerd.serve()
        self.pid = start.launch(self.place, [
            self.dockerd, "--data-root", p(self.name + "-docker"), "--exec-root", p(self.name + "-exec"),
            "-H", f"unix://{p(self.name + '-docker.sock')}", "--pidfile", p(self.name + ".pid"),
            "--containerd", self.containerd.socket, "--registry-mirror", "http://" + start.REGISTRY, *self.options()])
        start.wait_for(self.name, lambda: start.succeeds(self.command("version")), 40)
        timed(self.place, self.command("pull", "busybox"))
        self.running = self.sleeping()

    def options(self):
        return ["--bip", "172.29.0.1/16"]

    def run(self, *options, client=None):
        return timed(self.place, self.command("run", "--rm", *options, "busybox", "true", client=client))

    def sleeping(self):
        return output(self.place, self.command("run", "-d", "busybox", "sleep", "1000000")).strip()

    def created(self):
        return output(self.place, self.command("create", "busybox", "sleep", "1000000")).strip()

    def remove(self, names):
        timed(self.place, self.command("rm", "-f", *names))

    def create(self):
        begin = time.perf_counter()
        name = self.created()
        took = time.perf_counter() - begin
        self.remove([name])
        return took

    def exec(self, client=None):
        return timed(self.place, self.command("exec", self.running, "true", client=client))

    def exec_asked(self):
        sock = self.place.path(self.name + "-docker.sock")
        begin = time.perf_counter()
        api = Api(sock)
        made = json.loads(api.ask("POST", f"/containers/{self.running}/exec",
                                  {"Cmd": ["true"], "AttachStdout": True, "AttachStderr": True}))["Id"]
        Api(sock).ask("POST", f"/exec/{made}/start", {"Detach": False, "Tty": False})
        code = json.loads(api.ask("GET", f"/exec/{made}/json"))["ExitCode"]
        took = time.perf_counter() - begin
        if code != 0:
            raise Failed(f"the exec's exit status is {code}")
        return took

    def start_many(self):
        """Seconds until all are started, and KiB of the daemons then."""
        names = [self.created() for _ in range(MANY)]
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as clients:
            begin = time.perf_counter()
            list(clients.map(lambda name: timed(self.place, self.command("start", name)), names))
            took = time.perf_counter() - begin
        amount = self.idle()
        self.remove(names)
        return took, amount

    def ps(self):
        names = [self.created() for _ in range(LISTED)]
        best = min(timed(self.place, self.command("ps", "-a")) for _ in range(5))
        self.remove(names)
        return (best,)

    def list(self):
        api = Api(self.place.path(self.name + "-docker.sock"))
        names = [json.loads(api.ask("POST", "/containers/create", {"Image": "busybox"}))["Id"] for _ in range(CROWD)]
        took = []
        for _ in range(5):
            begin = time.perf_counter()
            listed = api.ask("GET", "/containers/json?all=1")
            took.append(time.perf_counter() - begin)
        if len(json.loads(listed)) < CROWD:
            raise Failed(f"{len(json.loads(listed))} of {CROWD} containers are listed")
        for name in names:
            api.ask("DELETE", "/containers/" + name)
        return (min(took),)

    def idle(self):
        return sum(start.status_kib(pid, "VmRSS") for pid in (self.pid, self.containerd.pid))


class RealEngine(Engine):
    def own_client(self):
        return self.path

    def options(self):
        return ["--bip", "172.28.0.1/16", "--cgroup-parent", self.place.group, "--exec-opt", "native.cgroupdriver=cgroupfs"]


def find_engines(place):
    cli = start.outside("docker")
    if not cli:
        raise Failed("no real docker CLI is installed, which both daemons are asked by")
    found = [Engine(place, "ours", cli, start.Ours(place), TOP + "/04-dockerd/dockerd")]
    ctr = start.outside("ctr")
    if ctr and shutil.which("containerd") and shutil.which("dockerd"):
        found.append(RealEngine(place, "docker", cli, start.RealCtr(place, ctr), shutil.which("dockerd")))
    return found


# --- what is measured, and told --------------------------------------------------------------------------


def make_cases(engines):
    rarely = max(1, ROUNDS // 3)
    cases = [
        Case(RUN, lambda e: (e.run(),), engines),
        Case(BARE, lambda e: (e.run("--network", "none"),), engines),
        Case(OWN_RUN, lambda e: (e.run(client=e.own_client()),), engines),
        Case(CREATE, lambda e: (e.create(),), engines),
        Case(EXEC, lambda e: (e.exec(),), engines),
        Case(OWN_EXEC, lambda e: (e.exec(client=e.own_client()),), engines),
        Case(ASKED, lambda e: (e.exec_asked(),), engines),
        Case(PS, lambda e: e.ps(), engines, every=rarely),
        Case(LIST, lambda e: e.list(), engines, every=ROUNDS),
        Case(START + KEPT, lambda e: e.start_many(), engines, every=rarely),
    ]
    return [case for case in cases if any(ONLY in row for row in case.rows)]


def print_goals(samples, ours, real):
    lines = []
    for row, at_most in (goal for goal in GOALS if goal[0] in samples):
        values = bench.ratios(samples[row].get(ours, []), samples[row].get(real, []))
        verdict = "not measured" if not values else "met" if bench.quartiles(values)[1] <= at_most else "missed"
        lines.append([row, f"{at_most} of docker", bench.with_spread(values), verdict])
    bench.table(["goal: at most", "", "it is", ""], lines)


def measure(place):
    start.serve_image(place)
    engines, failed = find_engines(place), {}
    for e in list(engines):
        try:
            e.serve()
            print(f"{e.name}: {e.dockerd}, asked by {e.path} ({e.version()})")
        except Failed as why:
            failed[e] = str(why)
            engines.remove(e)
    if len(engines) + len(failed) == 1:
        print("docker: dockerd or its containerd is not installed, skipped")
    samples, broken = bench.run_rounds(make_cases(engines), ROUNDS, 1)
    failed.update({e: f"{', '.join(rows)}: {why}" for (e, rows), why in broken.items()})
    if ONLY in IDLE[0]:
        for e in engines:
            e.remove([e.running])
        time.sleep(IDLE_SECONDS)
        samples[IDLE[0]] = {e: [e.idle()] for e in engines}
    print()
    start.print_amounts(samples, engines, ROWS)
    print()
    ours, real = engines[0] if engines else None, engines[-1] if engines else None
    print_goals(samples, ours, real if real is not ours else None)
    for e, why in failed.items():
        print(f"{e.name}: could not be measured: {why}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(start.main(measure))
