"""engine_compose2.py SOCKET VERSION - one project's life as Compose 2 asks for it.

Compose 2 is a plugin in Go that speaks to the daemon itself. What it sends is written down here, request by request: the
order, the labels that it finds its things by, the filters (Go's way of writing them: {"label":{"a=b":true}}), and what
it reads in the answers. Before API 1.44 it connects a container to its second network after the create; from 1.44 on the
create says it all. VERSION is the newest that this client speaks.
"""
import base64
import http.client
import io
import json
import socket
import struct
import sys
import tarfile
import threading
import time
import urllib.parse

SOCKET, NEWEST = sys.argv[1], sys.argv[2]
PROJECT, LABEL = "shop", "com.docker.compose."
MINE = f"{LABEL}project={PROJECT}"
checks = 0


def expect(what, expected, got):
    global checks
    checks += 1
    if expected != got:
        sys.exit(f"API {api}: {what}\n  expected: {expected!r}\n  got:      {got!r}")


# --- the client -------------------------------------------------------------------------------

api = "?"
AGENT = {"User-Agent": "compose/v2.39.1", "Accept-Encoding": "identity"}


class Connection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(SOCKET)


def where(path, /, **query):
    query = {k: json.dumps(v, separators=(",", ":")) if isinstance(v, dict) else v for k, v in query.items()}
    return f"/v{api}{path}" + ("?" + urllib.parse.urlencode(query) if query else "")


def labels(*texts, **more):
    """As Go's filters.Args writes them."""
    return {"label": {text: True for text in texts}, **{k: {v: True} for k, v in more.items()}}


def ask(expected, method, path, /, body=None, headers={}, **query):
    connection = Connection("d")
    data = body if body is None or isinstance(body, bytes) else json.dumps(body)
    kind = {"Content-Type": "application/x-tar" if isinstance(body, bytes) else "application/json"} if body else {}
    connection.request(method, where(path, **query), data, {**AGENT, **kind, **headers})
    reply = connection.getresponse()
    data = reply.read()
    expect(f"{method} {path} {query or ''} {data[:300]}", expected, reply.status)
    expect(f"{method} {path}: the version in its header", "1.50", reply.getheader("Api-Version"))
    connection.close()
    return json.loads(data) if "json" in (reply.getheader("Content-Type") or "") and path != "/images/create" else data


def hijack(path, /, body=None, **query):
    """A connection that stops speaking HTTP."""
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(30)
    s.connect(SOCKET)
    text = json.dumps(body) if body else ""
    s.sendall((f"POST {where(path, **query)} HTTP/1.1\r\nHost: api.moby.localhost\r\nUser-Agent: {AGENT['User-Agent']}\r\n"
               f"Content-Length: {len(text)}\r\nConnection: Upgrade\r\nContent-Type: text/plain\r\nUpgrade: tcp\r\n\r\n{text}").encode())
    stream = s.makefile("rb")
    expect(f"{path}: upgraded", b"HTTP/1.1 101", stream.readline()[:12])
    head = http.client.parse_headers(stream)
    expect(f"{path}: the stream's kind", "application/vnd.docker.multiplexed-stream"
           if api >= "1.42" else "application/vnd.docker.raw-stream", head["Content-Type"])
    return s, stream


def frames(stream):
    """[(1: stdout or 2: stderr, bytes)] until the end."""
    out = []
    while head := stream.read(8):
        kind, size = struct.unpack(">BxxxI", head)
        out.append((kind, stream.read(size)))
    return out


def text_of(stream):
    return b"".join(data for _, data in frames(stream)).decode()


# --- what Compose makes -----------------------------------------------------------------------

ZERO = {"StorageOpt": None, "Binds": None, "Links": None, "DeviceRequests": None, "OomKillDisable": False, "Init": None,
        "Tmpfs": {}, "ConsoleSize": [0, 0], "CapAdd": None, "CapDrop": None, "ShmSize": 0, "Isolation": "", "Dns": None,
        "MemorySwappiness": None, "PidsLimit": None, "RestartPolicy": {"Name": "", "MaximumRetryCount": 0},
        "LogConfig": {"Type": "", "Config": None}, "ExtraHosts": [], "PortBindings": {}, "CpuCount": 0, "CpuPercent": 0}
