"""engine_every_field.py SOCKET DIRECTORY - each field of the API's requests does something, or is refused by name.

The names are those of the Engine API's description, version 1.50. Every field has a row here: it is sent with a value
that is not its default, and the row says where that shows: in the container, in what the runtime was told (config.json
of the bundle), in the daemon's documents; or how it is refused. A field without a row, and a row without a field, fail.
"""
import glob
import http.client
import json
import os
import re
import socket
import sys
import time
import urllib.parse

SOCKET, T = sys.argv[1], sys.argv[2]
V1 = os.path.exists("/sys/fs/cgroup/memory")
V6 = os.path.isdir("/proc/sys/net/ipv6")
checks = 0


def expect(what, expected, got):
    global checks
    checks += 1
    if expected != got:
        sys.exit(f"{what}\n  expected: {expected!r}\n  got:      {got!r}")


class Connection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(SOCKET)


def ask(method, path, body=None):
    connection = Connection("d")
    connection.request(method, "/v1.50" + path, body and json.dumps(body), {"Content-Type": "application/json"})
    reply = connection.getresponse()
    data = reply.read()
    connection.close()
    whole = "json" in (reply.getheader("Content-Type") or "") and data.count(b"\n") < 2 and data
    return reply.status, json.loads(data) if whole else data


def done(method, path, body=None):
    status, answer = ask(method, path, body)
    if status >= 300:
        sys.exit(f"{method} {path} {json.dumps(body)}: {status} {answer}")
    return answer


# --- where a field shows ------------------------------------------------------------------------


class Inside:
    """What this prints in the container."""

    def __init__(self, script, expected):
        self.script, self.expected = script, expected


class Told:
    """In config.json: keys with dots between; "x=y" picks the member of a list whose x is y."""

    def __init__(self, path, expected):
        self.path, self.expected = path, expected


class Shown:
    """In inspect: for what is a client's note, or where the daemon has done it by then."""

    def __init__(self, path, expected):
        self.path, self.expected = path, expected


class Refused:
    def __init__(self, words, **beside):
        self.words, self.beside = words, beside


class Ignored:
    """What inspect answers and clients send back: no request's business, for Docker neither."""


def at(doc, path):
    for key in path.split("."):
        if isinstance(doc, list) and "=" in key:
            name, value = key.split("=")
            doc = next((item for item in doc if str(item.get(name)) == value), None)
        else:
            doc = doc[int(key)] if isinstance(doc, list) else doc.get(key)
        if doc is None:
            return None
    return doc


def execute(container, script):
    made = done("POST", f"/containers/{container}/exec",
                {"Cmd": ["sh", "-c", script], "AttachStdout": True, "AttachStderr": True, "User": "0", "Tty": True})
    return done("POST", f"/exec/{made['Id']}/start", {"Tty": True}).decode().replace("\r", "").strip()


def verify(container, rows, known):
    """All rows of one running container; one command runs all scripts. `known`: what stands for what is not known before."""
    inspected = done("GET", f"/containers/{container}/json")
    bundle = glob.glob(f"{T}/run-containerd/**/{inspected['Id']}/config.json", recursive=True)
    told = json.load(open(bundle[0]))
    known = {**known, "@id": inspected["Id"]}
    scripts = [(name, row) for name, row in rows if isinstance(row, Inside)]
    out = execute(container, "; echo @@; ".join(f"({row.script}) 2>&1" for _, row in scripts)).split("@@")
    for (name, row), text in zip(scripts, out):
        expect(f"{name}: {row.script}", row.expected, " ".join(text.split()))
    for name, row in rows:
        if isinstance(row, (Told, Shown)):
            expected = row.expected
            for word, value in known.items():
                expected = expected.replace(word, value) if isinstance(expected, str) else expected
            expect(f"{name}: {row.path}", expected, at(told if isinstance(row, Told) else inspected, row.path))


# --- containers ------------------------------------------------------------------------------------

