#!/usr/bin/env python3
"""engine_python.py REGISTRY - what Python's docker library can be asked, asked of the dockerd that DOCKER_HOST
names; its mirror has busybox. Each group of questions is a function; what is made in one is removed in it.
"""

import io
import os
import shutil
import sys
import tarfile
import tempfile
import threading
import time

import docker
from docker.errors import APIError, BuildError, ContainerError, ImageNotFound, NotFound

client = docker.from_env(timeout=30)
api = client.api
registry = sys.argv[1]
checks = 0


def another(**more):
    """A client with a connection of its own."""
    return docker.APIClient(base_url=os.environ["DOCKER_HOST"], **more)


class Differs(Exception):
    """What was expected, and what came."""


def expect(what, expected, got):
    global checks
    checks += 1
    if expected != got:
        raise Differs(f"{what}\n  expected: {expected!r}\n  got:      {got!r}")


def expect_in(what, part, whole):
    expect(f"{what}: {part!r} is in {whole!r}", True, part in whole)


def expect_error(what, kind, status, words, ask):
    """It raises exactly this class, with this status and these words."""
    try:
        got = ask()
    except APIError as error:
        expect(what, (kind, status), (type(error), error.response.status_code))
        expect_in(what, words, error.explanation)
    else:
        raise Differs(f"{what}\n  expected: {kind.__name__}\n  got:      {got!r}")


def soon(what, ask):
    """ask() is true before ten seconds are over."""
    end = time.monotonic() + 10
    while not ask():
        if time.monotonic() > end:
            raise Differs(f"{what}\n  expected: within ten seconds\n  got:      {ask()!r}")
        time.sleep(0.02)
    expect(what, True, True)


def sleeper(**more):
    return client.containers.run("busybox", ["sleep", "1000"], detach=True, stop_signal="SIGKILL", **more)


# --- the daemon ---------------------------------------------------------------------------------------


def daemon():
    expect("ping", True, client.ping())
    version = client.version()
    expect("the newest API", "1.50", version["ApiVersion"])
    expect("the components", True, "Engine" in [c["Name"] for c in version["Components"]])
    info = client.info()
    expect("info", ("linux", 0), (info["OSType"], info["ContainersRunning"]))
    expect("df", {"LayersSize", "Images", "Containers", "Volumes", "BuildCache"}, set(client.df()) & {
        "LayersSize", "Images", "Containers", "Volumes", "BuildCache"})
    negotiated = another(version="auto")
    expect("the version that both know", negotiated._version, version["ApiVersion"])
    expect_error("an API from the future", APIError, 400, "is too new", another(version="1.99").version)
    expect_error("no swarm", APIError, 503, "This node is not a swarm manager", client.nodes.list)


# --- images -------------------------------------------------------------------------------------------


def images():
    image = client.images.pull("busybox")
    expect("pulled", ["busybox:latest"], image.tags)
    expect_in("progress", "Status: Image is up to date for busybox:latest",
              [line.get("status") for line in api.pull("busybox", tag="latest", stream=True, decode=True)])
    expect("tag", True, image.tag(f"{registry}/mine/box", tag="v1"))
    image.reload()
    expect("tags", {"busybox:latest", f"{registry}/mine/box:v1"}, set(image.tags))
    expect("list by name", [image.id], [i.id for i in client.images.list(name="busybox")])
    expect("list by reference", [image.id], [i.id for i in client.images.list(filters={"reference": "*/mine/box"})])
    expect("history", True, len(image.history()) >= 1)
    pushed = list(client.images.push(f"{registry}/mine/box", tag="v1", stream=True, decode=True))
    digest = [line["aux"]["Digest"] for line in pushed if "aux" in line]
    expect("push says what it pushed", 1, len(digest))
    data = client.images.get_registry_data(f"{registry}/mine/box:v1")
    expect("registry data", digest[0], data.id)
    saved = b"".join(image.save(named="busybox:latest"))
    expect_in("save", "manifest.json", tarfile.open(fileobj=io.BytesIO(saved)).getnames())
    client.images.remove("busybox:latest")
    client.images.remove(f"{registry}/mine/box:v1")
    expect("removed", [], client.images.list())
    loaded = client.images.load(saved)
    expect("load", (image.id, ["busybox:latest"]), (loaded[0].id, loaded[0].tags))
    expect("import", True, "sha256:" in api.import_image_from_data(b"".join(one_file("a", b"a")), "imported", "1"))
    client.images.remove("imported:1")
    expect("prune", {"ImagesDeleted", "SpaceReclaimed"}, set(client.images.prune()))


