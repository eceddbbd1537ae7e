#!/usr/bin/env python3
"""registry.py - what a registry serves and takes: ours, side by side with Debian's docker-registry.

    make bench BENCH=registry [REGISTRY_ROUNDS=N] [SECONDS=1] [QUICK=1] [ONLY="blob 1 KB"]

Both run as they come, access log and all, on stores of their own on the disk that TMPDIR is on, and one client
(load.h) asks both the same. A GET is asked for again and again, for SECONDS, on as many connections as
there are clients, which are kept; what is asked for is in the page cache. A push is of blobs
that nobody has seen yet, by POST and PUT; the times are until the last one is acknowledged.

`CPU` is what the server's process itself used for one request. On a machine with few processors the client
takes its share, and where others are busy the throughput says little: the CPU is the steadier number.

Memory is the process's proportional set size (PSS, proc(5)): at rest, before the first request; and the most
that was seen while all of the above went on.

A third one is the floor (load_serve.c): a server that does what any registry must, and nothing else. What the kernel and
the client take is in its numbers too; where it is no faster than a goal, the goal cannot be met here.

A goal that is missed is said to be, no more.
"""

import hashlib
import http.client
import json
import os
import shutil
import subprocess
import sys
import threading
import time

import bench
from bench import TOP, Case, Failed

QUICK = bool(os.environ.get("QUICK"))
ROUNDS = int(os.environ.get("REGISTRY_ROUNDS") or (1 if QUICK else 5))
SECONDS = float(os.environ.get("SECONDS") or (0.2 if QUICK else 1))
ONLY = os.environ.get("ONLY", "")
LOAD = os.path.join(bench.HERE, "build/load")

LARGE = (5 if QUICK else 100) * 1000 * 1000
SMALL, SMALL_COUNT, AT_ONCE = 4000, 100 if QUICK else 1000, 8
BLOBS = {"blob 1 KB": 1000, "blob 1 MB": 1000 * 1000, "blob 100 MB": LARGE}
MANIFEST = "manifest"
CLIENTS = (1, 16, 128)
PUSH_LARGE, PUSH_SMALL = "push 100 MB", f"push {SMALL_COUNT} small blobs, {AT_ONCE} at a time"
REST, PEAK = "memory at rest", "memory, most"
OCI = "application/vnd.oci.image.manifest.v1+json"


def cpu_of(row):
    return row + ", CPU"


def get_row(what, clients):
    return f"{what}, {clients} client{'s' if clients > 1 else ''}"


GETS = [get_row(what, clients) for what in (*BLOBS, MANIFEST) for clients in CLIENTS]
PUSHES = [PUSH_LARGE, PUSH_SMALL]


# --- the programs -------------------------------------------------------------------------------------


