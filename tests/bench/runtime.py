#!/usr/bin/env python3
"""runtime.py - what a container costs: our runc, side by side with crun, runc and the floor.

    make bench [ROUNDS=N] [QUICK=1] [ONLY=exec] [BENCH_RUNTIMES="name=path ..."]

The floor (floor.h) makes the same containers with nothing read, checked or remembered. Rows of time are
from the start of a command to its end; `cpu` is what it and its container used of the processors, which
says more than time where others want them too; `memory` is the command's own.

A goal that is missed is said to be, no more; what is installed and could not be measured ends with status
1. ROUNDS=0 only checks that all make the same containers. ONLY measures the rows with this in their names.
"""

import os
import shutil
import sys
import time

import bench
import containers
import same_work
from bench import TOP, Case, Failed, cost, peak_memory, timed

QUICK = bool(os.environ.get("QUICK"))
ROUNDS = int(os.environ.get("ROUNDS") or (5 if QUICK else 40))
ONLY = os.environ.get("ONLY", "")
MANY, AT_ONCE = (8 if QUICK else 100), 8

RUN_DOCKER = ["run, docker", "run, docker: cpu"]
RUN_MINIMAL = ["run, minimal", "run, minimal: cpu"]
EXEC = ["exec", "exec: cpu"]
LIFE = ["create", "start", "delete", "create to delete"]
SEQUENCE = [f"{MANY} in sequence"]
PARALLEL = [f"{MANY}, {AT_ONCE} at a time"]
CREATE_MEMORY, RUN_MEMORY, EXEC_MEMORY = ["create: memory"], ["run: memory"], ["exec: memory"]
ROWS = [*RUN_DOCKER, *RUN_MINIMAL, *EXEC, *LIFE, *SEQUENCE, *PARALLEL, *CREATE_MEMORY, *RUN_MEMORY, *EXEC_MEMORY]

GOALS = [  # row, of which program's, at most
    ("run, docker", "crun", 0.5), ("run, docker", "floor", 1.6),
    ("run, minimal", "crun", 0.5), ("run, minimal", "floor", 1.6),
    ("exec", "crun", 0.5), ("create: memory", "crun", 0.5),
]


# --- the programs ------------------------------------------------------------------------------------


class Runtime:
    """An OCI runtime, with runc's command line."""

    def __init__(self, place, name, path):
        self.name, self.path, self.root = name, path, place.path("state-" + name)

    def command(self, *words):
        return [self.path, "--root", self.root, *words]

    def run(self, slot):
        return self.command("run", "--bundle", slot.bundle, slot.id)

    def create(self, slot):
        return self.command("create", "--pid-file", slot.pid_file, "--bundle", slot.bundle, slot.id)

    def exec(self, slot):
        return self.command("exec", slot.id, "true")

    def version(self, place):
        return bench.output(place, [self.path, "--version"]).split("\n")[0]


class Floor:
    name = "floor"

    def __init__(self, place):
        self.path, self.base = bench.HERE + "/build/floor", place.directory
        self.hierarchies = ":".join(bench.hierarchies())

    def run(self, slot):
        program, *rest = slot.args
        return [self.path, slot.config_name, slot.group, self.hierarchies, self.base, "/bin/" + program, *rest]

    def exec(self, slot):
        return [self.path, "exec", slot.group, self.hierarchies, str(slot.pid()), "/bin/true"]

    def version(self, _place):
        return "the least that any runtime must do"


def find_programs():
    """(name, path) of ours and of what is installed, and the names of what is not."""
    installed = [(name, shutil.which(name)) for name in ("crun", "runc")]
    more = [entry.partition("=")[::2] for entry in os.environ.get("BENCH_RUNTIMES", "").split()]
    if any(not path for _, path in more):
        raise Failed("BENCH_RUNTIMES: expected name=path, separated by blanks")
    found = [("ours", TOP + "/02-runc/runc")] + [(name, path) for name, path in installed if path] + more
    return found, [name for name, path in installed if not path]


# --- what is measured ----------------------------------------------------------------------------------


def reap(slot):
    """Wait for a container's first process: our child, since the runtime that made it has ended."""
    os.waitpid(slot.pid(), 0)


def life(place, program, slot):
    """create, start, (its end,) delete: each, and all of it."""
    create = timed(place, program.create(slot))
    start = timed(place, program.command("start", slot.id))
    reap(slot)
    delete = timed(place, program.command("delete", slot.id))
    return create, start, delete, create + start + delete


def create_memory(place, program, slot):
    peak = peak_memory(place, program.create(slot))
    timed(place, program.command("delete", "--force", slot.id))
    reap(slot)
    return (peak,)


def start_sleeping(place, configs, runtimes, wrong):
    """A container of each to exec into; they end with the benchmark."""
    sleeping = {}
    for p in runtimes:
        slot = configs.slot("docker", "exec-" + p.name, ["sleep", "1000000"])
        try:
            timed(place, p.create(slot))
            timed(place, p.command("start", slot.id))
            sleeping[p] = slot
        except Failed as why:
            wrong[p] = [str(why)]
    return sleeping


def many(place, program, slots):
    """Seconds for MANY containers, as many at a time as there are slots."""
    free, busy, left = list(slots), {}, MANY
    begin = time.perf_counter()
    while left or busy:
        while left and free:
            slot, left = free.pop(), left - 1
            argv = program.run(slot)
            busy[bench.start(place, argv)] = slot, argv
        pid, status = os.wait()
        if pid in busy:  # or else a process that some runtime has left to us
            slot, argv = busy.pop(pid)
            bench.must_have_succeeded(place, argv, status)
            free.append(slot)
    return (time.perf_counter() - begin,)