def builds():
    directory = tempfile.mkdtemp()
    for name, text in {"Dockerfile": "FROM busybox AS base\nARG WHO\nCOPY . /ctx\nRUN echo hello $WHO\nFROM base\nRUN exit 5\n",
                       "file": "data", "skipped.log": "", ".dockerignore": "*.log\n"}.items():
        with open(os.path.join(directory, name), "w", encoding="utf-8") as f:
            f.write(text)
    options = {"path": directory, "tag": "built:1", "buildargs": {"WHO": "there"}, "labels": {"a": "b"}, "rm": True}
    image, lines = client.images.build(target="base", **options)
    said = "".join(line.get("stream", "") for line in lines)
    expect_in("its output", "hello there\n", said)
    expect("its name and label", (["built:1"], "b"), (image.tags, image.labels.get("a")))
    expect("its files", b"file\n", client.containers.run("built:1", ["ls", "/ctx"], remove=True).replace(b"Dockerfile\n", b""))
    again, lines = client.images.build(target="base", **options)
    expect("from the cache", (image.id, True), (again.id, "Using cache" in "".join(x.get("stream", "") for x in lines)))
    try:
        client.images.build(**options)
    except BuildError as error:
        expect_in("a failure", "returned a non-zero code: 5", error.msg)
    else:
        raise Differs("a step that fails\n  expected: BuildError\n  got:      an image")
    api._raise_for_status(api._post(api._url("/build"), params={"buildargs": "null", "labels": "null", "cachefrom": "null"},
                                    data=b"".join(one_file("Dockerfile", b"FROM busybox")),
                                    headers={"Content-Type": "application/x-tar", "X-Registry-Config": "bnVsbA=="}))
    image, _ = client.images.build(fileobj=io.BytesIO(b"FROM busybox\nCMD alone\n"), gzip=False)
    expect("a Dockerfile alone", ["/bin/sh", "-c", "alone"], image.attrs["Config"]["Cmd"])
    client.images.remove(image.id)
    client.images.remove("built:1")
    expect("prune of the cache", {"CachesDeleted", "SpaceReclaimed"}, set(client.images.prune_builds()))
    shutil.rmtree(directory)


def image_errors():
    expect_error("no such image", ImageNotFound, 404, "No such image: nosuch:latest", lambda: client.images.get("nosuch"))
    expect_error("nothing to pull", NotFound, 404, f"{registry}/library/busybox:nosuch not found",
                 lambda: client.images.pull(f"{registry}/library/busybox", tag="nosuch"))
    expect_error("a run without its image", NotFound, 404, "nosuch:latest not found",
                 lambda: client.containers.run(f"{registry}/nosuch", "true"))
    expect_error("a bad name", APIError, 400, "invalid reference format", lambda: client.images.pull("Bad//Name", tag="x"))
    c = client.containers.create("busybox", "true")
    expect("dangling=0", client.images.list(), client.images.list(filters={"dangling": "0"}))
    for kind in client.images, client.volumes, client.networks:
        expect_error("dangling, perhaps", APIError, 400, "invalid filter 'dangling=[maybe]'", lambda: kind.list(filters={"dangling": "maybe"}))
    expect_error("an image in use", APIError, 409, "conflict", lambda: client.images.remove("busybox"))
    c.remove()


