"""kills_runs.py - for random_kills.py: containers that end, execs, pulls. Each function is one turn of a worker
and raises AssertionError when something was lost."""

import json
import re
import subprocess
import time
import urllib.parse

from kills_stack import PATIENCE

LOST = (137, 255)  # how a container whose shim was killed is reported


def spec(name, args):
    return {
        "ociVersion": "1.0.2",
        "process": {"args": args, "cwd": "/", "env": ["PATH=/bin"], "user": {"uid": 0, "gid": 0}},
        "root": {"path": "rootfs"},
        "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
        "linux": {"namespaces": [{"type": t} for t in ("mount", "pid", "ipc", "uts", "network")],
                  "cgroupsPath": "/default/" + name},
    }


def script(rng, code):
    pause = rng.choice(["", "sleep 0.1", "sleep 0.5", "sleep 1"])
    return f"echo begin; {pause or ':'}; echo error >&2; echo end; exit {code}"


def check_exit(w, cid, got, code, what):
    allowed = (code,) + (LOST if cid in w.lost_shims else ())
    assert got in allowed, f"{what} {cid[:20]}: exit status {got}, expected one of {allowed}"


def check_log(w, cid, path, runs, what):
    """The script's lines, as often as it was run; only a shim that was killed may have cut one run's short."""
    lines = w.log_lines(path)
    for stream, expected in (("stdout", ["begin\n", "end\n"]), ("stderr", ["error\n"])):
        got = [text for text, of in lines if of == stream]
        lost = cid in w.lost_shims and got == (expected * runs)[:len(got)]
        assert got == expected * runs or lost, f"{what} {cid[:12]}: its log's {stream} is {got}, run {runs} times"


# --- through dockerd ------------------------------------------------------------------------------

def docker_create(w, name, image, args, **host):
    body = {"Image": image, "Cmd": args, "HostConfig": host}
    status, doc = w.settle(w.docker, "POST", f"/containers/create?name={name}", body, fine=(409,))
    if status == 409:  # made by the request that was not answered
        doc = w.settle(w.docker, "GET", f"/containers/{name}/json")[1]
    return doc["Id"]


def docker_inspect(w, cid, fine=()):
    return w.settle(w.docker, "GET", f"/containers/{cid}/json", fine=fine)


def docker_start(w, cid):
    """Until it was started, once: a container that has run is not started again. False: it is gone (--rm)."""
    end = time.time() + PATIENCE
    answer = None
    while time.time() < end:
        answer = w.once(w.docker, "POST", f"/containers/{cid}/start")
        if answer and answer[0] in (204, 304):
            return True
        status, doc = docker_inspect(w, cid, fine=(404,))
        if status == 404:
            return False
        if doc["State"]["Status"] != "created":
            return True
        time.sleep(0.1)
    raise AssertionError(f"container {cid[:12]} cannot be started: {answer}")


def docker_ended(w, cid, fine=()):
    end = time.time() + PATIENCE
    while time.time() < end:
        status, doc = docker_inspect(w, cid, fine)
        if status == 404:
            return None
        if doc["State"]["Status"] == "exited":
            return doc
        time.sleep(0.05)
    raise AssertionError(f"container {cid[:12]} does not end: {doc['State']}")


def docker_remove(w, cid):
    w.settle(w.docker, "DELETE", f"/containers/{cid}?force=1&v=1", fine=(404,), again=(409,))


def docker_run(w, rng, name):
    """A container ends with its exit status, which stays, and its log has what it wrote."""
    code = rng.randrange(1, 120)
    cid = docker_create(w, name, "busybox", ["sh", "-c", script(rng, code)],
                        NetworkMode=rng.choice(["bridge", "bridge", "none"]))
    docker_start(w, cid)
    doc = docker_ended(w, cid)
    check_exit(w, cid, doc["State"]["ExitCode"], code, "container")
    if rng.random() < 0.3:
        time.sleep(rng.random() * 3)
        was, now = ([d["State"][k] for k in ("Status", "ExitCode", "FinishedAt")] for d in (doc, docker_inspect(w, cid)[1]))
        assert was == now, f"container {cid[:12]} was {was}, is {now}"
    check_log(w, cid, doc["LogPath"], 1, "container")
    docker_remove(w, cid)
    w.count("docker run")