# field: [(container, value, where it shows)...]. Fields of one container are sent in one request.
CONFIG = {
    "Hostname": [("one", "every", Inside("hostname", "every"))],
    "Domainname": [("one", "field.test", Inside("cat /proc/sys/kernel/domainname", "field.test"))],
    "User": [("one", "1000:1001", Inside("stat -c %u:%g /proc/1/task", "1000:1001"))],
    "AttachStdin": [("two", True, Shown("Config.AttachStdin", True))],
    "AttachStdout": [("two", True, Shown("Config.AttachStdout", True))],
    "AttachStderr": [("two", True, Shown("Config.AttachStderr", True))],
    "ExposedPorts": [("two", {"9/udp": {}}, Shown("Config.ExposedPorts", {"9/udp": {}}))],
    "Tty": [("one", True, Told("process.terminal", True))],
    "OpenStdin": [("two", True, Inside("readlink /proc/1/fd/0 | cut -c 1-5", "pipe:"))],
    "StdinOnce": [("two", True, Shown("Config.StdinOnce", True))],
    "Env": [("one", ["EVERY=field"], Inside("echo $EVERY", "field"))],
    "Cmd": [("one", ["-c", "sleep 1000"], Told("process.args", ["sh", "-c", "sleep 1000"]))],
    "Entrypoint": [("one", ["sh"], Told("process.args", ["sh", "-c", "sleep 1000"]))],
    "Healthcheck": [("one", {"Test": ["CMD", "true"], "Interval": 10**12, "Timeout": 10**9, "Retries": 7, "StartPeriod": 10**9,
                             "StartInterval": 10**9}, Shown("State.Health.Status", "starting"))],
    "ArgsEscaped": [("two", True, Shown("Config.ArgsEscaped", True))],
    "Image": [("one", "busybox", Shown("Config.Image", "busybox"))],
    "Volumes": [("one", {"/anon": {}}, Inside("grep -c ' /anon ' /proc/mounts", "1"))],
    "WorkingDir": [("one", "/work", Told("process.cwd", "/work"))],
    "NetworkDisabled": [("bare", True, Inside("ls /sys/class/net", "lo"))],
    "MacAddress": [("two", "02:42:00:00:00:11", Inside("cat /sys/class/net/eth0/address", "02:42:00:00:00:11"))],
    "OnBuild": [("two", ["RUN x"], Shown("Config.OnBuild", ["RUN x"]))],
    "Labels": [("one", {"every": "field"}, Shown("Config.Labels.every", "field"))],
    "StopSignal": [("two", "SIGUSR1", Shown("Config.StopSignal", "SIGUSR1"))],
    "StopTimeout": [("two", 7, Shown("Config.StopTimeout", 7))],
    "Shell": [("two", ["/bin/ash", "-c"], Shown("Config.Shell", ["/bin/ash", "-c"]))],
}

