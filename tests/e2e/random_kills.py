"""random_kills.py TOP DIR - see random-kills.sh.

    workers     run, exec, pull and remove, and check what they get     (kills_runs.py)
    writers     containers that number their lines, and never end by themselves
    this file   kills daemons and shims and fills the disk meanwhile, and restarts a killed daemon at
                once; in the end nothing of it may be lost, and nothing may be left

KILLS and SEED come from the environment. A seed repeats the choices; the moments are the machine's.
"""

import glob
import hashlib
import json
import os
import random
import subprocess
import sys
import threading
import time
import urllib.parse

import kills_runs as runs
from kills_stack import PATIENCE, World

TOP, T = sys.argv[1:3]
KILLS, SEED = int(os.environ["KILLS"]), int(os.environ["SEED"])
IMAGES = {"one": "docker.io/library/one:latest", "two": "127.0.0.1:5100/library/img:latest"}
FAULTS = [
    {"do": "truncate"}, {"do": "corrupt"}, {"do": "reset"}, {"do": "stall", "seconds": 2}, {"do": "status", "status": 500},
    {"do": "status", "status": 429, "retry_after": 1}, {"do": "status", "status": 401},
]
WRITE = ("trap 'echo end; echo end >&2; exit 7' TERM; i=0; while :; do echo line $i; echo line $i >&2; i=$((i+1)); "
         "[ $((i % 10)) = 0 ] && sleep 0.05; done")
w = World(TOP, T, SEED)


# --- writers: they must outlive everything but their own shim ---------------------------------------------

class Writer:
    """A container that writes. With `log`: directly in containerd, else in dockerd, rotated or not."""

    def __init__(self, kind):
        self.kind, self.number = kind, 0
        self.begin()

    def begin(self):
        self.number += 1
        self.name = f"{w.unique}-{self.kind}-{self.number}"
        if self.kind == "plain":
            self.cid, self.log = self.name, f"{w.disk}/logs/{self.name}.log"
            runs.containerd_make(w, self.name, w.busybox, ["sh", "-c", WRITE], self.log)
        else:
            rotation = {"max-size": "64k", "max-file": "3"} if self.kind == "rotated" else {}
            self.cid = runs.docker_create(w, self.name, "busybox", ["sh", "-c", WRITE],
                                          LogConfig={"Type": "json-file", "Config": rotation})
            runs.docker_start(w, self.cid)
            self.log = f"{w.container_dir(self.cid)}/{self.cid}-json.log"
        self.pid = self.state()[1]

    def state(self):
        """(status word, pid, exit status)"""
        if self.kind == "plain":
            task = w.settle(w.containerd, "GET", f"/tasks/{self.cid}")[1]
            return task["status"], task["pid"], task.get("exitStatus")
        state = runs.docker_inspect(w, self.cid)[1]["State"]
        return {"exited": "stopped"}.get(state["Status"], state["Status"]), state["Pid"], state["ExitCode"]

    def lost(self):
        return self.cid in w.lost_shims

    def check_alive(self):
        if not self.lost() and not os.path.exists(f"/proc/{self.pid}"):
            w.problem(f"writer {self.name} (process {self.pid}) died, and its shim was not killed")

    def lines(self):
        """The numbers in the log by stream; a rotated one's oldest file comes first."""
        files = [f"{self.log}.2", f"{self.log}.1", self.log] if self.kind == "rotated" else [self.log]
        lines = [line for f in files if os.path.exists(f) for line in w.log_lines(f)]
        return {s: [text.split()[-1] for text, of in lines if of == s] for s in ("stdout", "stderr")}

    def end(self):
        """Stop it, if it was not lost; then its log and exit status must be whole."""
        if not self.lost():
            if self.kind == "plain":
                w.settle(w.containerd, "POST", f"/tasks/{self.cid}/kill", {"signal": 15})
            else:
                w.settle(w.docker, "POST", f"/containers/{self.cid}/kill?signal=TERM")
        until = time.time() + PATIENCE
        while self.state()[0] != "stopped":
            assert time.time() < until, f"writer {self.name} does not end: {self.state()}"
            time.sleep(0.05)
        assert not os.path.exists(f"/proc/{self.pid}"), f"writer {self.name}'s process {self.pid} goes on"
        status = self.state()[2]
        assert status in (runs.LOST if self.lost() else (7,)), f"writer {self.name}: exit status {status}"
        for stream, got in self.lines().items():
            self.check_lines(stream, got)
        self.remove()

    def check_lines(self, stream, got):
        numbers, ended = (got[:-1], True) if got[-1:] == ["end"] else (got, False)
        assert ended or self.lost(), f"writer {self.name}: its {stream} ends with {got[-3:]}"
        first = int(numbers[0]) if numbers and self.kind == "rotated" else 0
        expected = [str(n) for n in range(first, first + len(numbers))]
        if numbers != expected:
            at = next(i for i, (a, b) in enumerate(zip(numbers, expected)) if a != b)
            raise AssertionError(f"writer {self.name}: in its {stream} comes {numbers[max(0, at - 3):at + 5]}")

    def remove(self):
        if self.kind == "plain":
            runs.containerd_remove(w, self.cid)
            os.unlink(self.log)
        else:
            runs.docker_remove(w, self.cid)
        w.count("writer")


