#!/usr/bin/env python3
"""pull.py - what a pull costs: ours, side by side with containerd, docker, podman and the floor.

    make bench BENCH=pull [ROUNDS=N] [PULL_MB=400] [PULL_FILES=20000] [ONLY=shared] [PULLERS=ours,floor]

All pull the same image of 8 layers (pull_image.py; PULL_MB is its size when unpacked) from one
registry on this machine, that has its blobs in memory, into stores of their own on the disk that TMPDIR
is on. Before each measurement the store is emptied, the disk synced, and the caches are dropped.

`pull` ends when the command does; `pull, on disk` when also sync(1) has returned: some programs leave
more than others to be written after they have said that they are done. `shared` is the pull of an image of
which the first half of the layers is there. The floor is `tar -xzf` of the same files, in turn; `floor, two` is
two of them at a time.

A goal that is missed is said to be, no more; what is installed and could not be measured ends with status 1.
"""

import os
import shutil
import subprocess
import sys
import time

import bench
import pull_image
from bench import TOP, Case, Failed, timed

QUICK = bool(os.environ.get("QUICK"))
ROUNDS = int(os.environ.get("ROUNDS") or (1 if QUICK else 5))
MEGABYTES = int(os.environ.get("PULL_MB") or (8 if QUICK else 400))
FILES = int(os.environ.get("PULL_FILES") or MEGABYTES * 50)
ONLY = os.environ.get("ONLY", "")
PULLERS = [name.strip() for name in os.environ.get("PULLERS", "").split(",") if name.strip()]

REGISTRY = "127.0.0.1:5000"
WHOLE, HALF = REGISTRY + "/bench/whole:latest", REGISTRY + "/bench/half:latest"
LAYERS = len(pull_image.SHARES)

PULL = ["pull", "pull, on disk"]
SHARED = ["shared", "shared, on disk"]
ROWS = [*PULL, *SHARED]
GOALS = [  # row, whose, at most which part of whose
    ("pull", "ours, docker", "docker", 0.45), ("pull", "ours", "containerd", 0.6), ("pull", "ours", "floor", 1.0),
    ("shared", "ours, docker", "docker", 0.45), ("shared", "ours", "containerd", 0.6),
]


# --- the programs ------------------------------------------------------------------------------------


class Daemon:
    """A process of this benchmark, and how one sees that it serves."""

    def __init__(self, place, argv, answers, env=None):
        self.process = subprocess.Popen(argv, stdin=bench.NULL, stdout=place.log, stderr=place.log,
                                        env={**bench.ENVIRONMENT, **(env or {})})
        for _ in range(300):
            if self.process.poll() is None and subprocess.run(answers, stdout=bench.NULL, stderr=bench.NULL,
                                                              check=False).returncode == 0:
                return
            time.sleep(0.1)
        raise Failed(f"{argv[0]} does not serve")


def curl(socket, url):
    return [shutil.which("curl"), "-fsS", "--unix-socket", socket, url]


class Puller:
    """Something that pulls: `pull`, `remove` (both command lines), `version`."""

    def __init__(self, name, path, *words):
        self.name, self.path, self.words = name, path, words

    def command(self, *words):
        return [self.path, *self.words, *words]

    def version(self, place):
        return bench.output(place, [self.path, "--version"]).split("\n")[0]


class Ctr(Puller):
    def __init__(self, name, path, socket, *options):
        super().__init__(name, path, "--address", socket)
        self.options = options

    def pull(self, image):
        return self.command("images", "pull", *self.options, image)

    def remove(self, image):
        return self.command("images", "rm", image)


class Docker(Puller):
    def pull(self, image):
        return self.command("pull", image)

    def remove(self, image):
        return self.command("rmi", "-f", image)


class Podman(Puller):
    def pull(self, image):
        return self.command("pull", "--tls-verify=false", image)

    def remove(self, image):
        return self.command("rmi", "-f", image)


class Tar:
    """The floor: no registry, no hash, no store, and nothing synced."""

    def __init__(self, name, at_once, directory, layers):
        self.name, self.at_once, self.directory, self.layers = name, at_once, directory, layers

    def version(self, _place):
        return f"tar -xzf of the same layers, {self.at_once} at a time"

    def pull(self, image):
        first = LAYERS // 2 if image == HALF else 0
        script = f'mkdir -p "$0" && printf "%s\\n" "$@" | xargs -P {self.at_once} -I F sh -c ' \
            '\'mkdir "$1/${2##*/}" && tar -C "$1/${2##*/}" -xzf "$2"\' - "$0" F'
        return ["/bin/sh", "-c", script, self.directory, *self.layers[first:]]

    def remove(self, _image):
        return ["/bin/rm", "-rf", self.directory]