# --- containers ---------------------------------------------------------------------------------------


def run():
    expect("run", b"hello\n", client.containers.run("busybox", ["echo", "hello"], remove=True))
    expect("stderr too", b"out\nerr\n", client.containers.run(
        "busybox", ["sh", "-c", "echo out; sleep 0.1; echo err >&2"], stderr=True, remove=True))
    expect("streamed", [b"1\n", b"2\n"], list(client.containers.run(
        "busybox", ["sh", "-c", "echo 1; sleep 0.2; echo 2"], stream=True, remove=True)))
    try:
        client.containers.run("busybox", ["sh", "-c", "echo bad >&2; exit 3"], remove=True)
        raise Differs("a failing command\n  expected: ContainerError\n  got:      success")
    except ContainerError as error:
        expect("a failing command", (3, b"bad\n"), (error.exit_status, error.stderr))
    expect_error("no such command", APIError, 400, "executable file not found",
                 lambda: client.containers.run("busybox", ["nosuch"]))
    left = client.containers.list(all=True)
    expect("what could not start stays", ["created"], [c.status for c in left])
    left[0].remove()


def many_options():
    c = sleeper(name="opts", hostname="host", environment={"A": "1"}, labels={"l": "v"}, mem_limit="64m", cpu_shares=512,
                cap_drop=["ALL"], cap_add=["NET_ADMIN"], working_dir="/tmp", user="65534", read_only=True, init=True,
                tmpfs={"/t": "size=1m"}, ulimits=[docker.types.Ulimit(name="nofile", soft=100, hard=200)], pids_limit=50,
                extra_hosts={"other": "10.9.9.9"}, dns=["10.9.9.8"], shm_size="8m", restart_policy={"Name": "on-failure",
                "MaximumRetryCount": 2}, ports={"80/tcp": None, "81/tcp": ("127.0.0.1", 8181)}, security_opt=["no-new-privileges"],
                log_config=docker.types.LogConfig(type="json-file", config={"max-size": "1m"}), sysctls={"net.core.somaxconn": "99"},
                healthcheck={"test": ["CMD", "true"], "interval": 10 ** 9}, isolation="default", runtime="runc")
    c.reload()
    host = c.attrs["HostConfig"]
    expect("limits", (64 << 20, 512, 50), (host["Memory"], host["CpuShares"], host["PidsLimit"]))
    expect("published", {"127.0.0.1": "8181"}, {p["HostIp"]: p["HostPort"] for p in c.ports["81/tcp"]})
    expect("published somewhere", True, int(c.ports["80/tcp"][0]["HostPort"]) > 0)
    code, told = c.exec_run(["sh", "-c", "hostname; pwd; id -u; ulimit -n; echo $A; grep -c 10.9.9.9 /etc/hosts; cat "
                             "/proc/sys/net/core/somaxconn; touch /x 2>&1"])
    expect("inside", "host /tmp 65534 100 1 1 99 touch: /x: Read-only file system".split(), told.decode().split())
    expect("the last status", 1, code)
    expect("by label and name", [c], client.containers.list(filters={"label": "l=v", "name": "opts", "status": "running"}))
    soon("healthy", lambda: api.inspect_container("opts")["State"]["Health"]["Status"] == "healthy")
    c.remove(force=True)


