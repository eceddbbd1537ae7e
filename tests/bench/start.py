#!/usr/bin/env python3
"""start.py - what it costs to start a container and to keep it: our containerd, side by side with
what is installed of containerd, docker and podman.

    make bench [START_ROUNDS=N] [QUICK=1] [ONLY=run]

Each daemon has a root of its own, in memory, and the same image, busybox without a network; so what is
measured is the work of daemons, shims and runtimes, and no disk. `run` is one `run --rm IMAGE true`,
client and all. `idle` is what a daemon has resident when nothing runs (VmRSS, with the pages of libraries that
it shares), and `shim` what one running container's shim has for itself alone (Private_* of smaps_rollup).
`restart` is from the start of our containerd, with that many containers running, until it answers and knows
them all; the real one is not asked for it, since it does not look for its shims before it answers.

A goal that is missed is said to be, no more; what is installed and could not be measured ends with status 1.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

import bench
from bench import TOP, Case, Failed, output, timed

QUICK = bool(os.environ.get("QUICK"))
ROUNDS = int(os.environ.get("START_ROUNDS") or (1 if QUICK else 5))  # 0: nothing is measured
ONLY = os.environ.get("ONLY", "")
MANY = 2 if QUICK else 50
IDLE_SECONDS = 12
TASKS = 10 if QUICK else 500
IMAGE = "docker.io/library/busybox:latest"
REGISTRY = "127.0.0.1:5000"

RUN, SEQUENCE = ["run"], [f"{MANY} in sequence"]
IDLE, SHIM, RESTART = ["idle: memory"], ["shim: memory"], [f"restart, {TASKS} containers"]
ROWS = [*RUN, *SEQUENCE, *IDLE, *SHIM, *RESTART]
GOALS = [  # row, of which program's; or in MiB or seconds
    (RUN[0], "ctr", 0.3), (SEQUENCE[0], "ctr", 0.3),
    (IDLE[0], None, 5 * 1024), (SHIM[0], None, 300), (RESTART[0], None, 1.0),
]


# --- the image -------------------------------------------------------------------------------------


def image_layout():
    """The directory of the image as an OCI layout, made by tests/images."""
    made = subprocess.run([TOP + "/tests/images/image", "busybox"], capture_output=True, text=True, check=False)
    if made.returncode:
        raise Failed("tests/images/image busybox: " + made.stderr.strip())
    return made.stdout.strip()


def image_archive(place):
    """The same as one file for `ctr images import` and `podman load`: named in its index, and for docker in
    a manifest.json too."""
    layout = image_layout()
    copy = place.path("image")
    shutil.copytree(layout, copy)
    with open(copy + "/index.json", encoding="utf-8") as f:
        index = json.load(f)
    for entry in index["manifests"]:
        entry["annotations"] = {"io.containerd.image.name": IMAGE, "org.opencontainers.image.ref.name": "latest"}
    with open(copy + "/index.json", "w", encoding="utf-8") as f:
        json.dump(index, f)
    subprocess.run(["tar", "-cf", place.path("image.tar"), "-C", copy, "."], check=True)
    return place.path("image.tar")


def blob(layout, descriptor):
    return f"{layout}/blobs/" + descriptor["digest"].replace(":", "/")


def image_layer(place):
    """Its one layer, for `docker import`."""
    layout = place.path("image")
    with open(layout + "/index.json", encoding="utf-8") as f:
        document = json.load(f)
    while "manifests" in document:
        with open(blob(layout, document["manifests"][0]), encoding="utf-8") as f:
            document = json.load(f)
    return blob(layout, document["layers"][0])


# --- the place ---------------------------------------------------------------------------------------


def mount_hierarchies():
    """Version 1: every hierarchy that the kernel has, on a tmpfs of our own, since crun and podman want them
    all and leave plain files where one is missing."""
    if os.path.exists(bench.CGROUPS + "/cgroup.controllers"):
        return
    with open("/proc/self/cgroup", encoding="ascii") as f:
        together = [line.split(":")[1] for line in f]
    mounted = {name for names in together for name in names.split(",")}
    with open("/proc/cgroups", encoding="ascii") as f:
        known = [line.split()[0] for line in f if line.split()[3] == "1"]
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "cgroups", bench.CGROUPS], check=True)
    for names in [n for n in together if n] + [n for n in known if n not in mounted and n != "perf_event"]:
        where = f"{bench.CGROUPS}/{names.removeprefix('name=')}"
        os.mkdir(where)
        if not succeeds(["/bin/mount", "-t", "cgroup", "-o", names, "none", where]):
            os.rmdir(where)
    os.mkdir(bench.CGROUPS + "/unified")
    subprocess.run(["mount", "-t", "cgroup2", "none", bench.CGROUPS + "/unified"], check=True)


# --- the programs -----------------------------------------------------------------------------------


def launch(place, argv):
    return bench.start(place, argv)


def wait_for(what, ready, seconds=20):
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise Failed(f"{what} does not answer")
        time.sleep(0.005)


def listens(family, address):
    with socket.socket(family) as s:
        return s.connect_ex(address) == 0


def serve_image(place):
    registry, root = TOP + "/06-registry/registry", place.path("registry")
    timed(place, [registry, "seed", "--root", root, image_layout(), "library/busybox"])
    bench.start(place, [registry, "--root", root, "--addr", REGISTRY])
    wait_for("the registry", lambda: listens(socket.AF_INET, (REGISTRY.split(":")[0], 5000)))


def succeeds(argv):
    return subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          env=bench.ENVIRONMENT, check=False).returncode == 0


def status_kib(pid, key):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        for line in f:
            if line.startswith(key + ":"):
                return int(line.split()[1])
    raise Failed(f"/proc/{pid}/status has no {key}")


def private_kib(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
        return sum(int(line.split()[1]) for line in f if line.startswith("Private_"))


def parent(pid):
    return status_kib(pid, "PPid")


class Program:
    """A client, and the daemon behind it. `count` numbers the containers."""

    def __init__(self, place, name, path):
        self.place, self.name, self.path, self.count, self.pid = place, name, path, 0, None

    def next_id(self):
        self.count += 1
        return f"{self.place.group.strip('/')}-{self.name}-{self.count}"

    def version(self):
        return output(self.place, [self.path, "--version"]).strip().split("\n")[0]

    def idle(self):
        return status_kib(self.pid, "VmRSS")

    def shim(self):
        """Of one among some containers that sleep, so that the program itself is shared: what its parent has
        for itself alone."""
        names = [self.sleeping() for _ in range(3)]
        time.sleep(0.5)
        amount = private_kib(self.shim_of(names[1]))
        for name in names:
            self.remove(name)
        return amount


class Ctr(Program):
    """ctr and containerd, ours or the real ones: the words are the same."""

    image = IMAGE

    def __init__(self, place, name, path, daemon):
        super().__init__(place, name, path)
        self.daemon, self.socket = daemon, place.path(name + ".sock")

    def command(self, *words):
        return [self.path, "--address", self.socket, *words]

    def words(self, flag, *args):
        name = self.next_id()
        return name, self.command("run", flag, "--cgroup", f"{self.place.group}/{name}", IMAGE, name, *args)

    def run(self):
        return self.words("--rm", "true")[1]

    def sleeping(self):
        name, argv = self.words("-d", "sleep", "1000000")
        timed(self.place, argv)
        return name

    def serve(self):
        self.pid = launch(self.place, self.daemon)
        wait_for(self.name, lambda: succeeds(self.command("version")))

    def shim_of(self, name):
        for line in output(self.place, self.command("tasks", "ls")).split("\n"):
            if line.split()[:1] == [name]:
                return parent(line.split()[1])
        raise Failed(f"{self.name}: no task {name}")

    def remove(self, name):
        timed(self.place, self.command("tasks", "rm", "-f", name))
        timed(self.place, self.command("containers", "rm", name))


class Ours(Ctr):
    def __init__(self, place):
        root = place.path("ours")
        super().__init__(place, "ours", TOP + "/03-containerd/ctr",
                         [TOP + "/03-containerd/containerd", "--root", root + "/root", "--state", root + "/state",
                          "--address", place.path("ours.sock")])

    def load(self, _archive):
        """From our registry: until the end of the benchmark it serves nobody else."""
        serve_image(self.place)
        timed(self.place, self.command("images", "pull", "--mirror", "http://" + REGISTRY, "busybox"))

    def restart(self, known):
        """Seconds until a new containerd knows as many tasks as the one before."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        begin = time.perf_counter()
        self.pid = launch(self.place, self.daemon)
        wait_for(self.name, lambda: listens(socket.AF_UNIX, self.socket))
        tasks = output(self.place, self.command("tasks", "ls", "-q")).split()
        took = time.perf_counter() - begin
        if len(tasks) != known:
            raise Failed(f"{len(tasks)} of {known} tasks are known after a restart")
        return took