def start_ours(place, disk):
    socket, docker_socket = place.path("ours.sock"), place.path("ours-docker.sock")
    Daemon(place, [TOP + "/03-containerd/containerd", "--root", disk + "/ours", "--state", "/run/ours",
                   "--address", socket, "--runtime", TOP + "/02-runc/runc"], curl(socket, "http://c/v1/version"))
    Daemon(place, [TOP + "/04-dockerd/dockerd", "--data-root", disk + "/ours-docker", "--exec-root", "/run/ours-docker",
                   "-H", "unix://" + docker_socket, "--containerd", socket, "--pidfile", place.path("ours.pid"),
                   "--bip", "172.31.0.1/16"], curl(docker_socket, "http://d/_ping"))
    return [Ctr("ours", TOP + "/03-containerd/ctr", socket),
            Docker("ours, docker", TOP + "/05-cli/docker", "-H", "unix://" + docker_socket)]


def start_containerd(place, disk):
    os.makedirs("/run/real")
    socket, config = "/run/real/sock", place.path("containerd.toml")
    with open(config, "w", encoding="ascii") as f:
        f.write(f'version = 2\nroot = "{disk}/containerd"\nstate = "/run/real/state"\n'
                'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n'
                f'[grpc]\naddress = "{socket}"\n[ttrpc]\naddress = "{socket}.ttrpc"\n')
    ctr = shutil.which("ctr")
    Daemon(place, [shutil.which("containerd"), "--config", config], [ctr, "--address", socket, "version"])
    return socket, Ctr("containerd", ctr, socket, "--plain-http")


def start_docker(place, disk, containerd):
    socket = "/run/real/docker.sock"
    Daemon(place, [shutil.which("dockerd"), "--data-root", disk + "/docker", "--exec-root", "/run/real/docker",
                   "-H", "unix://" + socket, "--pidfile", "/run/real/docker.pid", "--containerd", containerd,
                   "--bridge", "none", "--iptables=false", "--ip6tables=false"], curl(socket, "http://d/_ping"))
    return Docker("docker", shutil.which("docker"), "-H", "unix://" + socket)


def own_configuration(place):
    """Nobody's credentials, and no daemon but ours."""
    os.mkdir(place.path("docker-config"))
    with open(place.path("docker-config", "config.json"), "w", encoding="ascii") as f:
        f.write("{}")  # podman wants the file to be there
    bench.ENVIRONMENT["DOCKER_CONFIG"] = place.path("docker-config")
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "REGISTRY_AUTH_FILE", "CONTAINERD_ADDRESS", "CONTAINERD_NAMESPACE"):
        bench.ENVIRONMENT.pop(name, None)


def start_programs(place, disk):
    """All that can pull, and {name: why not} of the others."""
    own_configuration(place)
    programs, absent = start_ours(place, disk), {}

    def try_to(name, needs, start):
        missing = [need for need in needs if not shutil.which(need)]
        try:
            if missing:
                raise Failed("not installed, skipped")
            programs.append(start())
        except Failed as why:
            absent[name] = str(why)

    containerd = []
    try_to("containerd", ["containerd", "ctr"], lambda: containerd.extend(start_containerd(place, disk)) or containerd[1])
    if containerd:
        try_to("docker", ["dockerd", "docker"], lambda: start_docker(place, disk, containerd[0]))
    try_to("podman", ["podman"], lambda: Podman(
        "podman", shutil.which("podman"), "--root", disk + "/podman", "--runroot", "/run/podman", "--tmpdir",
        "/run/podman-tmp", "--cgroup-manager", "cgroupfs", "--events-backend", "file"))
    return programs, absent


def start_registry(place):
    """Debian's, or ours where that is missing: what it is."""
    root = place.path("registry")
    os.mkdir(root)
    program = shutil.which("docker-registry")
    argv = [TOP + "/06-registry/registry", "--root", root, "--addr", REGISTRY]
    if program:
        config = place.path("registry.yml")
        with open(config, "w", encoding="ascii") as f:
            f.write("version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\n"
                    f"storage: {{filesystem: {{rootdirectory: {root}}}}}\nhttp: {{addr: '{REGISTRY}'}}\n")
        argv = [program, "serve", config]
    Daemon(place, argv, [shutil.which("curl"), "-fsS", f"http://{REGISTRY}/v2/"])
    return argv[0]


# --- what is measured ----------------------------------------------------------------------------------