def docker_run_rm(w, rng, name):
    """With --rm it is gone after its end, also when dockerd was not there to see it."""
    cid = docker_create(w, name, "busybox", ["sh", "-c", script(rng, 0)], AutoRemove=True)
    docker_start(w, cid)
    doc = docker_ended(w, cid, fine=(404,))
    end = time.time() + PATIENCE
    while doc and time.time() < end:
        time.sleep(0.05)
        status, doc = docker_inspect(w, cid, fine=(404,))
        doc = None if status == 404 else doc
    assert not doc, f"container {cid[:12]} with --rm stays: {doc['State']}"
    w.count("docker run --rm")


def docker_run_again(w, rng, name):
    """A restart policy counts right: on-failure:2 is three runs."""
    cid = docker_create(w, name, "busybox", ["sh", "-c", "echo begin; echo error >&2; echo end; exit 5"],
                        RestartPolicy={"Name": "on-failure", "MaximumRetryCount": 2}, NetworkMode="none")
    docker_start(w, cid)
    doc = docker_ended(w, cid)
    check_exit(w, cid, doc["State"]["ExitCode"], 5, "container")
    runs = len([1 for text, _ in w.log_lines(doc["LogPath"]) if text == "begin\n"])
    if cid not in w.lost_shims:
        assert doc["RestartCount"] == 2, f"container {cid[:12]}: restarted {doc['RestartCount']} times"
        check_log(w, cid, doc["LogPath"], 3, "container")
    assert runs <= 3, f"container {cid[:12]} ran {runs} times"
    docker_remove(w, cid)
    w.count("docker run --restart")


def docker_exec(w, rng, cid):
    """An exec in a running container: its exit status, unless dockerd, which keeps it, was killed."""
    code, before = rng.randrange(1, 120), w.generation["dockerd"]
    made = w.once(w.docker, "POST", f"/containers/{cid}/exec",
                  {"Cmd": ["sh", "-c", f"{rng.choice([':', 'sleep 0.2'])}; exit {code}"]})
    if not made or made[0] != 201:
        return
    started = w.once(w.docker, "POST", f"/exec/{made[1]['Id']}/start", {"Detach": True})
    end = time.time() + PATIENCE
    while True:
        status, doc = w.settle(w.docker, "GET", f"/exec/{made[1]['Id']}/json", fine=(404,))
        if w.generation["dockerd"] != before or cid in w.lost_shims:
            return
        assert status == 200, f"exec in {cid[:12]} is gone"
        if doc["ExitCode"] is not None:
            break
        assert time.time() < end, f"exec in {cid[:12]} does not end: {doc}"
        time.sleep(0.05)
    if started and started[0] == 200:
        assert doc["ExitCode"] == code, f"exec in {cid[:20]}: exit status {doc['ExitCode']}, expected {code}"
        w.count("docker exec")


def docker_pull(w, rng, name):
    """A pull succeeds or says why not; afterwards a container can be run from it, or nothing is there."""
    image = rng.choice(["one", "127.0.0.1:5100/library/img"])
    answer = w.once(w.docker, "POST", "/images/create?tag=latest&fromImage=" + urllib.parse.quote(image, safe=""))
    docs = answer[1] if answer and isinstance(answer[1], list) else [answer and answer[1]]
    for error in (d for d in docs if d and "error" in d):
        w.hear(error["error"])
    if docs[-1] and "Status: " in str(docs[-1].get("status")):
        status, doc = w.settle(w.docker, "GET", f"/images/{image}:latest/json", fine=(404,))
        assert status == 200, f"{image} was pulled ({docs[-1]}) and is not there: {doc}; " + str(
            [w.once(w.moby, "GET", "/images"), w.once(w.moby, "GET", "/resolve/docker.io%2Flibrary%2Fone:latest")])
        w.count("docker pull")
    w.settle(w.docker, "DELETE", f"/images/{image}:latest", fine=(404,), again=(409,))


# --- through containerd --------------------------------------------------------------------------------

def containerd_make(w, name, chain, args, log):
    """Snapshot, container, task, started once. What an unanswered request has made is there (409)."""
    c = w.containerd
    w.settle(c, "POST", "/snapshots/prepare", {"key": name, "parent": chain}, fine=(409,))
    w.settle(c, "POST", "/containers", {"id": name, "snapshotKey": name, "spec": spec(name, args)}, fine=(409,))
    end = time.time() + PATIENCE
    while time.time() < end:
        w.settle(c, "POST", "/tasks", {"containerID": name, "log": {"driver": "json-file", "path": log}}, fine=(409,))
        task = w.settle(c, "GET", f"/tasks/{name}", fine=(404,))[1]
        if task.get("status") in ("running", "stopped"):
            return
        w.once(c, "POST", f"/tasks/{name}/start")
        task = w.settle(c, "GET", f"/tasks/{name}", fine=(404,))[1]
        if task.get("status") in ("running", "stopped"):
            return
        time.sleep(0.05)
    raise AssertionError(f"task {name} cannot be started: {task}")


