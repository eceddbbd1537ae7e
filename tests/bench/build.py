#!/usr/bin/env python3
"""build.py - what a build costs: our docker and dockerd, beside the real ones and buildah.

    make bench BENCH=build [BUILD_ROUNDS=N] [QUICK=1] [ONLY=cached] [BUILD_MB=100]

Each has a root of its own, in memory, and the same base image; what is measured is one command, client and all:
`docker build` by our client, `DOCKER_BUILDKIT=0 docker build` by the real one, `buildah bud` with a layer for
each step as the other two make them, and, since buildah does less by default, once more without. Dockerfile
and context are the same for all, and RUN has no network: buildah's is another kind of thing.

`20 steps` is built without the cache; `20 steps, cached` is the same again with all of it there; `context` is
a step that copies BUILD_MB of files, sent and built without the cache.

A goal that is missed is said to be, no more; what is installed and could not be measured ends with status 1.
"""

import os
import random
import shutil
import sys

import bench
import engine
import start
from bench import Case, Failed, cost, timed

QUICK = bool(os.environ.get("QUICK"))
ROUNDS = int(os.environ.get("BUILD_ROUNDS") or (1 if QUICK else 10))
ONLY = os.environ.get("ONLY", "")
MEGABYTES = int(os.environ.get("BUILD_MB") or (2 if QUICK else 100))

FRESH, CACHED = ["20 steps", "20 steps: processor"], ["20 steps, cached"]
CONTEXT = [f"{MEGABYTES} MB of context", f"{MEGABYTES} MB: processor"]
ROWS = [*FRESH, *CACHED, *CONTEXT]
GOALS = [(FRESH[0], 0.3), (CACHED[0], 0.3), (CONTEXT[0], 0.3)]

STEPS = """FROM busybox
ARG WHO=world
ENV GREETING="hello" TARGET=/app
LABEL made.by=bench
WORKDIR /app
COPY first.txt ./
RUN echo "$GREETING $WHO" >greeting
RUN mkdir -p etc lib && cp first.txt lib/
COPY lib ./lib/
RUN ls -l lib >list
RUN chown 5:5 greeting && chmod 640 greeting
COPY --chown=1:1 second.txt etc/
ENV PATH=/app/bin:$PATH
RUN sed s/hello/goodbye/ greeting >farewell && rm list
USER 5:5
EXPOSE 8080/tcp
VOLUME /data
STOPSIGNAL SIGINT
ENTRYPOINT ["/bin/sh", "-c"]
CMD ["cat /app/greeting"]
"""


# --- what is built -----------------------------------------------------------------------------------


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)