# --- workers ------------------------------------------------------------------------------------------------

def work(name, turns):
    """One thread: one of `turns` after the other, until the end."""
    rng = random.Random(f"{SEED} {name}")
    number = 0
    while not w.stopping.is_set():
        number += 1
        turn = rng.choice(turns)
        try:
            turn(rng, f"{w.unique}-{name}-{number}")
        except AssertionError as e:
            w.problem(f"{name}: {e}")
            return
        except Exception as e:
            w.problem(f"{name}: {type(e).__name__}: {e} in {turn}")
            raise
        time.sleep(rng.random() * 0.1)


def start_workers(writers):
    docker_runs = [lambda r, n: runs.docker_run(w, r, n), lambda r, n: runs.docker_run(w, r, n),
                   lambda r, n: runs.docker_run_rm(w, r, n), lambda r, n: runs.docker_run_again(w, r, n)]
    table = {
        "run1": docker_runs, "run2": docker_runs,
        "ctr": [lambda r, n: runs.containerd_run(w, r, n, w.busybox)],
        "exec": [lambda r, n: runs.docker_exec(w, r, r.choice(writers[:2]).cid),
                 lambda r, n: runs.containerd_exec(w, r, writers[2].cid, n)],
        "pull": [lambda r, n: runs.docker_pull(w, r, n)],
        "fetch": [lambda r, n: runs.containerd_pull(w, r, n, w.layers["two"])],
    }
    threads = [threading.Thread(target=work, args=item, name=item[0]) for item in table.items()]
    for thread in threads:
        thread.start()
    return threads


# --- what is done to them -----------------------------------------------------------------------------------

def note(text):
    print(f"{time.time():.3f} {text}", flush=True)


def kill_daemons(rng, *names):
    names = rng.sample(names, len(names))
    for name in names:
        w.daemons[name].kill()
        w.generation[name] += 1
    for name in rng.sample(names, len(names)):
        w.daemons[name].start()
    note("killed " + " and ".join(names))


def kill_shim(rng):
    """Any container's; it is noted as lost before, as it may be at any moment from now on."""
    files = sorted(glob.glob(f"{w.state}/*/*/shim.pid"))
    rng.shuffle(files)
    for file in files:
        bundle = os.path.dirname(file)
        try:
            pid = int(open(file).read())
            if bundle not in open(f"/proc/{pid}/cmdline").read():
                continue
        except (OSError, ValueError):
            continue
        w.lost_shims.add(os.path.basename(bundle))
        try:
            os.kill(pid, 9)
        except ProcessLookupError:
            continue
        return note(f"killed the shim of {os.path.basename(bundle)[:40]}")


def fill_disk(seconds):
    w.full += 1
    note("the disk is full")
    with open(f"{w.disk}/ballast", "wb", 0) as f:
        end = time.time() + seconds
        while time.time() < end:
            try:
                f.write(bytes(65536))
            except OSError:
                time.sleep(0.02)
    os.unlink(f"{w.disk}/ballast")
    note("the disk has room")


def misbehave(rng):
    """What the registry does from now on."""
    faults = [dict(rng.choice(FAULTS), match=rng.choice(["blobs/", "manifests/", "GET"]), times=rng.randrange(1, 4))
              for _ in range(rng.randrange(3))]
    doc = {"layout": f"{T}/two", "serial": rng.random(), "faults": faults}
    if rng.random() < 0.3:
        doc |= {"auth": "bearer", "realm": "http://127.0.0.1:5100/token"}
    with open(f"{T}/hostile.new", "w") as f:
        json.dump(doc, f)
    os.rename(f"{T}/hostile.new", f"{T}/hostile.json")


def torment(writers):
    rng = random.Random(SEED)
    filler = None
    for _ in range(KILLS):
        time.sleep(rng.random() * 1.2)
        misbehave(rng)
        what = rng.choice(["containerd"] * 3 + ["dockerd"] * 3 + ["both"] + ["shim"] * 2 + ["disk"] * 2)
        if what == "disk" and not (filler and filler.is_alive()):
            filler = threading.Thread(target=fill_disk, args=(0.3 + rng.random() * 1.5,))
            filler.start()
        elif what == "shim":
            kill_shim(rng)
        elif what == "both":
            kill_daemons(rng, "containerd", "dockerd")
        else:
            kill_daemons(rng, "dockerd" if what == "disk" else what)
        for writer in writers:
            writer.check_alive()
        for daemon in w.daemons.values():
            if daemon.process.poll() is not None:
                w.problem(f"{daemon.name} has ended by itself: {daemon.process.returncode}")
        for i, writer in enumerate(writers):
            if writer.lost():
                try:
                    writer.end()
                    writer.begin()
                except AssertionError as e:
                    w.problem(str(e))
        if w.problems:
            break
    if filler:
        filler.join()


# --- what must be so in the end --------------------------------------------------------------------------------