RATE = [{"Path": "sda", "Rate": 1}]
NO_BLOCK = Refused("bad format for device path: sda")
HOST = {
    "Binds": [("one", [f"{T}/made:/bind:ro"], Inside("touch /bind/x", "touch: /bind/x: Read-only file system"))],
    "ContainerIDFile": [("two", "/tmp/id", Shown("HostConfig.ContainerIDFile", "/tmp/id"))],
    "LogConfig": [("one", {"Type": "local", "Config": {"max-size": "5m"}}, Shown("HostConfig.LogConfig.Type", "local"))],
    "NetworkMode": [("two", "every", Shown("NetworkSettings.Networks.every.NetworkID", "@every"))],
    "PortBindings": [("one", {"7/tcp": [{"HostIp": "127.0.0.1", "HostPort": "7007"}]},
                      Shown("NetworkSettings.Ports.7/tcp.0.HostPort", "7007"))],
    "RestartPolicy": [("failing", {"Name": "on-failure", "MaximumRetryCount": 1}, None)],
    "AutoRemove": [("vanishing", True, None)],
    "VolumeDriver": [(None, "nosuch", Refused("VolumeDriver"))],
    "VolumesFrom": [("two", ["one"], Inside("grep -c ' /anon ' /proc/mounts", "1"))],
    "ConsoleSize": [("one", [20, 30], Told("process.consoleSize", {"height": 20, "width": 30}))],
    "CapAdd": [("one", ["SYS_NICE"], Inside("echo $((0x$(awk '/CapBnd/ { print $2 }' /proc/1/status) >> 23 & 1))", "1"))],
    "CapDrop": [("one", ["MKNOD"], Inside("echo $((0x$(awk '/CapBnd/ { print $2 }' /proc/1/status) >> 27 & 1))", "0"))],
    "CgroupnsMode": [("one", "private", Inside(f"[ $(readlink /proc/self/ns/cgroup) = '{os.readlink('/proc/self/ns/cgroup')}' ] || echo other", "other"))],
    "Dns": [("one", ["10.1.2.3"], Inside("grep nameserver /etc/resolv.conf", "nameserver 10.1.2.3"))],
    "DnsOptions": [("one", ["timeout:3"], Inside("grep options /etc/resolv.conf", "options timeout:3"))],
    "DnsSearch": [("one", ["field.test"], Inside("grep search /etc/resolv.conf", "search field.test"))],
    "ExtraHosts": [("one", ["extra:10.9.9.9"], Inside("grep -o '10.9.9.9.extra' /etc/hosts | tr '\\t' ' '", "10.9.9.9 extra"))],
    "GroupAdd": [("one", ["1234"], Told("process.user.additionalGids", [1001, 1234]))],
    "IpcMode": [("one", "shareable", Shown("HostConfig.IpcMode", "shareable")), ("two", "container:one", Inside("cat /dev/shm/x", "shared"))],
    "Cgroup": [(None, "x", Refused("HostConfig.Cgroup"))],
    "Links": [("old", ["one:peer"], Inside("grep -c peer /etc/hosts", "1"))],
    "OomScoreAdj": [("one", 77, Inside("cat /proc/1/oom_score_adj", "77"))],
    "PidMode": [("old", "container:one", Inside("cat /proc/1/oom_score_adj", "77"))],
    "Privileged": [("bare", True, Inside("echo $((0x$(awk '/CapBnd/ { print $2 }' /proc/1/status) >> 21 & 1))", "1"))],
    "PublishAllPorts": [("old", True, Shown("NetworkSettings.Ports.9/udp.0.HostIp", "0.0.0.0"))],
    "ReadonlyRootfs": [("two", True, Told("root.readonly", True))],
    "SecurityOpt": [("one", ["no-new-privileges"], Told("process.noNewPrivileges", True))],
    "StorageOpt": [(None, {"size": "1G"}, Refused("--storage-opt is supported only for overlay over xfs with 'pquota' mount option"))],
    "Tmpfs": [("one", {"/t": "size=1m"}, Inside("grep ' /t ' /proc/mounts | grep -o size=[0-9]*k", "size=1024k"))],
    "UTSMode": [("bare", "host", Inside("hostname", os.uname().nodename))],
    "UsernsMode": [("one", "host", Inside("cat /proc/self/uid_map", "0 0 4294967295")), (None, "keep", Refused("user namespace mode"))],
    "ShmSize": [("one", 2**20, Inside("grep ' /dev/shm ' /proc/mounts | grep -o size=[0-9]*k", "size=1024k"))],
    "Sysctls": [("one", {"net.ipv4.ip_default_ttl": "33"}, Inside("cat /proc/sys/net/ipv4/ip_default_ttl", "33"))],
    "Runtime": [(None, "nosuch", Refused("unknown or invalid runtime name: nosuch"))],
    "Isolation": [(None, "hyperv", Refused("Isolation"))],
    "CpuShares": [("one", 512, Told("linux.resources.cpu.shares", 512))],
    "Memory": [("one", 2**26, Told("linux.resources.memory.limit", 2**26))],
    "NanoCpus": [("one", 5 * 10**8, Told("linux.resources.cpu.quota", 50000))],
    "CgroupParent": [("two", "/docker/every", Told("linux.cgroupsPath", "/docker/every/@id"))],
    "BlkioWeight": [(None, 5, Refused("Range of blkio weight is from 10 to 1000"))],
    "BlkioWeightDevice": [(None, [{"Path": "sda", "Weight": 100}], NO_BLOCK)],
    "BlkioDeviceReadBps": [(None, RATE, NO_BLOCK)], "BlkioDeviceWriteBps": [(None, RATE, NO_BLOCK)],
    "BlkioDeviceReadIOps": [(None, RATE, NO_BLOCK)], "BlkioDeviceWriteIOps": [(None, RATE, NO_BLOCK)],
    "CpuPeriod": [("two", 50000, Told("linux.resources.cpu.period", 50000))],
    "CpuQuota": [("two", 20000, Told("linux.resources.cpu.quota", 20000))],
    "CpuRealtimePeriod": [(None, 100, Refused("real-time", CpuRealtimeRuntime=200))],
    "CpuRealtimeRuntime": [(None, 200, Refused("real-time", CpuRealtimePeriod=100))],
    "CpusetCpus": [("one", "0", Told("linux.resources.cpu.cpus", "0"))],
    "CpusetMems": [("one", "0", Told("linux.resources.cpu.mems", "0"))],
    "Devices": [("one", [{"PathOnHost": "/dev/null", "PathInContainer": "/dev/every", "CgroupPermissions": "r"}],
                 Inside("ls -l /dev/every | awk '{ print $5, $6 }'", "1, 3"))],
    "DeviceCgroupRules": [("one", ["c 42:* rwm"], Told("linux.resources.devices.major=42.access", "rwm"))],
    "DeviceRequests": [(None, [{"Count": -1, "Capabilities": [["gpu"]]}],
                        Refused('could not select device driver "" with capabilities: [[gpu]]'))],
    "KernelMemoryTCP": [(None, 2**20, Refused("HostConfig.KernelMemoryTCP"))],
    "MemoryReservation": [("one", 2**25, Told("linux.resources.memory.reservation", 2**25))],
    "MemorySwap": [("one", 2**27, Told("linux.resources.memory.swap", 2**27))],
    "MemorySwappiness": [("one", 9, Told("linux.resources.memory.swappiness", 9 if V1 else None))],
    "OomKillDisable": [("one", True, Told("linux.resources.memory.disableOOMKiller", True if V1 else None))],
    "Init": [("bare", True, Inside("cat /proc/1/comm", "docker-init"))],
    "PidsLimit": [("one", 99, Told("linux.resources.pids.limit", 99))],
    "Ulimits": [("one", [{"Name": "nofile", "Soft": 55, "Hard": 66}], Told("process.rlimits.0", {"type": "RLIMIT_NOFILE", "soft": 55, "hard": 66}))],
    "CpuCount": [(None, 1, Refused("HostConfig.CpuCount"))], "CpuPercent": [(None, 1, Refused("HostConfig.CpuPercent"))],
    "IOMaximumIOps": [(None, 1, Refused("HostConfig.IOMaximumIOps"))],
    "IOMaximumBandwidth": [(None, 1, Refused("HostConfig.IOMaximumBandwidth"))],
    "Mounts": [("one", [
        {"Type": "bind", "Source": f"{T}/shared/created", "Target": "/b", "ReadOnly": True, "Consistency": "cached",
         "BindOptions": {"Propagation": "rslave", "CreateMountpoint": True, "ReadOnlyNonRecursive": True}},
        {"Type": "volume", "Source": "everyvol", "Target": "/v",
         "VolumeOptions": {"NoCopy": True, "Labels": {"a": "b"}, "DriverConfig": {"Name": "local", "Options": {"type": "tmpfs", "device": "tmpfs", "o": "size=3m"}}}},
        {"Type": "tmpfs", "Target": "/m", "TmpfsOptions": {"SizeBytes": 2**21, "Mode": 0o700, "Options": [["exec"]]}}],
        Inside("grep ' /v ' /proc/mounts | grep -oE 'size=[0-9]+k'; grep ' /m ' /proc/mounts | grep -oE 'size=[0-9]+k|mode=[0-9]+|noexec'",
               "size=3072k size=2048k mode=700")),
               ("two", [{"Type": "bind", "Source": f"{T}/shared/created", "Target": "/b", "ReadOnly": True, "BindOptions": {
                   "Propagation": "rslave", "NonRecursive": True}}],
                Told("mounts.destination=/b.options", ["bind", "rro", "rslave"]))],
    "Annotations": [("one", {"every": "field"}, Told("annotations.every", "field"))],
    "MaskedPaths": [("one", ["/proc/uptime"], Inside("cat /proc/uptime", ""))],
    "ReadonlyPaths": [("one", ["/proc/sys"], Told("linux.readonlyPaths", ["/proc/sys"]))],
}
ENDPOINT = {
    "IPAMConfig": [("two", {"IPv4Address": "10.86.0.9", "LinkLocalIPs": ["169.254.7.7"], **({"IPv6Address": "fd00:86::9"} if V6 else {})},
                    Inside("ip -o addr show eth0 | grep -oE '(10.86|fd00:86|169.254)[^ ]*/[0-9]+' | sort",
                           "10.86.0.9/24 169.254.7.7/16" + (" fd00:86::9/64" if V6 else "")))],
    "Links": [("two", ["x:y"], Shown("NetworkSettings.Networks.every.Links", ["x:y"]))],
    "Aliases": [("two", ["also"], Inside("nslookup also 127.0.0.11 | grep -c 10.86.0.9", "1"))],
    "MacAddress": [("two", "02:42:00:00:00:11", Inside("cat /sys/class/net/eth0/address", "02:42:00:00:00:11"))],
    "DriverOpts": [("two", {"com.docker.network.endpoint.sysctls": "net.ipv4.conf.IFNAME.log_martians=1"},
                    Inside("cat /proc/sys/net/ipv4/conf/eth0/log_martians", "1"))],
    "GwPriority": [("two", 5, Shown("NetworkSettings.Networks.every.GwPriority", 5))],
    **{name: [("two", "x" if name.endswith(("ID", "way", "ess")) else ["x"] if name == "DNSNames" else 3, Ignored())]
       for name in ("NetworkID", "EndpointID", "Gateway", "IPAddress", "IPPrefixLen", "IPv6Gateway", "GlobalIPv6Address",
                    "GlobalIPv6PrefixLen", "DNSNames")},
}
# What is in objects of those above, and not sent there because of what stands beside it.
INNER = [
    ("HostConfig", {"Mounts": [{"Type": "image", "Target": "/i"}]}, "field Source must not be empty"),
    ("HostConfig", {"Mounts": [{"Type": "image", "Source": "nosuch", "Target": "/i"}]}, "No such image: nosuch:latest"),
    ("HostConfig", {"Mounts": [{"Type": "image", "Source": "busybox", "Target": "/i", "ImageOptions": {"Subpath": "../x"}}]}, "subpath must be a relative path within the image"),
    ("HostConfig", {"Mounts": [{"Type": "npipe", "Source": "x", "Target": "/i"}]}, "mount type unknown"),
    ("HostConfig", {"Mounts": [{"Type": "volume", "Target": "/i", "ImageOptions": {"Subpath": "x"}}]}, "field ImageOptions must not be specified"),
    ("HostConfig", {"Mounts": [{"Type": "volume", "Target": "/i", "ClusterOptions": {"x": 1}}]}, "ClusterOptions"),
    ("HostConfig", {"Mounts": [{"Type": "volume", "Target": "/i", "VolumeOptions": {"Subpath": "../x"}}]}, "subpath must be a relative path"),
    ("HostConfig", {"Mounts": [{"Type": "tmpfs", "Target": "/i", "TmpfsOptions": {"Options": [["suid"]]}}]}, "invalid option: suid"),
    ("HostConfig", {"Mounts": [{"Type": "bind", "Source": "/", "Target": "/i", "BindOptions": {"ReadOnlyForceRecursive": True}}]}, "must be ReadOnly"),
    ("HostConfig", {"LogConfig": {"Type": "json-file", "Config": {"nosuch": "x"}}}, "nosuch"),
    ("HostConfig", {"RestartPolicy": {"Name": "sometimes"}}, "unknown policy 'sometimes'"),
    ("HostConfig", {"NoSuch": 1}, "HostConfig.NoSuch: no such field"),
    ("HostConfig", {"Mounts": [{"NoSuch": 1}]}, "Mounts.NoSuch: no such field"),
    ("HostConfig", {"Devices": [{"NoSuch": 1}]}, "HostConfig.Devices.NoSuch: no such field"),
    ("NetworkingConfig", {"NoSuch": 1}, "NetworkingConfig.NoSuch: no such field"),
    ("NetworkingConfig", {"EndpointsConfig": {"every": {"IPAMConfig": {"LinkLocalIPs": ["x"]}}}}, "invalid link-local IP address: x"),
    ("NetworkingConfig", {"EndpointsConfig": {"every": {"DriverOpts": {"nosuch": "x"}}}}, "DriverOpts: nosuch"),
    ("Healthcheck", {"NoSuch": 1}, "NoSuch"),
    ("NoSuch", 1, "NoSuch: no such field"),
]