def life():
    c = client.containers.create("busybox", ["sh", "-c", "trap 'exit 7' TERM; echo ready; while :; do sleep 0.1; done"])
    expect("created", "created", c.status)
    expect_error("no such platform", APIError, 400, "unknown operating system", lambda: api.pull("busybox", platform="foobar"))
    c.start()
    soon("ready", lambda: c.logs() == b"ready\n")
    c.reload()
    expect("running", "running", c.status)
    expect("top", True, "sh" in c.top()["Processes"][0][-1])
    c.pause()
    c.reload()
    expect("paused", "paused", c.status)
    expect_error("a paused one", APIError, 409, "is paused", lambda: c.exec_run("true"))
    c.unpause()
    c.rename("other")
    c.reload()
    expect("renamed", "other", c.name)
    c.update(mem_limit="100m", memswap_limit="200m", restart_policy={"Name": "no"})
    expect("updated", 100 << 20, api.inspect_container(c.id)["HostConfig"]["Memory"])
    for version, limit, shown in ("1.50", 16, 16), ("1.39", 8, 16), ("1.50", -2, 0):
        another(version=version)._post(api._url("/containers/{0}/update", c.id).replace("v1.50", "v" + version),
                                       json={"PidsLimit": limit}).raise_for_status()
        expect("a limit of processes", shown, api.inspect_container(c.id)["HostConfig"]["PidsLimit"])
    c.restart(timeout=5)
    c.stop(timeout=5)
    expect("wait", {"StatusCode": 7}, {k: v for k, v in c.wait().items() if v is not None})
    c.start()
    soon("ready again", lambda: c.logs(tail=1) == b"ready\n")
    c.kill("KILL")
    expect("killed", 137, c.wait(condition="not-running")["StatusCode"])
    expect_error("killed twice", APIError, 409, "is not running", c.kill)
    expect_error("no such signal", APIError, 400, "nvalid signal", lambda: c.kill("NOSUCH"))
    c.remove()
    expect_error("gone", NotFound, 404, "No such container: other", lambda: client.containers.get("other"))


def links():
    a = sleeper(name="linked")
    b = sleeper(name="links", links={"linked": "other"})
    expect("a link", 0, b.exec_run(["grep", "-w", "other", "/etc/hosts"]).exit_code)
    expect("one more name", (["/linked:/links/other"], a.id, ["/linked", "/links/other"]),
           (api.inspect_container(b.id)["HostConfig"]["Links"], api.inspect_container("links/other")["Id"],
            api.containers(filters={"id": a.id})[0]["Names"]))
    api.remove_container("links/other", link=True)
    expect("a link taken back", (1, None), (b.exec_run(["grep", "-w", "other", "/etc/hosts"]).exit_code,
                                            api.inspect_container(b.id)["HostConfig"]["Links"]))
    expect_error("taken back twice", NotFound, 404, "links/other", lambda: api.remove_container("links/other", link=True))
    a.remove(force=True)
    b.remove(force=True)


def of_the_host():
    c = sleeper(network_mode="host", tmpfs={"/t": ""})
    with open("/etc/hosts", "rb") as f:
        expect("the host's names", f.read(), c.exec_run(["cat", "/etc/hosts"]).output)
    expect("a tmpfs is no mount that inspect lists", [], c.attrs["Mounts"])
    expect_error("a file is no directory", APIError, 400, "not a directory", lambda: c.get_archive("/etc/group/"))
    expect_error("nor to put something into", APIError, 400, "not a directory",
                 lambda: c.put_archive("/etc/group/", b"".join(one_file("f", b""))))
    c.remove(force=True)
    expect_error("a platform that this machine is not", NotFound, 404, "specified platform",
                 lambda: api._result(api._post(api._url("/containers/create"), params={"platform": "linux/s390x"},
                                               json={"Image": "busybox"}), True))


def waiting():
    """The three conditions, asked before they come true."""
    again = client.containers.run("busybox", ["sh", "-c", "sleep 0.3; exit 5"], detach=True, restart_policy={"Name": "always"})
    expect("one that is started again has ended all the same", 5, another(timeout=10).wait(again.id, timeout=10)["StatusCode"])
    expect_error("nor is it removed without force", APIError, 409, "cannot remove container", again.remove)
    again.remove(force=True)
    c = client.containers.create("busybox", ["sh", "-c", "exit 4"])
    told = {}
    threads = [threading.Thread(target=lambda how=how: told.update({how: another().wait(
        c.id, condition=how)["StatusCode"]})) for how in ("next-exit", "removed")]
    for t in threads:
        t.start()
    time.sleep(0.2)
    c.start()
    threads[0].join()
    c.remove()
    threads[1].join()
    expect("waited", {"next-exit": 4, "removed": 4}, told)


