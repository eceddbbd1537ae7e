"""bench.py - what every benchmark here stands on: a private place, rounds, ratios, tables.

How it measures. Times on a shared machine drift by more than what two programs differ by: so
nothing is measured first for one program and then for the other. A *round* measures every row
once for every program, in an order drawn anew for each row and round, so that none always runs
in the wake of the same other; programs are compared round by round; and what is told is the
median of these ratios with its quartiles. After each measurement there is a pause, because a
kernel takes a container down after its last process has ended, and should not do that in
the next one's time.
"""

import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
CGROUPS = "/sys/fs/cgroup"
PAUSE = 0.02


class Failed(Exception):
    """Something could not be measured; the message says what, and why."""


# --- a private place --------------------------------------------------------------------------


class Place:
    """Where a benchmark runs: a directory in memory and a control group, both its own."""

    def __init__(self, directory):
        self.directory = directory
        self.group = "/" + os.path.basename(directory)
        self.log = os.open(self.path("log"), os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)

    def path(self, *names):
        return os.path.join(self.directory, *names)


def enter(disk=False):
    """Start the script again in namespaces of its own, and clear up after it; returns, in there,
    its Place. Mounts and everything under /run end with the namespaces. With `disk`, there is also a
    directory on the disk, DOCKYARD_BENCH_DISK in the environment."""
    inside = os.environ.pop("DOCKYARD_BENCH_INSIDE", None)
    if inside:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "bench", inside], check=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "run", "/run"], check=True)
        return Place(inside)
    if os.geteuid() != 0:
        sys.exit("bench: containers with Docker's configuration take root")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # a time limit's: clear up then, too
    directory = tempfile.mkdtemp(prefix="dockyard-bench.")
    on_disk = tempfile.mkdtemp(prefix="dockyard-bench.") if disk else ""
    try:
        command = [TOP + "/tests/isolate", "unshare", "--pid", "--fork", "--kill-child", "--mount-proc",
                   sys.executable, *sys.argv]
        status = subprocess.run(command, env={
            **os.environ, "DOCKYARD_BENCH_INSIDE": directory, "DOCKYARD_BENCH_DISK": on_disk}).returncode
    except KeyboardInterrupt:
        status = 130
    finally:
        remove_groups(os.path.basename(directory))
        os.rmdir(directory)
        if on_disk:  # what was mounted in there went with the namespace: this is a second lock on that door
            subprocess.run(["rm", "-rf", "--one-file-system", on_disk], check=False)
    sys.exit(status)


def leave(place):
    """End what was left running, and remove the groups: here and not outside, where a hierarchy that
    was mounted in here cannot be seen."""
    if os.getpid() != 1:
        raise SystemExit("bench: not in a pid namespace of its own")
    try:
        os.kill(-1, signal.SIGKILL)  # all others of this pid namespace
        while True:
            os.wait()
    except (ProcessLookupError, ChildProcessError):
        pass
    remove_groups(place.group.strip("/"))


def hierarchies():
    """Names of the mounted cgroup hierarchies below /sys/fs/cgroup: ["."] on a pure version 2."""
    with open("/proc/self/mountinfo", encoding="utf-8") as f:
        lines = [line.split() for line in f]
    found = [(fields[4], fields[fields.index("-") + 1]) for fields in lines]
    return [os.path.relpath(where, CGROUPS) for where, kind in sorted(set(found))
            if kind in ("cgroup", "cgroup2") and where.startswith(CGROUPS) and os.path.ismount(where)]


def remove_groups(name):
    """The group of that name and those below it, in every hierarchy."""
    for hierarchy in hierarchies():
        for where, _, _ in os.walk(os.path.join(CGROUPS, hierarchy, name), topdown=False):
            for _ in range(100):
                try:
                    os.rmdir(where)
                    break
                except OSError:  # its last process is still on its way out
                    time.sleep(0.01)


# --- one measurement ------------------------------------------------------------------------------

LEFT_OUT = ("DOCKYARD_TRACE", "DOCKER_CONFIG", "DOCKER_HOST", "NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID")
ENVIRONMENT = {k: v for k, v in os.environ.items() if k not in LEFT_OUT}
NULL = os.open("/dev/null", os.O_RDWR)


def start(place, argv, out=None):
    """A process with nothing to read, whose words go to the log."""
    actions = [(os.POSIX_SPAWN_DUP2, NULL, 0),
               (os.POSIX_SPAWN_DUP2, place.log if out is None else out, 1),
               (os.POSIX_SPAWN_DUP2, place.log, 2)]
    try:
        return os.posix_spawn(argv[0], argv, ENVIRONMENT, file_actions=actions)
    except OSError as why:
        raise Failed(f"start '{argv[0]}': {why.strerror}") from why