# The names that the API's description has, object by object.
NAMES = {
    "ContainerConfig": (CONFIG, """Hostname Domainname User AttachStdin AttachStdout AttachStderr ExposedPorts Tty OpenStdin StdinOnce Env
        Cmd Healthcheck ArgsEscaped Image Volumes WorkingDir Entrypoint NetworkDisabled MacAddress OnBuild Labels StopSignal
        StopTimeout Shell"""),
    "HostConfig": (HOST, """CpuShares Memory CgroupParent BlkioWeight BlkioWeightDevice BlkioDeviceReadBps BlkioDeviceWriteBps
        BlkioDeviceReadIOps BlkioDeviceWriteIOps CpuPeriod CpuQuota CpuRealtimePeriod CpuRealtimeRuntime CpusetCpus CpusetMems
        Devices DeviceCgroupRules DeviceRequests KernelMemoryTCP MemoryReservation MemorySwap MemorySwappiness NanoCpus
        OomKillDisable Init PidsLimit Ulimits CpuCount CpuPercent IOMaximumIOps IOMaximumBandwidth Binds ContainerIDFile LogConfig
        NetworkMode PortBindings RestartPolicy AutoRemove VolumeDriver VolumesFrom Mounts ConsoleSize Annotations CapAdd CapDrop
        CgroupnsMode Dns DnsOptions DnsSearch ExtraHosts GroupAdd IpcMode Cgroup Links OomScoreAdj PidMode Privileged
        PublishAllPorts ReadonlyRootfs SecurityOpt StorageOpt Tmpfs UTSMode UsernsMode ShmSize Sysctls Runtime Isolation
        MaskedPaths ReadonlyPaths"""),
    "EndpointSettings": (ENDPOINT, """IPAMConfig Links MacAddress Aliases DriverOpts GwPriority NetworkID EndpointID Gateway IPAddress
        IPPrefixLen IPv6Gateway GlobalIPv6Address GlobalIPv6PrefixLen DNSNames"""),
}