class Registry:
    """A registry that runs, and what there is in it to be asked for."""

    def __init__(self, place, name, port, argv):
        self.place, self.name, self.port = place, name, str(port)
        self.paths, self.peak, self.sizes = {}, 0, {}
        self.process = subprocess.Popen(argv, stdin=bench.NULL, stdout=place.log, stderr=place.log,
                                        env=bench.ENVIRONMENT)
        self.wait_until_it_serves(argv[0])
        time.sleep(0.2)
        self.rest = self.memory()

    def wait_until_it_serves(self, program):
        for _ in range(100):
            try:
                if self.process.poll() is None and self.ask("GET", "/v2/").status == 200:
                    return
            except OSError:
                pass
            time.sleep(0.1)
        raise Failed(f"{program} does not serve")

    def ask(self, method, path, body=b"", **headers):
        connection = http.client.HTTPConnection("127.0.0.1", int(self.port), timeout=60)
        connection.request(method, path, body, headers)
        reply = connection.getresponse()
        reply.body = reply.read()
        connection.close()
        return reply

    def push(self, what, data):
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        where = self.ask("POST", "/v2/bench/blobs/uploads/").getheader("Location")
        where = where[where.index("/v2/"):] + ("&" if "?" in where else "?") + "digest=" + digest
        self.must_be(201, self.ask("PUT", where, data))
        self.paths[what], self.sizes[what] = "/v2/bench/blobs/" + digest, len(data)
        return {"mediaType": "application/octet-stream", "digest": digest, "size": len(data)}

    def fill(self, blobs):
        """The blobs, and a manifest that has the smallest for its config and its layer."""
        parts = [self.push(what, data) for what, data in blobs.items()]
        text = json.dumps({"schemaVersion": 2, "mediaType": OCI, "config": parts[0], "layers": parts[:1]}).encode()
        self.must_be(201, self.ask("PUT", "/v2/bench/manifests/latest", text, **{"Content-Type": OCI}))
        self.paths[MANIFEST], self.sizes[MANIFEST] = "/v2/bench/manifests/latest", len(text)
        for what, data in {**blobs, MANIFEST: text}.items():
            if self.ask("GET", self.paths[what], Accept=OCI).body != data:
                raise Failed(f"{self.name}: {what} came back as something else")

    def must_be(self, status, reply):
        if reply.status != status:
            raise Failed(f"{self.name}: {reply.status} instead of {status}: {reply.body[:200]}")

    def memory(self):
        """KiB of PSS now."""
        with open(f"/proc/{self.process.pid}/smaps_rollup", encoding="ascii") as f:
            return next(int(line.split()[1]) for line in f if line.startswith("Pss:"))

    def processor(self):
        """Seconds that the process has had a processor for: by its own clock (clock_getcpuclockid(3))."""
        return time.clock_gettime(~self.process.pid << 3 | 2)

    def watched(self, argv):
        """What the client says, and the processor time that this cost the server; its memory is looked at meanwhile."""
        over = threading.Event()

        def watch():
            while not over.wait(0.05):
                self.peak = max(self.peak, self.memory())
        watcher = threading.Thread(target=watch)
        before = self.processor()
        watcher.start()
        try:
            words = [float(word) for word in bench.output(self.place, argv).split()]
        finally:
            over.set()
            watcher.join()
        return words, self.processor() - before


def start_ours(place, disk):
    return Registry(place, "ours", 5001, [TOP + "/06-registry/registry", "--root", disk + "/ours",
                                          "--addr", "127.0.0.1:5001"])


def start_theirs(place, disk):
    """With Debian's configuration, but for its place, its port, and its login."""
    program = shutil.which("docker-registry")
    if not program:
        raise Failed("docker-registry is not installed, skipped")
    config = place.path("registry.yml")
    with open(config, "w", encoding="ascii") as f:
        f.write("version: 0.1\nlog: {fields: {service: registry}}\n"
                "storage:\n  cache: {blobdescriptor: inmemory}\n  delete: {enabled: true}\n"
                f"  filesystem: {{rootdirectory: {disk}/theirs}}\n"
                "http:\n  addr: '127.0.0.1:5002'\n  headers: {X-Content-Type-Options: [nosniff]}\n"
                "health: {storagedriver: {enabled: true, interval: 10s, threshold: 3}}\n")
    return Registry(place, "docker-registry", 5002, [program, "serve", config])


def start_floor(place, disk):
    os.mkdir(disk + "/floor")
    return Registry(place, "floor", 5003, [LOAD, "serve", "5003", disk + "/floor"])


# --- what is measured ----------------------------------------------------------------------------------


def get(registry, what, clients):
    """Requests per second, and processor seconds for each."""
    (received, seconds), used = registry.watched(
        [LOAD, "get", registry.port, registry.paths[what], OCI, str(clients), str(SECONDS)])
    requests = received / registry.sizes[what]
    if not requests:
        raise Failed(f"not one answer in {seconds:.1f} s")
    return requests / seconds, used / requests


def push(registry, count, size, at_once):
    os.sync()
    (seconds,), used = registry.watched([LOAD, "push", registry.port, "bench/push", str(count), str(size), str(at_once)])
    return seconds, used / count