class RealCtr(Ctr):
    def __init__(self, place, path):
        super().__init__(place, "ctr", path, [shutil.which("containerd"), "--config", place.path("containerd.toml")])
        with open(place.path("containerd.toml"), "w", encoding="ascii") as f:
            f.write(f'version = 2\nroot = "{place.path("real")}"\nstate = "{place.path("real-state")}"\n'
                    'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n'
                    f'[grpc]\n  address = "{self.socket}"\n[ttrpc]\n  address = "{self.socket}.ttrpc"\n')

    def load(self, archive):
        timed(self.place, self.command("images", "import", archive))


class Docker(Program):
    def __init__(self, place, path, containerd):
        super().__init__(place, "docker", path)
        self.containerd = containerd

    def command(self, *words):
        return [self.path, "-H", f"unix://{self.place.path('docker.sock')}", *words]

    def run(self):
        return self.command("run", "--rm", "--network", "none", "busybox", "true")

    def sleeping(self):
        return output(self.place, self.command("run", "-d", "--network", "none", "busybox", "sleep", "1000000")).strip()

    def shim_of(self, name):
        return parent(output(self.place, self.command("inspect", "-f", "{{.State.Pid}}", name)).strip())

    def remove(self, name):
        timed(self.place, self.command("rm", "-f", name))

    def serve(self):
        p = self.place.path
        self.pid = launch(self.place, [
            shutil.which("dockerd"), "--data-root", p("docker"), "--exec-root", p("docker-exec"), "-H",
            f"unix://{p('docker.sock')}", "--pidfile", p("docker.pid"), "--containerd", self.containerd.socket,
            "--bridge", "none", "--iptables=false", "--ip6tables=false", "--cgroup-parent", self.place.group,
            "--exec-opt", "native.cgroupdriver=cgroupfs"])
        wait_for(self.name, lambda: succeeds(self.command("version")), 40)

    def load(self, _archive):
        timed(self.place, self.command("import", image_layer(self.place), "busybox"))