def bodies():
    """{container: its request}, and the rows of each."""
    requests, rows = {}, {}
    for name in "one", "two", "old", "bare", "failing", "vanishing":
        requests[name] = {"Image": "busybox", "Cmd": ["sleep", "1000"], "StopSignal": "KILL", "HostConfig": {}}
        rows[name] = []
    requests["two"]["NetworkingConfig"] = {"EndpointsConfig": {"every": {}}}
    places = {id(CONFIG): lambda body: body, id(HOST): lambda body: body["HostConfig"],
              id(ENDPOINT): lambda body: body["NetworkingConfig"]["EndpointsConfig"]["every"]}
    for table in CONFIG, HOST, ENDPOINT:
        for name, uses in table.items():
            for container, value, row in uses:
                if container:
                    places[id(table)](requests[container])[name] = value
                    rows[container].append((name, row))
    requests["old"]["ExposedPorts"] = {"9/udp": {}}
    requests["failing"]["Cmd"], requests["vanishing"]["Cmd"] = ["false"], ["true"]
    return requests, rows


def until(what, condition):
    for _ in range(100):
        if condition():
            return expect(what, True, True)
        time.sleep(0.05)
    sys.exit(f"{what}: never")


def containers():
    requests, rows = bodies()
    known = {"@every": done("GET", "/networks/every")["Id"]}
    for name in "one", "two", "old", "bare":
        done("POST", f"/containers/create?name={name}", requests[name])
        done("POST", f"/containers/{name}/start")
        if name == "one":
            execute("one", "echo shared >/dev/shm/x")
        verify(name, rows[name], known)
    for name in "failing", "vanishing":
        made = done("POST", f"/containers/create?name={name}", requests[name])
        done("POST", f"/containers/{name}/start")
    until("AutoRemove", lambda: ask("GET", f"/containers/{made['Id']}/json")[0] == 404)
    until("RestartPolicy", lambda: done("GET", "/containers/failing/json")["RestartCount"] == 1)