def logs():
    c = client.containers.run("busybox", ["sh", "-c", "for i in 1 2 3; do echo $i; echo e$i >&2; sleep 0.1; done"], detach=True)
    expect("followed", b"123", b"".join(c.logs(stream=True, follow=True, stderr=False)).replace(b"\n", b""))
    c.wait()
    expect("stderr alone", b"e1\ne2\ne3\n", c.logs(stdout=False))
    expect("tail", 2, len(c.logs(tail=2).splitlines()))
    first = c.logs(timestamps=True, stderr=False).split()[0].decode()
    expect("timestamps", True, first.startswith("20") and first.endswith("Z"))
    expect("since", b"", c.logs(since=int(time.time()) + 100))
    expect("until", b"", c.logs(until=int(time.time()) - 100))
    c.remove()
    c = client.containers.run("busybox", ["echo", "tty"], tty=True, detach=True)
    c.wait()
    expect("of a terminal", b"tty\r\n", c.logs())
    c.remove()


def execs():
    c = sleeper(group_add=["7"])
    expect("demux", (0, (b"out\n", b"err\n")), c.exec_run(["sh", "-c", "echo out; echo err >&2"], demux=True))
    expect("options", b"/tmp 65534 x\n", c.exec_run(["sh", "-c", "echo $(pwd) $(id -u) $V"], workdir="/tmp", user="65534",
                                                     environment={"V": "x"}).output)
    expect("groups", (b"0 7\n", b"5 7\n"), tuple(c.exec_run(["id", "-G"], user=user).output for user in ("0:0", "9:5")))
    expect("streamed", b"ab", b"".join(c.exec_run(["sh", "-c", "printf a; sleep 0.1; printf b"], stream=True).output))
    expect("a terminal", b"tty\r\n", c.exec_run(["echo", "tty"], tty=True).output)
    one = api.exec_create(c.id, ["printf", "tty"], tty=True)
    expect("a terminal's output in frames, for who does not say again that it is one", b"\1\0\0\0\0\0\0\3tty",
           read_all(api.exec_start(one["Id"], socket=True)._sock))
    expect("not found", 127, c.exec_run(["nosuch"]).exit_code)
    expect("nowhere", (126, 1), (lambda code, said: (code, said.count(b"OCI runtime exec failed")))(*c.exec_run(["true"], workdir="/nosuch")))
    sock = c.exec_run(["cat"], stdin=True, socket=True).output
    raw = getattr(sock, "_sock", sock)
    raw.sendall(b"ping")
    raw.shutdown(1)
    expect("through a socket", b"\1\0\0\0\0\0\0\4ping", read_all(raw))
    one = api.exec_create(c.id, "cat", stdin=True, tty=True, detach_keys="ctrl-x")
    raw = api.exec_start(one["Id"], tty=True, socket=True)._sock
    raw.sendall(b"\x18")
    soon("the keys that detach", lambda: is_closed(raw))
    one = api.exec_create(c.id, "sleep 1000")
    expect("detached", "", api.exec_start(one["Id"], detach=True))
    soon("running", lambda: api.exec_inspect(one["Id"])["Running"])
    expect_error("no such exec", NotFound, 404, "No such exec instance", lambda: api.exec_inspect("nosuch"))
    c.remove(force=True)
    expect_error("of what is gone", NotFound, 404, "No such exec instance", lambda: api.exec_inspect(one["Id"]))
    expect_error("in what is gone", NotFound, 404, "No such container", lambda: c.exec_run("true"))
    c = client.containers.create("busybox", "true")
    expect_error("in what does not run", APIError, 409, "is not running", lambda: c.exec_run("true"))
    c.remove()