HEALTH = {"Test": ["CMD", "test", "-f", "/data/ready"], "Interval": 200_000_000, "Timeout": 2_000_000_000, "Retries": 50}
SERVICES = {
    "db": {"command": "sleep 0.2; echo from-db >/data/ready; exec httpd -f -p 5432 -h /data", "networks": ["back"],
           "config": {"Healthcheck": HEALTH}, "aliases": ["database"],
           "host": {"Mounts": [{"Type": "volume", "Source": "shop_data", "Target": "/data", "VolumeOptions": {}}]}},
    "web": {"command": "cat /run/secrets/token; wget -qO /srv/page http://database:5432/ready && exec httpd -f -p 80 -h /srv",
            "networks": ["front", "back"], "needs": "db:service_healthy:false", "config": {"ExposedPorts": {"80/tcp": {}}},
            "host": {"PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8089"}]}, "Tmpfs": {"/srv": ""},
                     "Mounts": [{"Type": "bind", "Source": "@HERE/made", "Target": "/made",
                                 "BindOptions": {"CreateMountpoint": True}}],
                     "RestartPolicy": {"Name": "unless-stopped", "MaximumRetryCount": 0}}},
    "worker": {"command": "echo working; exec sleep 1000", "networks": ["back"], "config": {}, "host": {}},
}
ADDRESS, MAC = "10.87.0.77", "02:42:0a:57:00:4d"


def endpoint(service, name, network):
    """Go sends the whole struct, with what only inspect knows as zeroes."""
    fixed = service == "web" and network == "back"
    return {"IPAMConfig": {"IPv4Address": ADDRESS} if fixed else {}, "Links": None,
            "Aliases": [name, service, *SERVICES[service].get("aliases", ())], "MacAddress": MAC if fixed and api >= "1.44" else "",
            "DriverOpts": None, "GwPriority": 0, "NetworkID": "", "EndpointID": "", "Gateway": "",
            "IPAddress": ADDRESS if fixed else "", "IPPrefixLen": 0, "IPv6Gateway": "", "GlobalIPv6Address": "",
            "GlobalIPv6PrefixLen": 0, "DNSNames": None}


def create(service, number, name=None, oneoff=False, config={}, host={}, more={}):
    plan = SERVICES[service]
    real = f"{PROJECT}-{service}-{number}"
    networks = {f"{PROJECT}_{n}": endpoint(service, real, n) for n in plan["networks"]}
    first = next(iter(networks))
    body = {"Hostname": "", "Domainname": "", "User": "", "AttachStdin": False, "AttachStdout": True, "AttachStderr": True,
            "Tty": False, "OpenStdin": False, "StdinOnce": False, "Env": ["GREETING=hello"], "Image": "busybox",
            "Cmd": ["sh", "-c", plan["command"]], "Volumes": None, "WorkingDir": "", "Entrypoint": None, "OnBuild": None,
            "StopSignal": "SIGKILL", "StopTimeout": 3,
            "Labels": {LABEL + "project": PROJECT, LABEL + "service": service, LABEL + "oneoff": str(oneoff),
                       LABEL + "container-number": str(number), LABEL + "config-hash": "c0ffee", LABEL + "version": "2.39.1",
                       LABEL + "depends_on": plan.get("needs", ""), LABEL + "image": "sha256:0", **more},
            **plan["config"], **config,
            "HostConfig": {**ZERO, **json.loads(json.dumps(plan["host"]).replace("@HERE", sys.argv[3])), "NetworkMode": first, **host},
            "NetworkingConfig": {"EndpointsConfig": networks if api >= "1.44" else {first: networks[first]}}}
    made = ask(201, "POST", "/containers/create", body, name=name or real)
    expect(f"{real}: warnings", [], made["Warnings"])
    there = ask(200, "GET", f"/containers/{made['Id']}/json")
    expect(f"{real}: its labels", body["Labels"], there["Config"]["Labels"])
    if api < "1.44":
        for network in list(networks)[1:]:
            ask(200, "POST", f"/networks/{network}/connect", {"Container": made["Id"], "EndpointConfig": networks[network]})
    return made["Id"]