def make_cases(place, configs, runtimes, floor, sleeping):
    both = [*runtimes, floor]
    # Each program has slots of its own: what one that fails leaves behind is in nobody else's way.
    docker = {p: [configs.slot("docker", f"{p.name}-{i}") for i in range(AT_ONCE)] for p in both}
    minimal = {p: configs.slot("minimal", p.name) for p in both}
    seldom = max(1, min(15, ROUNDS // 2))

    def exec_in(p):  # the floor has no container that lasts: it enters ours
        return p.exec(sleeping.get(p) or sleeping[runtimes[0]])

    cases = [
        Case(RUN_DOCKER, lambda p: cost(place, p.run(docker[p][0])), both),
        Case(RUN_MINIMAL, lambda p: cost(place, p.run(minimal[p])), both),
        Case(EXEC, lambda p: cost(place, exec_in(p)), both),
        Case(LIFE, lambda p: life(place, p, docker[p][0]), runtimes),
        Case(CREATE_MEMORY, lambda p: create_memory(place, p, docker[p][0]), runtimes, every=5),
        Case(RUN_MEMORY, lambda p: (peak_memory(place, p.run(docker[p][0])),), both, every=5),
        Case(EXEC_MEMORY, lambda p: (peak_memory(place, exec_in(p)),), both, every=5),
        Case(SEQUENCE, lambda p: many(place, p, docker[p][:1]), both, every=seldom),
        Case(PARALLEL, lambda p: many(place, p, docker[p]), both, every=seldom),
    ]
    return [case for case in cases if any(ONLY in row for row in case.rows)]


# --- what is told -----------------------------------------------------------------------------------------


def print_programs(place, programs, wrong, absent, configs):
    for p in programs:
        if p in wrong:
            print(f"{p.name}: {p.path} does not do the same work, and is not measured:", *wrong[p][:5], sep="\n  ")
        else:
            print(f"{p.name}: {p.path} ({p.version(place)})")
    for name in absent:
        print(f"{name}: not installed, skipped")
    if configs.left_out:
        print("limits that this machine's control groups do not have:", " ".join(configs.left_out))


def is_memory(row):
    return row.endswith("memory")


def print_amounts(samples, programs):
    def cell(row, p):
        return bench.with_spread(samples[row].get(p), "{:.1f}", 1 / 1024 if is_memory(row) else 1000)
    bench.table(["median [quartiles]", "", "rounds", *(p.name for p in programs)],
                [[row, "MiB" if is_memory(row) else "ms", str(max(map(len, samples[row].values()))),
                  *(cell(row, p) for p in programs)] for row in ROWS if row in samples])


def our_ratios(samples, row, ours, other):
    return bench.ratios(samples[row][ours], samples[row].get(other, []))


def print_ratios(samples, ours, others):
    bench.table(["ours as a part of", *(p.name for p in others)],
                [[row, *(bench.with_spread(our_ratios(samples, row, ours, p)) for p in others)]
                 for row in ROWS if row in samples])


def print_goals(samples, ours, others):
    lines = []
    for row, name, at_most in (goal for goal in GOALS if goal[0] in samples):
        for other in [p for p in others if p.name.startswith(name)] or [None]:
            values = our_ratios(samples, row, ours, other)
            verdict = ("not measured" if not values else "met" if bench.quartiles(values)[1] <= at_most else "missed")
            lines.append([row, f"{at_most} of {other.name if other else name}", bench.with_spread(values), verdict])
    bench.table(["goal: at most", "", "it is", ""], lines)


def print_noise(place, noise, samples, floor):
    alone = [timed(place, [place.path("rootfs/bin/true")]) for _ in range(20)]
    print(f"the command alone, in no container: {bench.with_spread(alone, '{:.1f}', 1000)} ms of each run and exec")
    noise.report(next((row[floor] for row in samples.values() if row.get(floor)), alone))


# --- the whole ----------------------------------------------------------------------------------------------


def main():
    place, made_hugetlb = bench.enter(), False
    try:
        found, absent = find_programs()
        if any(name.startswith("crun") for name, _ in found):
            made_hugetlb = containers.mount_hugetlb()
        containers.make_group(place)
        containers.make_root(place)
        return measure(place, found, absent)
    except Failed as why:
        print("bench:", why, file=sys.stderr)
        return 1
    finally:
        bench.leave(place)
        if made_hugetlb:
            containers.remove_hugetlb()


def measure(place, found, absent):
    configs, floor = containers.Configs(place), Floor(place)
    programs = [*(Runtime(place, name, path) for name, path in found), floor]
    ours, others = programs[0], programs[1:]
    wrong = same_work.check(place, configs, programs)
    sleeping = start_sleeping(place, configs, [p for p in programs if p is not floor and p not in wrong], wrong)
    print_programs(place, programs, wrong, absent, configs)
    if not ROUNDS or ours in wrong or floor in wrong:
        return 1 if wrong else 0
    noise = bench.Noise()
    cases = make_cases(place, configs, list(sleeping), floor, sleeping)
    samples, failed = bench.run_rounds(cases, ROUNDS, 0 if QUICK else 1)
    print()
    print_amounts(samples, programs)
    print()
    print_ratios(samples, ours, others)
    print()
    print_goals(samples, ours, others)
    print()
    print_noise(place, noise, samples, floor)
    for (p, rows), why in failed.items():
        print(f"{p.name}: {', '.join(rows)}: could not be measured: {why}")
    return 1 if failed or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