def make_contexts(place):
    for name in ("first.txt", "second.txt", "lib/a", "lib/b", "lib/deep/c"):
        write(place.path("steps", name), (name + "\n").encode() * 100)
    write(place.path("steps", "Dockerfile"), STEPS.encode())
    rng, left, number = random.Random(1), MEGABYTES << 20, 0
    while left:  # many small files, most bytes in large ones
        size = min(left, int(rng.lognormvariate(10, 2)))
        write(place.path("context", "files", str(number // 100), str(number)), rng.randbytes(size))
        left, number = left - size, number + 1
    write(place.path("context", "Dockerfile"), b"FROM busybox\nCOPY files /files\n")
    print(f"context: {number} files, {MEGABYTES} MiB")


# --- who builds ----------------------------------------------------------------------------------------


class Ours(engine.Engine):
    def build(self, context, *options):
        return self.command("build", "--network", "none", *options, "-t", "built", self.place.path(context))

    def processor(self):
        """Seconds that the daemons had one; what they waited for, a container's programs say, is in it."""
        return sum(ticks(pid) for pid in (self.pid, self.containerd.pid))


class Real(engine.RealEngine, Ours):
    pass


class Buildah(start.Program):
    def __init__(self, place, name, path, layers):
        super().__init__(place, name, path)
        self.layers = layers

    def command(self, *words):
        p = self.place.path
        return [self.path, "--root", p("buildah"), "--runroot", p("buildah-run"), *words]

    def serve(self):
        if not self.layers:
            return  # the other has the base already
        timed(self.place, self.command("pull", "oci:" + start.image_layout()))
        name = bench.output(self.place, self.command("images", "-q")).split()[0]
        timed(self.place, self.command("tag", name, start.IMAGE))

    def build(self, context, *options):
        return self.command("bud", "--network", "none", "--pull-never", f"--layers={self.layers}".lower(), *options,
                            "-t", "built", self.place.path(context))

    def processor(self):
        return 0


def ticks(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        fields = f.read().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def find_builders(place):
    """All that can build, and the names of what is not installed."""
    found = [Ours(place, "ours", bench.TOP + "/05-cli/docker", start.Ours(place), bench.TOP + "/04-dockerd/dockerd")]
    cli, ctr, buildah = (start.outside(name) for name in ("docker", "ctr", "buildah"))
    if cli and ctr and shutil.which("containerd") and shutil.which("dockerd"):
        found.append(Real(place, "docker", cli, start.RealCtr(place, ctr), shutil.which("dockerd")))
    if buildah:
        found += [Buildah(place, "buildah", buildah, True), Buildah(place, "buildah, one layer", buildah, False)]
    names = [b.name for b in found]
    return found, [name for name in ("docker", "buildah") if name not in names]


# --- what is measured ----------------------------------------------------------------------------------


def build(builder, context, *options):
    """Seconds, and those that client and daemons had a processor."""
    before = builder.processor()
    took, used = cost(builder.place, builder.build(context, *options))
    return took, used + builder.processor() - before


def cached(builder):
    return build(builder, "steps")[:1]


def make_cases(builders):
    in_layers = [b for b in builders if getattr(b, "layers", True)]
    cases = [
        Case(FRESH, lambda b: build(b, "steps", "--no-cache"), builders),
        Case(CACHED, cached, in_layers),
        Case(CONTEXT, lambda b: build(b, "context", "--no-cache"), builders),
    ]
    return [case for case in cases if any(ONLY in row for row in case.rows)]


# --- what is told ----------------------------------------------------------------------------------------


def print_goals(samples, builders):
    """Each beside whichever of the others was the fastest."""
    lines = []
    for row, at_most in (goal for goal in GOALS if goal[0] in samples):
        others = [b for b in builders[1:] if samples[row].get(b)]
        fastest = min(others, key=lambda b: bench.quartiles(samples[row][b])[1], default=None)
        values = bench.ratios(samples[row].get(builders[0], []), samples[row].get(fastest, []))
        verdict = "not measured" if not values else "met" if bench.quartiles(values)[1] <= at_most else "missed"
        lines.append([row, f"{at_most} of {fastest.name if fastest else 'the faster'}", bench.with_spread(values),
                      verdict])
    bench.table(["goal: at most", "", "it is", ""], lines)


def serve(builders):
    """Those that work, and why the others do not."""
    working, failed = [], {}
    for b in builders:
        try:
            b.serve()
            build(b, "steps")  # and so the cache has it
            working.append(b)
            print(f"{b.name}: {b.path} ({b.version()})")
        except Failed as why:
            failed[b] = str(why)
    return working, failed


def measure(place):
    bench.ENVIRONMENT["DOCKER_BUILDKIT"] = "0"
    start.serve_image(place)
    make_contexts(place)
    builders, absent = find_builders(place)
    ours = builders[0]
    builders, failed = serve(builders)
    for name in absent:
        print(f"{name}: not installed, skipped")
    if ours in builders:
        samples, broken = bench.run_rounds(make_cases(builders), ROUNDS, 0 if QUICK else 1)
        failed.update({b: f"{', '.join(rows)}: {why}" for (b, rows), why in broken.items()})
        print()
        start.print_amounts(samples, builders, ROWS)
        print()
        print_goals(samples, builders)
    for b, why in failed.items():
        print(f"{b.name}: could not be measured: {why}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(start.main(measure))