def containers(*more, all=1):
    f = labels(MINE, LABEL + "config-hash", *more)
    return ask(200, "GET", "/containers/json", filters=f, **({"all": 1} if all else {}))


def of(service, all=1):
    found = containers(f"{LABEL}service={service}", f"{LABEL}oneoff=False", all=all)
    return sorted(found, key=lambda c: int(c["Labels"][LABEL + "container-number"]))


def wait_healthy(identity):
    for _ in range(100):
        state = ask(200, "GET", f"/containers/{identity}/json")["State"]
        if state["Health"]["Status"] != "starting":
            return expect("the state of db's health", "healthy", state["Health"]["Status"])
        time.sleep(0.05)
    sys.exit("db does not become healthy")


class Events(threading.Thread):
    """What `up` follows the project by."""

    def __init__(self):
        super().__init__(daemon=True)
        self.seen, self.connection = [], Connection("d")
        self.connection.request("GET", where("/events", filters=labels(MINE, type="container")), headers=AGENT)
        self.reply = self.connection.getresponse()
        expect("/events", 200, self.reply.status)
        self.start()

    def run(self):
        try:
            while line := self.reply.readline():
                event = json.loads(line)
                attributes = event["Actor"]["Attributes"]
                expect("events are of containers of the project", ("container", PROJECT),
                       (event["Type"], attributes[LABEL + "project"]))
                self.seen.append((attributes[LABEL + "service"], event["Action"].split(":")[0], attributes.get("exitCode")))
        except (OSError, ValueError, AttributeError, http.client.HTTPException):
            pass  # the socket was closed under it

    def expect(self, what):
        for _ in range(100):
            if what in self.seen:
                return expect("", True, True)
            time.sleep(0.02)
        sys.exit(f"no event {what} in {self.seen}")


# --- the project's life -----------------------------------------------------------------------


def negotiate():
    global api
    connection = Connection("d")
    connection.request("HEAD", "/_ping", headers=AGENT)
    reply = connection.getresponse()
    expect("HEAD /_ping", (200, "linux"), (reply.status, reply.getheader("Ostype")))
    newest = reply.getheader("Api-Version")
    api = min(newest, NEWEST, key=lambda v: [int(n) for n in v.split(".")])
    expect("the engine's version of the API", newest, ask(200, "GET", "/version")["ApiVersion"])


def images():
    auth = {"X-Registry-Auth": base64.urlsafe_b64encode(b"{}").decode()}
    lines = ask(200, "POST", "/images/create", headers=auth, fromImage="docker.io/library/busybox", tag="latest")
    status = [json.loads(line).get("status", "") for line in lines.splitlines()]
    expect("a pull ends with its status", True, status[-1].startswith("Status: "))
    image = ask(200, "GET", "/images/busybox/json")
    expect("an image's name is its own", ["busybox:latest"], image["RepoTags"])
    expect("a list by reference", [image["Id"]],
           [i["Id"] for i in ask(200, "GET", "/images/json", filters={"reference": {"busybox": True}})])
    expect("images that the project built", [], ask(200, "GET", "/images/json", filters=labels(MINE, dangling="false")))


def networks():
    for key in "back", "front":
        name, mine = f"{PROJECT}_{key}", {LABEL + "network": key, LABEL + "project": PROJECT, LABEL + "version": "2.39.1"}
        body = {"Name": name, "Driver": "", "Scope": "", "IPAM": None, "Internal": False, "Attachable": False, "Ingress": False,
                "ConfigOnly": False, "ConfigFrom": None, "Options": None, "Labels": mine}
        if key == "back":
            body["IPAM"] = {"Driver": "", "Options": None, "Config": [{"Subnet": "10.87.0.0/24", "Gateway": "10.87.0.1"}]}
        body["CheckDuplicate" if api < "1.44" else "EnableIPv4"] = True
        ask(404, "GET", f"/networks/{name}")
        expect(f"no {name} yet", [], ask(200, "GET", "/networks", filters={"name": {name: True}}))
        made = ask(201, "POST", "/networks/create", body)
        there = ask(200, "GET", f"/networks/{name}")
        expect(f"{name} is found again", (made["Id"], mine, "bridge"), (there["Id"], there["Labels"], there["Driver"]))
        ask(409, "POST", "/networks/create", body)