class Podman(Program):
    """There is no daemon; what stays with a container is conmon."""

    def command(self, *words):
        p = self.place.path
        return [self.path, "--root", p("podman"), "--runroot", p("podman-run"), "--cgroup-manager", "cgroupfs",
                "--events-backend", "none", *words]

    def words(self, flag, *args):
        return self.command("run", flag, "--network", "none", "--cgroup-parent", self.place.group, IMAGE, *args)

    def run(self):
        return self.words("--rm", "true")

    def sleeping(self):
        return output(self.place, self.words("-d", "sleep", "1000000")).strip()

    def shim_of(self, name):
        return output(self.place, self.command("inspect", "-f", "{{.State.ConmonPid}}", name)).strip()

    def remove(self, name):
        timed(self.place, self.command("rm", "-f", "-t", "0", name))

    def serve(self):
        pass

    def load(self, archive):
        timed(self.place, self.command("load", "-i", archive))
        name = output(self.place, self.command("images", "-q")).split()[0]
        timed(self.place, self.command("tag", name, IMAGE))


def find_programs(place):
    """Ours, and what is installed; the names of what is not."""
    found, absent = [Ours(place)], []
    ctr, docker, podman = (outside(name) for name in ("ctr", "docker", "podman"))
    real = RealCtr(place, ctr) if ctr and shutil.which("containerd") else None
    found += [real] if real else []
    if real and docker and shutil.which("dockerd"):
        found.append(Docker(place, docker, real))
    if podman:
        found.append(Podman(place, "podman", podman))
    absent += [name for name in ("ctr", "docker", "podman") if name not in [p.name for p in found]]
    return found, absent