def refusals():
    for table, place in (CONFIG, None), (HOST, "HostConfig"):
        for name, uses in table.items():
            for container, value, row in uses:
                if isinstance(row, Refused):
                    fields = {name: value, **row.beside}
                    refuse("/containers/create", {"Image": "busybox", **({place: fields} if place else fields)}, row.words)
    for place, value, words in INNER:
        refuse("/containers/create", {"Image": "busybox", place: value}, words)


def refuse(path, body, words):
    status, answer = ask("POST", path, body)
    expect(f"POST {path} {json.dumps(body)}: {answer}", True, status in (400, 403, 404, 409, 501, 503) and words in str(answer))


# --- the other requests ---------------------------------------------------------------------------


def names():
    for what, (table, text) in NAMES.items():
        expect(f"the fields of {what} that have a row", sorted(text.split()), sorted(table))


def network_and_volume():
    body = {"Name": "every", "CheckDuplicate": True, "Driver": "bridge", "Scope": "local", "Internal": False, "Attachable": True,
            "EnableIPv4": True, "EnableIPv6": V6, "Options": {"com.docker.network.driver.mtu": "1400"}, "Labels": {"a": "b"},
            "IPAM": {"Driver": "default", "Config": [{"Subnet": "10.86.0.0/24", "IPRange": "10.86.0.128/25", "Gateway": "10.86.0.3",
                                                      "AuxiliaryAddresses": {"x": "10.86.0.129"}}] + [{"Subnet": "fd00:86::/64"}] * V6}}
    done("POST", "/networks/create", body)
    there = done("GET", "/networks/every")
    for key in "Driver", "Scope", "Attachable", "EnableIPv4", "EnableIPv6", "Options", "Labels":
        expect(f"a network's {key}", body[key], there[key])
    expect("its IPAM", body["IPAM"]["Config"][0], there["IPAM"]["Config"][0])
    for key, value, words in (("Ingress", True, "Ingress"), ("ConfigOnly", True, "ConfigOnly"), ("Scope", "swarm", "swarm"),
                              ("ConfigFrom", {"Network": "x"}, "ConfigFrom"), ("Driver", "nosuch", "nosuch"), ("NoSuch", 1, "NoSuch"),
                              ("IPAM", {"Driver": "nosuch"}, "nosuch"), ("IPAM", {"Options": {"x": "y"}}, "IPAM.Options"),
                              ("Options", {"nosuch": "x"}, "nosuch")):
        refuse("/networks/create", {"Name": "refused", key: value}, words)
    for key, value, words in (("Driver", "nosuch", "nosuch"), ("DriverOpts", {"nosuch": "x"}, "nosuch"), ("NoSuch", 1, "NoSuch"),
                              ("ClusterVolumeSpec", {"Group": "x"}, "ClusterVolumeSpec")):
        refuse("/volumes/create", {"Name": "refused", key: value}, words)