def containerd_remove(w, name):
    c = w.containerd
    status, end = w.settle(c, "DELETE", f"/tasks/{name}", fine=(404,), again=(409,))
    w.settle(c, "DELETE", f"/containers/{name}", fine=(404,), again=(409,))
    w.settle(c, "DELETE", f"/snapshots/{name}", fine=(404,), again=(409,))
    return end if status == 200 else None


def containerd_run(w, rng, name, chain):
    code, log = rng.randrange(1, 120), f"{w.disk}/logs/{name}.log"
    containerd_make(w, name, chain, ["sh", "-c", script(rng, code)], log)
    end = w.settle(w.containerd, "POST", f"/tasks/{name}/wait")[1]
    if not end:  # the stream ended with the daemon
        end = w.settle(w.containerd, "POST", f"/tasks/{name}/wait")[1]
    check_exit(w, name, end["exitStatus"], code, f"{end}, task")
    deleted = containerd_remove(w, name)
    assert deleted in (None, end), f"task {name} ended as {end}, was deleted as {deleted}"
    check_log(w, name, log, 1, "task")
    subprocess.run(["rm", log], check=True)
    w.count("containerd run")


def containerd_exec(w, rng, name, turn):
    code, c, ex = rng.randrange(1, 120), w.containerd, f"/tasks/{name}/execs/{turn}"
    made = w.once(c, "POST", f"/tasks/{name}/execs", {
        "execID": turn, "process": {"args": ["sh", "-c", f"{rng.choice([':', 'sleep 0.2'])}; exit {code}"]}})
    if not made or made[0] >= 300 or name in w.lost_shims:
        return
    started = w.once(c, "POST", ex + "/start")
    if started and started[0] < 300:
        status, end = w.settle(c, "POST", ex + "/wait", fine=(404,))
        if name in w.lost_shims:
            return
        assert status == 200, f"exec {turn} in {name} is gone: {end}"
        assert end["exitStatus"] == code, f"exec {turn} in {name}: {end}, expected {code}"
        w.count("containerd exec")
    w.settle(c, "DELETE", ex, fine=(404,), again=(409,))


def containerd_pull(w, rng, name, layers):
    """A pull from the registry that misbehaves, and what it unpacked."""
    image = "127.0.0.1:5100/library/img:latest"
    answer = w.once(w.containerd, "POST", "/transfer/pull", {"ref": image})
    docs = answer[1] if answer and isinstance(answer[1], list) else [answer and answer[1]]
    if docs[-1] and docs[-1].get("status") == "done":
        chain = w.settle(w.containerd, "GET", "/resolve/" + urllib.parse.quote(image, safe=""))[1]["chainID"]
        check_layers(w, name, chain, layers)
        w.count("containerd pull")
    elif docs[-1]:
        w.hear(docs[-1])
    w.settle(w.containerd, "DELETE", "/images/" + urllib.parse.quote(image, safe=""), fine=(404,))


def tree(w, directory):
    """What is in it; the time of a whiteout means nothing and is the moment's."""
    text = subprocess.run(["python3", f"{w.top}/tests/e2e/tree_list.py", directory], check=True,
                          capture_output=True, text=True).stdout
    return re.sub(r"mtime=\d+ device=0:0", "whiteout", text)


def layer_dirs(w, name, chain):
    """The directories of the layers of `chain`, held by a view named `name`."""
    doc = w.settle(w.containerd, "POST", "/snapshots/view", {"key": name, "parent": chain}, fine=(409,))[1]
    if "mounts" not in doc:
        doc = w.settle(w.containerd, "GET", f"/snapshots/{name}/mounts")[1]
    mount = doc["mounts"][0]
    lower = [o.split("=", 1)[1] for o in mount["options"] if o.startswith("lowerdir=")]
    return lower[0].split(":") if lower else [mount["source"]]


def check_layers(w, name, chain, layers):
    got = [tree(w, d) for d in layer_dirs(w, name, chain)]
    w.settle(w.containerd, "DELETE", f"/snapshots/{name}", fine=(404,))
    assert got == layers, f"the layers of {chain} are not what they are when nobody disturbs:\n" + json.dumps(
        [sorted(set(a.splitlines()) ^ set(b.splitlines()))[:5] for a, b in zip(got, layers)], indent=1)