def outside(name):
    """The program of this name that is none of ours."""
    for directory in os.environ["PATH"].split(":"):
        path = os.path.realpath(os.path.join(directory, name))
        if os.access(path, os.X_OK) and not path.startswith(TOP + "/"):
            return path
    return None


# --- what is measured -------------------------------------------------------------------------------


def sequence(place, program):
    begin = time.perf_counter()
    for _ in range(MANY):
        timed(place, program.run())
    return (time.perf_counter() - begin,)


def restarts(ours, samples):
    """A row for itself: so many containers are not started anew for each round."""
    names = [ours.sleeping() for _ in range(TASKS)]
    samples[RESTART[0]] = {ours: [ours.restart(TASKS) for _ in range(3)]}
    for name in names:
        ours.remove(name)


def idle(programs, samples):
    """After all that work, and a while without."""
    time.sleep(IDLE_SECONDS)
    samples[IDLE[0]] = {p: [p.idle()] for p in programs if p.pid}


def make_cases(place, programs):
    cases = [
        Case(RUN, lambda p: (timed(place, p.run()),), programs),
        Case(SEQUENCE, lambda p: sequence(place, p), programs),
        Case(SHIM, lambda p: (p.shim(),), programs, every=max(1, ROUNDS // 2)),
    ]
    return [case for case in cases if any(ONLY in row for row in case.rows)]


# --- what is told ------------------------------------------------------------------------------------


def is_memory(row):
    return row.endswith("memory")


def print_amounts(samples, programs, rows):
    def cell(row, p):
        show, factor = ("{:.2f}", 1 / 1024) if is_memory(row) else ("{:.0f}", 1000)
        return bench.with_spread(samples[row].get(p), show, factor)
    bench.table(["median [quartiles]", "", *(p.name for p in programs)],
                [[row, "MiB" if is_memory(row) else "ms", *(cell(row, p) for p in programs)]
                 for row in rows if row in samples])


def print_goals(samples, ours, others):
    lines = []
    for row, name, at_most in (goal for goal in GOALS if goal[0] in samples):
        values, what = samples[row].get(ours, []), f"{at_most} {'KiB' if is_memory(row) else 's'}"
        if name:
            other = next((p for p in others if p.name == name), None)
            values, what = bench.ratios(values, samples[row].get(other, [])), f"{at_most} of {name}"
        verdict = "not measured" if not values else "met" if bench.quartiles(values)[1] <= at_most else "missed"
        lines.append([row, what, bench.with_spread(values), verdict])
    bench.table(["goal: at most", "", "it is", ""], lines)


# --- the whole ---------------------------------------------------------------------------------------


def set_up(place, programs):
    """Those that work, and why the others do not."""
    archive, working, failed = image_archive(place), [], {}
    for p in programs:
        try:
            p.serve()
            p.load(archive)
            timed(place, p.run())
            working.append(p)
            print(f"{p.name}: {p.path} ({p.version()})")
        except Failed as why:
            failed[p] = str(why)
    return working, failed


def measure(place):
    programs, absent = find_programs(place)
    ours = programs[0]
    programs, failed = set_up(place, programs)
    for name in absent:
        print(f"{name}: not installed, skipped")
    if ours in programs:
        cases = make_cases(place, programs)
        samples, broken = bench.run_rounds(cases, ROUNDS, 0)
        failed.update({p: f"{', '.join(rows)}: {why}" for (p, rows), why in broken.items()})
        if ONLY in IDLE[0]:
            idle(programs, samples)
        if ONLY in RESTART[0]:
            restarts(ours, samples)
        print()
        print_amounts(samples, programs, ROWS)
        print()
        print_goals(samples, ours, programs[1:])
    for p, why in failed.items():
        print(f"{p.name}: could not be measured: {why}")
    return 1 if failed else 0


def main(measure):
    """The status of what `measure` does in a private place."""
    place = bench.enter()
    try:
        mount_hierarchies()
        return measure(place)
    except Failed as why:
        print("bench:", why, file=sys.stderr)
        return 1
    finally:
        bench.leave(place)


if __name__ == "__main__":
    sys.exit(main(measure) if ROUNDS else 0)