def executions():
    body = {"AttachStdin": False, "AttachStdout": True, "AttachStderr": True, "DetachKeys": "ctrl-x", "Tty": True, "Env": ["A=b"],
            "Cmd": ["sh", "-c", "echo $A $(id -u) $PWD; stty size; awk '/CapEff/ { print $2 }' /proc/self/status"],
            "Privileged": True, "User": "1000", "WorkingDir": "/tmp", "ConsoleSize": [33, 44]}
    made = done("POST", "/containers/old/exec", body)
    out = done("POST", f"/exec/{made['Id']}/start", {"Detach": False, "Tty": True, "ConsoleSize": [33, 44]}).decode().split("\r\n")
    expect("an exec's Env, User, WorkingDir and ConsoleSize", ["b 1000 /tmp", "33 44"], out[:2])
    there = done("GET", f"/exec/{made['Id']}/json")
    expect("and what inspect has of it", ("sh", True, True, "1000"),
           (there["ProcessConfig"]["entrypoint"], there["ProcessConfig"]["tty"], there["ProcessConfig"]["privileged"], there["ProcessConfig"]["user"]))
    refuse("/containers/old/exec", {"Cmd": ["true"], "NoSuch": 1}, "NoSuch")
    refuse("/containers/old/exec", {"Cmd": ["true"], "DetachKeys": "nosuch-key"}, "detach")