def check(what, expected, got):
    if expected != got:
        w.problem(f"{what}\n  expected: {expected}\n  got:      {got}")


def check_blobs():
    for file in glob.glob(f"{w.disk}/containerd/content/blobs/sha256/*"):
        with open(file, "rb") as f:
            check("a blob's digest", os.path.basename(file), hashlib.sha256(f.read()).hexdigest())


def check_starts():
    """The next start of each: no error, no help."""
    for daemon in w.daemons.values():
        daemon.kill()
        daemon.start()
        api = w.docker if daemon.name == "dockerd" else w.containerd
        w.settle(api, "GET", "/version")
        time.sleep(1.5)  # dockerd's second look at the tasks
        check(f"{daemon.name} starts with nothing to complain of", [], [
            c for c in daemon.complaints() if "containerd at " not in c])


def check_nothing_left():
    """With the daemons running; what the kernel has of it is random-kills.sh's to see, in the end."""
    for api, name in ((w.containerd, "default"), (w.moby, "moby")):
        for path in ("tasks", "containers", "leases"):
            check(f"{path} in namespace {name}", [], w.settle(api, "GET", f"/{path}")[1])
    check("containers of dockerd", [], w.settle(w.docker, "GET", "/containers/json?all=1")[1])
    check("active snapshots", [], [s["key"] for s in w.settle(w.containerd, "GET", "/snapshots")[1]
                                   if s["kind"] != "committed"])
    for pattern in (f"{w.state}/default/*", f"{w.state}/moby/*", f"{w.state}/runc/*/*", f"{w.disk}/docker/containers/*",
                    f"{w.disk}/containerd/**/*.tmp", f"{w.disk}/docker/**/*.tmp"):
        check(f"files {pattern}", [], glob.glob(pattern, recursive=True))
    shims = subprocess.run(["pgrep", "-fa", "/containerd-shim --bundle"], capture_output=True, text=True).stdout
    check("shims", "", shims)


def check_all_gone():
    """Without images nothing is stored."""
    for api in (w.containerd, w.moby):
        for image in w.settle(api, "GET", "/images")[1]:
            w.settle(api, "DELETE", "/images/" + urllib.parse.quote(image["name"], safe=""))
    check("snapshots", [], w.settle(w.containerd, "GET", "/snapshots")[1])
    for pattern in ("content/blobs/sha256/*", "snapshots/[0-9]*"):
        check(f"files {pattern}", [], glob.glob(f"{w.disk}/containerd/{pattern}"))


# --- all of it -----------------------------------------------------------------------------------------------------

def pull(ref):
    docs = w.settle(w.containerd, "POST", "/transfer/pull", {"ref": ref, "mirrors": [os.environ["MIRROR"]]})[1]
    assert docs[-1]["status"] == "done", f"pull {ref}: {docs[-1]}"
    return w.settle(w.containerd, "GET", "/resolve/" + urllib.parse.quote(docs[-1]["name"], safe=""))[1]["chainID"]


def undisturbed_layers(ref):
    chain = pull(ref)
    layers = [runs.tree(w, d) for d in runs.layer_dirs(w, "look", chain)]
    w.settle(w.containerd, "DELETE", "/snapshots/look")
    return chain, layers


def prepare():
    os.mkdir(f"{w.disk}/logs")
    for daemon in w.daemons.values():
        daemon.start()
    w.settle(w.docker, "GET", "/version")
    w.busybox = pull("busybox")
    w.settle(w.docker, "POST", "/images/create?fromImage=busybox&tag=latest")
    w.layers = {name: undisturbed_layers(ref)[1] for name, ref in IMAGES.items()}
    for ref in IMAGES.values():
        w.settle(w.containerd, "DELETE", "/images/" + urllib.parse.quote(ref, safe=""))


def finish(threads, writers):
    w.stopping.set()
    for thread in threads:
        thread.join(3 * PATIENCE)
        if thread.is_alive():
            w.problem(f"{thread.name} does not come to an end")
    for writer in writers:
        writer.end()
    with open(f"{T}/hostile.json", "w") as f:
        json.dump({"layout": f"{T}/two"}, f)
    check_nothing_left()
    check_starts()
    for name, ref in IMAGES.items():
        runs.check_layers(w, "look", pull(ref), w.layers[name])
    check_blobs()
    check_all_gone()


def main():
    prepare()
    writers = [Writer(kind) for kind in ("docker", "rotated", "plain")]
    threads = start_workers(writers)
    try:
        torment(writers)
        if not w.problems:
            finish(threads, writers)
    except AssertionError as e:
        w.problem(str(e))
    w.stopping.set()
    for daemon in w.daemons.values():
        if not w.problems:
            check(f"{daemon.name}'s exit status when told to stop", 0, daemon.stop())
    note("done: " + ", ".join(f"{n} {what}" for what, n in sorted(w.done.items())))
    if os.environ.get("SAID") or w.problems:
        for text, n in w.said.most_common():
            print(f"{n:5} {text}")
    for problem in w.problems:
        print("PROBLEM:", problem)
    sys.stdout.flush()
    os._exit(1 if w.problems else 0)


main()