def read_all(sock):
    data = b""
    while part := sock.recv(4096):
        data += part
    return data


def is_closed(sock):
    try:
        sock.sendall(b"x")
    except OSError:
        return True
    return False


def attach():
    c = client.containers.run("busybox", ["cat"], stdin_open=True, tty=True, detach=True, stop_signal="SIGKILL")
    raw = c.attach_socket(params={"stdin": 1, "stream": 1})._sock
    raw.sendall(b"\x10\x11")
    soon("nobody hears what is typed after the keys that detach", lambda: is_closed(raw))
    c.remove(force=True)
    c = client.containers.create("busybox", ["cat"], stdin_open=True)
    sock = c.attach_socket(params={"stdin": 1, "stdout": 1, "stream": 1})
    c.start()
    raw = getattr(sock, "_sock", sock)
    raw.sendall(b"hello\n")
    raw.shutdown(1)
    expect("attached", b"\1\0\0\0\0\0\0\6hello\n", read_all(raw))
    c.wait()
    c.remove()
    c = client.containers.create("busybox", ["sh", "-c", "echo o; echo e >&2"])
    stream = c.attach(stream=True, demux=True)
    c.start()
    expect("demux", [(None, b"e\n"), (b"o\n", None)], sorted(stream, key=lambda pair: pair[0] or b""))
    c.wait() # its streams end before it does
    c.remove()


def one_file(name, data):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        entry = tarfile.TarInfo(name)
        entry.size = len(data)
        tar.addfile(entry, io.BytesIO(data))
    yield out.getvalue()


def archives():
    c = sleeper()
    expect("put", True, c.put_archive("/tmp", b"".join(one_file("f", b"data"))))
    expect("seen", b"data", c.exec_run(["cat", "/tmp/f"]).output)
    stream, stat = c.get_archive("/tmp/f")
    expect("stat", ("f", 4), (stat["name"], stat["size"]))
    with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as tar:
        expect("get", b"data", tar.extractfile("f").read())
    expect_error("no such file", NotFound, 404, "Could not find the file /nosuch", lambda: c.get_archive("/nosuch"))
    expect_error("no such directory", NotFound, 404, "Could not find the file /nosuch",
                 lambda: c.put_archive("/nosuch", b"".join(one_file("f", b""))))
    for path, first in ("/tmp", "tmp"), ("/tmp/", "tmp"), ("/tmp/.", "."), ("/", "/"):
        stream, stat = c.get_archive(path)
        with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as tar:
            expect("what " + path + " is called", (first, first.strip("/")), (stat["name"], tar.getnames()[0].strip("/")))
    expect("changes", {"Path": "/tmp/f", "Kind": 1}, [d for d in c.diff() if d["Path"] == "/tmp/f"][0])
    expect("export", True, "usr/bin/busybox" in tarfile.open(fileobj=io.BytesIO(b"".join(c.export()))).getnames())
    idle = client.containers.create("busybox", "true")
    idle.start()
    idle.wait()
    expect("nothing changed", (None, client.images.get("busybox").attrs["RootFS"]), (idle.diff(), idle.commit("idle").attrs["RootFS"]))
    idle.remove()
    client.images.remove("idle")
    image = c.commit("committed", "1", changes="ENV X=y", message="m", author="a")
    expect("commit", (["committed:1"], client.images.get("busybox").id), (image.tags, image.attrs["Parent"]))
    expect("what was committed", b"data y\n", client.containers.run(image, ["sh", "-c", "echo $(cat /tmp/f) $X"], remove=True))
    c.remove(force=True)
    client.images.remove("committed:1")


def stats():
    c = sleeper()
    once = c.stats(stream=False)
    expect("stats", ("/" + c.name, True), (once["name"], once["memory_stats"]["usage"] > 0))
    expect("of the processor", True, once["cpu_stats"]["cpu_usage"]["total_usage"] > 0)
    expect("of the network", True, "eth0" in once["networks"])
    stream = c.stats(decode=True)
    expect("a stream", [c.id, c.id], [next(stream)["id"], next(stream)["id"]])
    c.remove(force=True)