def volumes():
    mine = {LABEL + "volume": "data", LABEL + "project": PROJECT, LABEL + "version": "2.39.1", LABEL + "config-hash": "d00d"}
    ask(404, "GET", "/volumes/shop_data")
    ask(201, "POST", "/volumes/create", {"Name": "shop_data", "Driver": "", "DriverOpts": None, "Labels": mine})
    expect("the volume is found again", mine, ask(200, "GET", "/volumes/shop_data")["Labels"])


def inject(identity):
    """A secret that is not a file here is copied into the container before it starts."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        entry = tarfile.TarInfo("/run/secrets/token")
        entry.size, entry.mode, entry.uname, entry.gname = 7, 0o444, "root", "root"
        tar.addfile(entry, io.BytesIO(b"s3cret\n"))
    ask(200, "PUT", f"/containers/{identity}/archive", archive.getvalue(), copyUIDGID="true", noOverwriteDirNonDir="true", path="/")


def up():
    events = Events()
    db, web = create("db", 1), create("web", 1)
    workers = [create("worker", n) for n in (1, 2)]
    inject(web)
    raw, stream = hijack(f"/containers/{web}/attach", stderr=1, stdout=1, stream=1)
    ask(204, "POST", f"/containers/{db}/start")
    wait_healthy(db)
    for identity in [web] + workers:
        ask(204, "POST", f"/containers/{identity}/start")
    expect("what is attached before the start sees the first word", b"s3cret\n", struct.unpack(">8x7s", stream.read(15))[0])
    raw.close()
    for service in "db", "web", "worker":
        events.expect((service, "create", None))
        events.expect((service, "start", None))
    return events


def ps():
    expect("all run", ["running"] * 4, [c["State"] for c in containers(f"{LABEL}oneoff=False", all=0)])
    web = of("web")[0]
    expect("ps: names, ports", (["/shop-web-1"], [("127.0.0.1", 8089, 80, "tcp")]),
           (web["Names"], [(p["IP"], p["PublicPort"], p["PrivatePort"], p["Type"]) for p in web["Ports"]]))
    known = {n: ask(200, "GET", f"/networks/{n}")["Id"] for n in ("shop_front", "shop_back")}
    there = web["NetworkSettings"]["Networks"]
    expect("ps: the networks, by which Compose judges whether all is as it should be", known,
           {name: settings["NetworkID"] for name, settings in there.items()})
    expect("the address that was asked for", ADDRESS, there["shop_back"]["IPAddress"])
    if api >= "1.44":
        expect("and the MAC", MAC, there["shop_back"]["MacAddress"])
    expect("a volume's mount has its name", [("volume", "shop_data")], [(m["Type"], m["Name"]) for m in of("db")[0]["Mounts"]])
    expect("top", True, any("httpd" in " ".join(p) for p in ask(200, "GET", f"/containers/{web['Id']}/top")["Processes"]))
    return web["Id"]


def logs():
    connection = Connection("d")
    worker = of("worker")[0]["Id"]
    connection.request("GET", where(f"/containers/{worker}/logs", follow=1, stderr=1, stdout=1, tail="all", timestamps=1), headers=AGENT)
    reply = connection.getresponse()
    kind, size = struct.unpack(">BxxxI", reply.read(8))
    line = reply.read(size).decode()
    expect("logs -f -t", (200, 1, "working\n", "Z"), (reply.status, kind, line.split(" ", 1)[1], line.split(" ")[0][-1]))
    connection.close()


def execute(identity):
    body = {"User": "", "Privileged": False, "Tty": False, "ConsoleSize": None, "AttachStdin": False, "AttachStderr": True,
            "AttachStdout": True, "DetachKeys": "", "Env": None, "WorkingDir": "", "Cmd": ["sh", "-c", "echo $GREETING; ls -d /made; exit 4"]}
    made = ask(201, "POST", f"/containers/{identity}/exec", body)
    raw, stream = hijack(f"/exec/{made['Id']}/start", {"Detach": False, "Tty": False})
    expect("exec: what it says", "hello\n/made\n", text_of(stream))
    raw.close()
    expect("exec: its status", (4, False), (lambda e: (e["ExitCode"], e["Running"]))(ask(200, "GET", f"/exec/{made['Id']}/json")))


def scale():
    """Up by one, and down again to one: the highest numbers go."""
    ask(204, "POST", f"/containers/{create('worker', 3)}/start")
    expect("three", ["1", "2", "3"], [c["Labels"][LABEL + "container-number"] for c in of("worker")])
    for old in of("worker")[1:]:
        stop_and_remove(old["Id"])
    expect("one", ["1"], [c["Labels"][LABEL + "container-number"] for c in of("worker")])


def stop_and_remove(identity, volumes=False):
    ask(204, "POST", f"/containers/{identity}/stop")
    ask(204, "DELETE", f"/containers/{identity}", force=1, **({"v": 1} if volumes else {}))


def recreate(events):
    """The new one is made beside the old one, under a name that it keeps until the old one is gone."""
    old = of("web")[0]["Id"]
    networks = {} if api >= "1.44" else {"NetworkMode": "shop_front"}
    ask(204, "POST", f"/containers/{old}/stop", t=1)
    events.expect(("web", "die", "137"))
    new = create("web", 1, f"{old[:12]}_shop-web-1", host=networks, more={LABEL + "replace": old})
    inject(new)
    ask(204, "DELETE", f"/containers/{old}")
    ask(204, "POST", f"/containers/{new}/rename", name="shop-web-1")
    events.expect(("web", "rename", None))
    ask(204, "POST", f"/containers/{new}/start")
    expect("the new one has the name", new, ask(200, "GET", "/containers/shop-web-1/json")["Id"])
    ask(204, "POST", f"/containers/{new}/restart", t=1)
    ask(204, "POST", f"/containers/{new}/pause")
    expect("paused", ["paused"], [c["State"] for c in of("web")])
    ask(204, "POST", f"/containers/{new}/unpause")


def run():
    """run --rm: attached and waited for before it starts."""
    one = create("worker", 1, "shop-worker-run-0123", True, {"Cmd": ["sh", "-c", "wget -qO- http://db:5432/ready; exit 7"]},
                 {"AutoRemove": True}, {LABEL + "slug": "0123"})
    raw, stream = hijack(f"/containers/{one}/attach", stderr=1, stdout=1, stream=1)
    wait = Connection("d")
    wait.request("POST", where(f"/containers/{one}/wait", condition="removed"), headers=AGENT)
    reply = wait.getresponse()
    ask(204, "POST", f"/containers/{one}/start")
    expect("run: what it says", "from-db\n", text_of(stream))
    expect("run: its status", {"StatusCode": 7}, json.loads(reply.read()))
    ask(404, "GET", f"/containers/{one}/json")
    raw.close()
    expect("a one-off is no service's", 1, len(of("worker")))


def down(events):
    for service in "web", "worker", "db":
        for c in of(service):
            stop_and_remove(c["Id"], True)
    for key in "back", "front":
        found = ask(200, "GET", "/networks", filters=labels(MINE, f"{LABEL}network={key}"))
        expect(f"{key} is found", [f"{PROJECT}_{key}"], [n["Name"] for n in found])
        expect("nobody is on it", {}, ask(200, "GET", f"/networks/{found[0]['Id']}")["Containers"])
        ask(204, "DELETE", f"/networks/{found[0]['Id']}")
    ask(204, "DELETE", "/volumes/shop_data", force=1)
    ask(204, "DELETE", "/volumes/shop_data", force=1)
    events.expect(("db", "destroy", None))
    expect("nothing is left", ([], [], []), (containers(), ask(200, "GET", "/networks", filters=labels(MINE)),
                                             ask(200, "GET", "/volumes", filters=labels(MINE))["Volumes"] or []))


negotiate()
images()
networks()
volumes()
events = up()
web = ps()
logs()
execute(web)
scale()
recreate(events)
run()
down(events)
print(f"API {api}: {checks} checks")