def updates():
    """Each limit changes what inspect has, or is refused by name."""
    changed = {"CpuShares": 300, "Memory": 2**27, "MemorySwap": 2**28, "MemoryReservation": 2**26, "CpuPeriod": 60000, "CpuQuota": 30000,
               "CpusetCpus": "0", "CpusetMems": "0", "PidsLimit": 70, "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 4}}
    done("POST", "/containers/old/update", changed)
    there = done("GET", "/containers/old/json")["HostConfig"]
    for key, value in changed.items():
        expect(f"update of {key}", value, there[key])
    others = set(NAMES["HostConfig"][1].split()[:31]) - {*changed, "BlkioWeight", "NanoCpus", "CpuRealtimePeriod", "CpuRealtimeRuntime"}
    for name in sorted(others):
        refuse("/containers/old/update", {name: HOST[name][-1][1]}, name)
    refuse("/containers/old/update", {"BlkioWeight": 5}, "blkio weight")
    refuse("/containers/old/update", {"NanoCpus": 10**12}, "Nano CPUs cannot be updated")
    refuse("/containers/old/update", {"CpuRealtimePeriod": 100, "CpuRealtimeRuntime": 200}, "real-time")


# Query parameters with a value that cannot be: one that nobody reads would be passed over.
WRONG = """
GET /containers/json limit=x            GET /containers/json filters={"nosuch":["x"]}    GET /containers/json filters={"before":["nosuch"]}
POST /containers/prune filters={"x":["y"]}   GET /containers/one/logs                     GET /containers/one/logs stdout=1&tail=x
GET /containers/one/logs stdout=1&since=x    GET /containers/one/logs stdout=1&until=x    GET /containers/one/top ps_args=-o+nosuch
POST /containers/one/resize h=x&w=1     POST /containers/one/resize h=1&w=x              POST /containers/one/kill signal=NOSUCH
POST /containers/one/stop signal=NOSUCH POST /containers/one/stop t=x                    POST /containers/one/restart t=x
POST /containers/one/restart signal=NOSUCH   POST /containers/one/wait condition=nosuch   POST /containers/one/rename name=-
POST /containers/one/attach stream=1&detachKeys=nosuch-key
GET /containers/one/attach/ws stream=1&detachKeys=nosuch-key   DELETE /containers/one link=1   GET /containers/one/archive path=
PUT /containers/one/archive path=/nosuch    POST /containers/create name=-bad           POST /containers/create platform=//
GET /images/json filters={"x":["y"]}    GET /images/json filters={"before":["nosuch"]}   POST /images/prune filters={"x":["y"]}
GET /images/busybox/json platform=//    GET /images/busybox/json manifests=1&platform=linux/amd64  GET /images/busybox/history platform=//
POST /images/busybox/push platform=//   POST /images/busybox/push tag=!                  POST /images/busybox/tag repo=UPPER
POST /images/busybox/tag repo=x&tag=!   DELETE /images/busybox platforms=//              GET /images/search limit=x&term=y
GET /images/search                      GET /images/search term=y&filters={"x":["y"]}    POST /images/create fromImage=UPPER
POST /images/create fromImage=busybox&platform=//   POST /images/create fromSrc=-&changes=NOSUCH+x   GET /images/get names=nosuch
GET /images/busybox/get platform=//     POST /images/load platform=//                    POST /commit container=nosuch
POST /commit container=one&changes=NOSUCH+x   POST /commit container=one&repo=UPPER        GET /events since=x
GET /events until=x                     GET /events filters=x                            GET /system/df type=nosuch
GET /networks filters={"x":["y"]}       POST /networks/prune filters={"x":["y"]}         GET /networks/bridge scope=swarm
GET /volumes filters={"x":["y"]}        POST /volumes/prune filters={"x":["y"]}          POST /build/prune filters={"x":["y"]}
POST /build/prune keep-storage=x        POST /build/prune reserved-space=x               POST /build/prune max-used-space=x
POST /build/prune min-free-space=x      POST /build squash=1                             POST /build outputs=[{"Type":"local"}]
POST /build buildargs={                 POST /build labels={                             POST /build ulimits={
POST /build memory=x                    POST /build cpushares=x                          POST /build platform=//
POST /build isolation=hyperv            POST /build version=2                            POST /build shmsize=x
POST /build cachefrom={                 POST /build extrahosts=x                         POST /build remote=git://x/y
POST /build t=UPPER                     POST /build securityopt=x                        POST /build cpusetcpus=x
POST /build memswap=x                   POST /build cpuperiod=x                          POST /build cpuquota=x
"""


def parameters():
    for request in re.findall(r"(?:GET|POST|PUT|DELETE) \S+(?: (?!GET|POST|PUT|DELETE)\S+)?", WRONG):
        method, path, query = (request.split() + [""])[:3]
        query = urllib.parse.quote(query, safe="=&+/!")
        status, answer = ask(method, f"{path}?{query}", {"Image": "busybox"} if path.endswith("create") else None)
        expect(f"{request}: {status} {str(answer)[:300]}: refused", True, status >= 400 or "errorDetail" in str(answer))


names()
os.mkdir(f"{T}/made")
network_and_volume()
refusals()
containers()
parameters()
executions()
updates()
for name in "two", "one", "old", "bare", "failing":
    done("DELETE", f"/containers/{name}?force=1&v=1")
done("DELETE", "/networks/every")
done("DELETE", "/volumes/everyvol")
print(f"{checks} checks")