def must_have_succeeded(place, argv, status):
    if status == 0:
        return
    size = os.fstat(place.log).st_size
    said = os.pread(place.log, 400, max(0, size - 400)).decode(errors="replace").strip()
    command = " ".join(word for word in argv if "\n" not in word)  # a script would fill the page
    raise Failed(f"{command}: exit status {os.waitstatus_to_exitcode(status)}: {said}")


def cost(place, argv):
    """Seconds from just before the start of a command until its end is known; and those that it, and all
    that it waited for, had a processor."""
    begin = time.perf_counter_ns()
    _, status, usage = os.wait4(start(place, argv), 0)
    took = time.perf_counter_ns() - begin
    must_have_succeeded(place, argv, status)
    return took / 1e9, usage.ru_utime + usage.ru_stime


def timed(place, argv):
    return cost(place, argv)[0]


def output(place, argv):
    """What a command writes to its stdout."""
    with tempfile.TemporaryFile(dir=place.directory) as f:
        _, status = os.waitpid(start(place, argv, f.fileno()), 0)
        must_have_succeeded(place, argv, status)
        f.seek(0)
        return f.read().decode(errors="replace")


def peak_memory(place, argv):
    """KiB that the command's own process had in use at most; see peak.c."""
    read, write = os.pipe()
    os.set_inheritable(write, True)
    _, status = os.waitpid(start(place, [HERE + "/build/peak", str(write), *argv]), 0)
    os.close(write)
    with open(read, encoding="ascii") as f:
        text = f.read().strip()
    must_have_succeeded(place, argv, status)
    if not text or int(text) <= 0:
        raise Failed(f"{argv[0]}: its memory could not be read")
    return int(text)


# --- rounds -------------------------------------------------------------------------------------------


class Case:
    """Something to measure: `measure(program)` gives one value for each of `rows`."""

    def __init__(self, rows, measure, programs, every=1):
        self.rows, self.measure, self.programs, self.every = tuple(rows), measure, programs, every


def run_rounds(cases, rounds, warm_up):
    """samples[row][program] = values, one per round; and the programs that failed, with why."""
    samples = {row: {p: [] for p in case.programs} for case in cases for row in case.rows}
    failed = {}
    for number in range(-warm_up, rounds):
        for case in cases:
            if number % case.every or (number < 0 and case.every > 1):
                continue
            order = [p for p in case.programs if (p, case.rows) not in failed]
            random.Random(f"{number} {case.rows}").shuffle(order)
            for program in order:
                try:
                    values = case.measure(program)
                except Failed as why:
                    failed[program, case.rows] = str(why)
                    continue
                if number >= 0:
                    for row, value in zip(case.rows, values):
                        samples[row][program].append(value)
                time.sleep(PAUSE)
        progress(number, rounds)
    return samples, failed


def progress(number, rounds):
    if sys.stderr.isatty():
        print(f"\rround {max(number + 1, 0)} of {rounds} ", end="", file=sys.stderr, flush=True)


def quartiles(values):
    if len(values) < 2:
        return (values[0],) * 3
    return tuple(statistics.quantiles(values, n=4, method="inclusive"))


def ratios(ours, theirs):
    """Round by round."""
    return [a / b for a, b in zip(ours, theirs)]


# --- noise ----------------------------------------------------------------------------------------------


def busy_share(seconds=1.0):
    """How much of all processors' time is used (or stolen by the host) while we do nothing."""
    def read():
        with open("/proc/stat", encoding="ascii") as f:
            user, nice, system, idle, wait, *rest = map(int, f.readline().split()[1:9])
        return idle + wait, user + nice + system + sum(rest)
    idle, busy = read()
    time.sleep(seconds)
    idle2, busy2 = read()
    return (busy2 - busy) / max(1, idle2 - idle + busy2 - busy)


class Noise:
    """Was the machine quiet enough for the numbers to mean something?"""

    def __init__(self):
        self.before = busy_share()
        self.load = os.getloadavg()[0]

    def report(self, steady):
        """`steady`: times of what should always take the same."""
        first, median, third = quartiles(steady)
        spread, after = (third - first) / median, busy_share()
        print(f"noise: load average {self.load:.2f} before, {os.getloadavg()[0]:.2f} after; others used "
              f"{self.before:.0%} of the processors before, {after:.0%} after; the floor's quartiles are "
              f"{spread:.0%} of its median apart")
        if max(self.before, after) > 0.1 or spread > 0.2:
            print("noise: THE MACHINE WAS BUSY. The times say little, the ratios less than in a quiet hour.")


# --- tables ---------------------------------------------------------------------------------------------


def table(head, rows):
    """Columns as wide as what is in them; all but the first to the right."""
    widths = [max(len(line[i]) for line in [head, *rows]) for i in range(len(head))]
    for line in [head, *rows]:
        cells = [cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(line, widths))]
        print("  ".join(cells).rstrip())


def with_spread(values, show="{:.2f}", factor=1):
    """median [first quartile-third quartile]"""
    if not values:
        return "-"
    first, median, third = (show.format(v * factor) for v in quartiles(values))
    return f"{median} [{first}-{third}]"