def settle():
    """Nothing of before is written in the next one's time, or read from memory in it."""
    os.sync()
    with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as f:
        f.write("3")


def pull_timed(place, program, image):
    """Seconds until the command has ended, and until all is on the disk."""
    settle()
    program.version(place)  # the command's own file is not to be read in its time
    begin = time.perf_counter()
    took = timed(place, program.pull(image))
    os.sync()
    return took, time.perf_counter() - begin


def whole(place, program):
    times = pull_timed(place, program, WHOLE)
    timed(place, program.remove(WHOLE))
    return times


def shared(place, program):
    if isinstance(program, Tar): # which shares nothing: the other half of the layers alone
        times = pull_timed(place, program, HALF)
        timed(place, program.remove(HALF))
        return times
    timed(place, program.pull(HALF))
    times = whole(place, program)
    timed(place, program.remove(HALF))
    return times


# --- what is told -----------------------------------------------------------------------------------------


def print_amounts(samples, programs):
    bench.table(["median [quartiles]", "", "rounds", *(p.name for p in programs)],
                [[row, "s", str(max(map(len, samples[row].values()))),
                  *(bench.with_spread(samples[row].get(p)) for p in programs)] for row in ROWS if row in samples])


def ratios(samples, row, ours, other):
    return bench.ratios(samples[row].get(ours, []), samples[row].get(other, []))


def print_ratios(samples, ours, others):
    for mine in ours:
        bench.table([f"{mine.name} as a part of", *(p.name for p in others)],
                    [[row, *(bench.with_spread(ratios(samples, row, mine, p)) for p in others)]
                     for row in ROWS if row in samples])
        print()


def print_goals(samples, programs):
    named, lines = {p.name: p for p in programs}, []
    for row, whose, other, at_most in (goal for goal in GOALS if goal[0] in samples):
        values = ratios(samples, row, named.get(whose), named.get(other))
        verdict = "not measured" if not values else "met" if bench.quartiles(values)[1] <= at_most else "missed"
        lines.append([f"{row}: {whose}", f"{at_most} of {other}", bench.with_spread(values), verdict])
    bench.table(["goal: at most", "", "it is", ""], lines)


# --- the whole ----------------------------------------------------------------------------------------------


def main():
    place = bench.enter(disk=True)
    try:
        if not shutil.which("curl"):
            raise Failed("curl is not installed")
        return measure(place, os.environ["DOCKYARD_BENCH_DISK"])
    except (Failed, OSError) as why:
        print("bench:", why, file=sys.stderr)
        return 1
    finally:
        bench.leave(place)


def make_image(place):
    image = pull_image.Image(MEGABYTES, FILES)
    registry = start_registry(place)
    pull_image.push(REGISTRY, "bench/whole", image, LAYERS)
    pull_image.push(REGISTRY, "bench/half", image, LAYERS // 2)
    files = []
    for i, layer in enumerate(image.layers):
        files.append(place.path(f"layer-{i}.tar.gz"))
        with open(files[-1], "wb") as f:
            f.write(layer)
    print(f"image: {LAYERS} layers, {image.files} files, {image.plain / 2**20:.0f} MiB, "
          f"compressed {image.size() / 2**20:.0f} MiB; "
          f"registry: {registry}")
    return files


def measure(place, disk):
    layers = make_image(place)
    programs, absent = start_programs(place, disk)
    floors = [Tar("floor", 1, disk + "/floor", layers), Tar("floor, two", 2, disk + "/floor", layers)]
    everyone = [p for p in [*programs, *floors] if not PULLERS or p.name.replace(", ", " ") in PULLERS]
    for p in everyone:
        print(f"{p.name}: {p.version(place).strip()}")
    for name, why in absent.items():
        print(f"{name}: {why}")
    noise = bench.Noise()
    cases = [Case(PULL, lambda p: whole(place, p), everyone), Case(SHARED, lambda p: shared(place, p), everyone)]
    cases = [case for case in cases if any(ONLY in row for row in case.rows)]
    samples, failed = bench.run_rounds(cases, ROUNDS, 0 if QUICK else 1)
    print()
    print_amounts(samples, everyone)
    print()
    print_ratios(samples, [p for p in everyone if p in programs[:2]], [p for p in everyone if p not in programs[:2]])
    print_goals(samples, everyone)
    print()
    noise.report((samples.get("pull") or samples["shared"]).get(floors[0]) or [1.0])
    for (p, rows), why in failed.items():
        print(f"{p.name}: {', '.join(rows)}: could not be measured: {why}")
    return 1 if failed or any("skipped" not in why for why in absent.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
