"""containers.py - what the runtimes are given.

Two configurations: "docker" is what dockerd writes for `docker run -m 512m --cpus 1 --pids-limit
100 busybox true` (docker_config.c), "minimal" has new mount and pid namespaces, /proc and /dev. A
*slot* is a bundle with a control group of its own; containers that run at the same time
need one each. The root file system is one for all: a static busybox.
"""

import json
import os
import shutil
import subprocess

from bench import CGROUPS, HERE, Failed, hierarchies, timed

FILES = ("resolv.conf", "hostname", "hosts")  # bound over the container's own
APPLETS = ("true", "sh", "sleep", "cat", "sed", "grep", "readlink", "sort", "head", "ls", "stat", "hostname",
           "mknod", "wc", "tr")
HUGETLB = CGROUPS + "/hugetlb"


class Slot:
    def __init__(self, place, config_name, name, args):
        self.config_name, self.args = config_name, list(args)
        self.id = f"{config_name}-{name}"
        self.group = f"{place.group}/{self.id}"
        self.bundle = place.path(self.id)
        self.pid_file = place.path(self.id + ".pid")

    def pid(self):
        """Of the container's first process, which create has written down."""
        return int(read(self.pid_file))


def make_root(place):
    busybox = shutil.which("busybox")
    if not busybox:
        raise Failed("busybox is not installed (tests/deps test)")
    for directory in ("bin", "dev", "etc", "proc", "root", "sys"):
        os.makedirs(place.path("rootfs", directory))
    shutil.copy(busybox, place.path("rootfs/bin/busybox"))
    for applet in APPLETS:
        os.symlink("busybox", place.path("rootfs/bin", applet))
    for name in FILES:
        for path in (place.path(name), place.path("rootfs/etc", name)):
            with open(path, "w", encoding="ascii") as f:
                f.write("bench\n")


# --- control groups --------------------------------------------------------------------------------


def mount_hugetlb():
    """crun (1.8 at least) works on version 1 only with this hierarchy; in our mount namespace it can be had.
    True if a directory had to be made for it."""
    mounted = hierarchies()
    if mounted == ["."] or "hugetlb" in mounted or "hugetlb" not in read("/proc/cgroups"):
        return False
    missing = not os.path.isdir(HUGETLB)
    os.makedirs(HUGETLB, exist_ok=True)
    subprocess.run(["mount", "-t", "cgroup", "-o", "hugetlb", "none", HUGETLB], check=True)
    return missing


def remove_hugetlb():
    subprocess.run(["umount", HUGETLB], check=True)
    os.rmdir(HUGETLB)


def read(path):
    with open(path, encoding="ascii") as f:
        return f.read()


def write(path, text):
    with open(path, "w", encoding="ascii") as f:
        f.write(text)


def make_group(place):
    """The parent of all containers' groups, ready for children with limits."""
    for hierarchy in hierarchies():
        root = os.path.join(CGROUPS, hierarchy)
        directory = root + place.group
        os.makedirs(directory, exist_ok=True)
        for name in ("cpuset.cpus", "cpuset.mems"):  # version 1: empty, and then of no use
            path = os.path.join(directory, name)
            if os.path.exists(path) and hierarchy != "." and not read(path).strip():
                write(path, read(os.path.join(root, name)))
        for where in (root, directory):  # version 2
            if hierarchy == "." and os.path.exists(where + "/cgroup.controllers"):
                enable_controllers(where)


def enable_controllers(directory):
    for name in read(directory + "/cgroup.controllers").split():
        try:
            write(directory + "/cgroup.subtree_control", "+" + name)
        except OSError:
            pass  # the limits that need it are left out, see below


LIMIT_FILES = {  # of config.json: by which file of version 2, or 1, the machine shows that it can
    ("memory", "limit"): ("memory.max", "memory/{}/memory.limit_in_bytes"),
    ("memory", "swap"): ("memory.swap.max", "memory/{}/memory.memsw.limit_in_bytes"),
    ("cpu", "quota"): ("cpu.max", "cpu/{}/cpu.cfs_quota_us"),
    ("cpu", "period"): ("cpu.max", "cpu/{}/cpu.cfs_period_us"),
    ("pids", "limit"): ("pids.max", "pids/{}/pids.max"),
}


def limit_file(place, key):
    v2, v1 = LIMIT_FILES[key]
    if hierarchies() == ["."]:
        return f"{CGROUPS}{place.group}/{v2}"
    return f"{CGROUPS}/" + v1.format(place.group.strip("/"))


def leave_out_impossible_limits(place, resources):
    """What this machine's groups cannot limit. Says what; the floor leaves it out as well."""
    left_out = []
    for part, name in LIMIT_FILES:
        if name in resources.get(part, {}) and not os.path.exists(limit_file(place, (part, name))):
            del resources[part][name]
            left_out.append(f"{part}.{name}")
    return left_out


# --- bundles -----------------------------------------------------------------------------------------


class Configs:
    """The two documents, complete but for the group and the arguments."""

    def __init__(self, place):
        self.place = place
        timed(place, [HERE + "/build/docker-config", place.directory])
        docker = json.loads(read(place.path("config.json")))
        docker["root"]["path"] = place.path("rootfs")
        for mount in docker["mounts"]:
            if mount["type"] == "bind":
                mount["source"] = place.path(os.path.basename(mount["source"]))
        self.left_out = leave_out_impossible_limits(place, docker["linux"]["resources"])
        few = [m for m in docker["mounts"] if m["destination"] in ("/proc", "/dev")]
        minimal = {**{k: docker[k] for k in ("ociVersion", "process", "root")}, "mounts": few,
                   "linux": {"namespaces": [{"type": "mount"}, {"type": "pid"}]}}
        self.documents = {"docker": docker, "minimal": minimal}

    def slot(self, config_name, name, args=("true",)):
        slot = Slot(self.place, config_name, name, args)
        document = json.loads(json.dumps(self.documents[config_name]))
        document["process"]["args"] = slot.args
        document["linux"]["cgroupsPath"] = slot.group
        os.makedirs(slot.bundle, exist_ok=True)
        write(os.path.join(slot.bundle, "config.json"), json.dumps(document))
        return slot