def make_cases(programs):
    cases = []
    for what in (*BLOBS, MANIFEST):
        for clients in CLIENTS:
            row = get_row(what, clients)
            cases.append(Case((row, cpu_of(row)), lambda p, w=what, c=clients: get(p, w, c), programs))
    for row, amount in ((PUSH_LARGE, (1, LARGE, 1)), (PUSH_SMALL, (SMALL_COUNT, SMALL, AT_ONCE))):
        cases.append(Case((row, cpu_of(row)), lambda p, a=amount: push(p, *a), programs))
    return [case for case in cases if ONLY in case.rows[0]]


# --- what is told -----------------------------------------------------------------------------------------


def amounts(samples, row, program):
    values = samples[row][program]
    return bench.with_spread(values, "{:.0f}" if row in GETS else "{:.3f}")


def gains(samples, row, ours, theirs):
    """How many times better, round by round: more requests, or less time."""
    a, b = samples[row][ours], samples[row][theirs]
    return bench.ratios(a, b) if row in GETS else bench.ratios(b, a)


def print_amounts(samples, programs):
    lines = []
    for row in (row for row in (*GETS, *PUSHES) if row in samples):
        lines.append([row, "1/s" if row in GETS else "s", *(amounts(samples, row, p) for p in programs),
                      *(bench.with_spread(samples[cpu_of(row)][p], "{:.0f}", 1e6) for p in programs)])
    bench.table(["median [quartiles]", "", *(p.name for p in programs), *(p.name + ": CPU, us" for p in programs)], lines)
    print()
    for row, values in ((REST, [p.rest for p in programs]), (PEAK, [p.peak for p in programs])):
        print(f"{row}: " + ", ".join(f"{p.name} {kib / 1024:.1f} MiB" for p, kib in zip(programs, values)))
    print()


def verdict(value, goal, at_most=False):
    return "met" if (value <= goal if at_most else value >= goal) else "missed"


def print_goals(samples, ours, theirs, floor):
    lines = []
    for row in (row for row in (*GETS, *PUSHES) if row in samples):
        goal, times = 3 if row in GETS else 2, gains(samples, row, ours, theirs)
        if times:
            lines.append([row, f"{goal} times", bench.with_spread(times),
                          bench.with_spread(gains(samples, cpu_of(row), ours, theirs)),
                          bench.with_spread(gains(samples, row, floor, theirs)),
                          bench.with_spread(gains(samples, cpu_of(row), floor, theirs)),
                          verdict(bench.quartiles(times)[1], goal)])
    for row, a, b, least in ((REST, ours.rest, theirs.rest, floor.rest), (PEAK, ours.peak, theirs.peak, floor.peak)):
        if b:
            lines.append([row, "0.1", f"{a / b:.2f}", "", f"{least / b:.2f}", "", verdict(a / b, 0.1, at_most=True)])
    bench.table([f"{ours.name}, to {theirs.name}", "goal", "it is", "by CPU", "the floor", "by CPU", ""], lines)


# --- the whole ----------------------------------------------------------------------------------------------


def main():
    place = bench.enter(disk=True)
    try:
        return measure(place, os.environ["DOCKYARD_BENCH_DISK"])
    except (Failed, OSError) as why:
        print("bench:", why, file=sys.stderr)
        return 1
    finally:
        bench.leave(place)


def measure(place, disk):
    programs, absent = [start_ours(place, disk), start_floor(place, disk)], None
    try:
        programs.append(start_theirs(place, disk))
    except Failed as why:
        absent = str(why)
        print("docker-registry:", absent)
    blobs = {what: os.urandom(size) for what, size in BLOBS.items()}
    for p in programs:
        p.fill(blobs)
    noise = bench.Noise()
    samples, failed = bench.run_rounds(make_cases(programs), ROUNDS, 0 if QUICK else 1)
    print()
    print_amounts(samples, programs)
    if not absent:
        ours, floor, theirs = programs
        print_goals(samples, ours, theirs, floor)
        print()
    steady = next(iter(samples.values()))[programs[0]]
    noise.report(steady or [1.0])
    for (p, rows), why in failed.items():
        print(f"{p.name}: {', '.join(rows)}: could not be measured: {why}")
    return 1 if failed or (absent and "skipped" not in absent) else 0


if __name__ == "__main__":
    sys.exit(main())