def container_prune():
    c = client.containers.run("busybox", "true", detach=True, labels={"p": ""})
    c.wait()
    expect("prune", [c.id], client.containers.prune(filters={"label": "p"})["ContainersDeleted"])
    expect("prune nothing", None, client.containers.prune()["ContainersDeleted"])


# --- networks, volumes, events ------------------------------------------------------------------------


def networks():
    pool = docker.types.IPAMPool(subnet="10.123.0.0/24", gateway="10.123.0.1")
    n = client.networks.create("net", driver="bridge", labels={"k": "v"}, ipam=docker.types.IPAMConfig(pool_configs=[pool]),
                               check_duplicate=True, attachable=True)
    expect("by name and label", [n], client.networks.list(names=["net"], filters={"label": "k=v"}))
    a = sleeper(name="aa", network="net")
    b = sleeper(name="bb", hostname="host-of-b", links={})
    expect("no links", None, b.attrs["HostConfig"]["Links"])
    n.connect(b, aliases=["alias", b.id[:12]], ipv4_address="10.123.0.77")
    for version, unasked in ("1.44", [b.id[:12], "host-of-b"]), ("1.45", [b.id[:12]]):
        expect(f"its aliases in {version}", ["alias", *unasked],
               another(version=version).inspect_container("bb")["NetworkSettings"]["Networks"]["net"]["Aliases"])
    n.reload()
    expect("its containers", {a, b}, set(n.containers))
    expect("an alias", 0, a.exec_run(["ping", "-c1", "-w5", "alias"]).exit_code)
    expect_in("an address", "10.123.0.77", a.exec_run(["nslookup", "bb"]).output.decode())
    expect_error("a network in use", APIError, 403, "has active endpoints", n.remove)
    expect_error("connected twice", APIError, 403, "already exists in network net", lambda: n.connect(b))
    n.disconnect(b)
    expect("disconnected", False, "net" in api.inspect_container("bb")["NetworkSettings"]["Networks"])
    a.remove(force=True)
    b.remove(force=True)
    expect_error("the same subnet", APIError, 403, "Pool overlaps", lambda: client.networks.create(
        "net2", ipam=docker.types.IPAMConfig(pool_configs=[pool])))
    n.remove()
    expect_error("no such network", NotFound, 404, "network net not found", lambda: client.networks.get("net"))
    expect_error("the bridge stays", APIError, 403, "pre-defined network", client.networks.list(names=["bridge"])[0].remove)
    client.networks.create("unused")
    expect("prune", ["unused"], client.networks.prune()["NetworksDeleted"])


def volumes():
    v = client.volumes.create("vol", labels={"k": "v"})
    expect("by label", [v], client.volumes.list(filters={"label": "k=v"}))
    client.containers.run("busybox", ["sh", "-c", "echo kept >/data/f"], volumes={"vol": {"bind": "/data", "mode": "rw"}}, remove=True)
    c = sleeper(mounts=[docker.types.Mount("/data", "vol", read_only=True), docker.types.Mount("/mem", None, type="tmpfs"),
                        docker.types.Mount("/l", "labelled", labels={"empty": ""})])
    expect("as it was asked for, and no more", [{"Type": "volume", "Source": "vol", "Target": "/data", "ReadOnly": True},
                                                {"Type": "tmpfs", "Target": "/mem"}], c.attrs["HostConfig"]["Mounts"][:2])
    expect("a label of nothing", {"empty": ""}, client.volumes.get("labelled").attrs["Labels"])
    expect("a mode", "z", c.attrs["Mounts"][0]["Mode"])
    expect("kept", b"kept\n", c.exec_run(["cat", "/data/f"]).output)
    expect("read-only", 1, c.exec_run(["touch", "/data/g"]).exit_code)
    expect_error("a volume in use", APIError, 409, "volume is in use", v.remove)
    c.remove(force=True)
    v.remove()
    client.volumes.get("labelled").remove()
    expect_error("no such volume", NotFound, 404, "get vol: no such volume", lambda: client.volumes.get("vol"))
    expect("prune", {"VolumesDeleted", "SpaceReclaimed"}, set(client.volumes.prune()))


def events():
    since = time.time()
    stream = client.events(decode=True, filters={"type": "container", "label": "ev"})
    c = client.containers.run("busybox", "true", detach=True, labels=["ev"])
    c.wait()
    c.remove()
    seen = []
    for event in stream:
        seen.append(event["Action"])
        if event["Action"] == "destroy":
            stream.close()
            break
    expect("a life", ["create", "start", "die", "destroy"], seen)
    past = list(client.events(decode=True, since=int(since), until=int(time.time()) + 1, filters={"container": c.id}))
    expect("what was", True, "die" in [e["Action"] for e in past])
    expect("all that was", True, "die" in [e["Action"] for e in client.events(decode=True, since=0, until=int(time.time()) + 1)])
    expect("who", c.id, past[0]["Actor"]["ID"])


def bodies():
    """What is no JSON is said in the words of Go's decoder, and null is what was left out."""
    def post(path, data):
        return api._result(api._post(api._url(path), data=data, headers={"Content-Type": "application/json"}), True)
    c = sleeper()
    for path in "/volumes/create", "/networks/create", "/containers/create", "/containers/nosuch/exec", "/exec/nosuch/start":
        expect_error("no JSON", APIError, 400, "invalid character 'i' looking for beginning of object key string",
                     lambda: post(path, "{invalid"))
        expect_error("nothing", APIError, 400, "got EOF while reading request body", lambda: post(path, ""))
    client.images.remove(post(f"/commit?container={c.id}", "null")["Id"])
    expect_error("an algorithm as a name", APIError, 400, "using digest algorithm as name", lambda: api.tag("busybox", "sha256", "x"))
    c.remove(force=True)


def container_errors():
    expect_error("no such container", NotFound, 404, "No such container: nosuch", lambda: client.containers.get("nosuch"))
    c = client.containers.create("busybox", "true", name="taken")
    expect_error("a name twice", APIError, 409, 'Conflict. The container name "/taken" is already in use',
                 lambda: client.containers.create("busybox", "true", name="taken"))
    expect_error("a bad name", APIError, 400, "Invalid container name", lambda: c.rename("!"))
    c.remove()
    ended = client.containers.run("busybox", ["sh", "-c", "exit 3"], ports={"80": 8099}, detach=True)
    ended.wait()
    c = sleeper(ports={"80": 8099})
    expect_error("a running one", APIError, 409, "container is running", c.remove)
    for what, start, status in ("a port twice", lambda: sleeper(name="late", ports={"80": 8099}), 128), ("of what has run", ended.start, 3):
        expect_error(what, APIError, 500, "port is already allocated", start)
        expect(f"{what}: its status", status, api.inspect_container("late" if status == 128 else ended.id)["State"]["ExitCode"])
    c.remove(force=True)
    expect_error("no such network", NotFound, 404, "network nosuch not found", lambda: sleeper(network="nosuch"))
    for c in client.containers.list(all=True):
        c.remove(force=True)


GROUPS = (daemon, images, builds, image_errors, run, many_options, life, links, of_the_host, waiting, logs, execs, attach, archives, stats, container_prune,
          networks, volumes, events, bodies, container_errors)
failed = 0
for group in GROUPS:
    try:
        group()
    except Exception as error:
        failed += 1
        print(f"{group.__name__}: {'' if isinstance(error, Differs) else type(error).__name__ + ': '}{error}")
        for c in client.containers.list(all=True):
            c.remove(force=True)
print(f"{checks} answers, {failed} of {len(GROUPS)} groups differ")
sys.exit(failed > 0)
