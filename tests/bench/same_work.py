"""same_work.py - the proof that all programs make the same container of a configuration.

A time counts only for a job that was done. So, before anything is measured, a script runs in a
container of every program and says what it sees; that must be what config.json asks for, and where
config.json leaves things open, what the other programs' containers show.
"""

import os

from bench import CGROUPS, Failed, hierarchies, output

# One line for each thing.
PROBE = r"""
for n in /proc/self/ns/*; do echo "ns ${n##*/} $(readlink $n)"; done
sed 's/^/mount /' /proc/self/mountinfo
grep -E '^(Uid|Gid|Groups|Cap...|NoNewPrivs|Seccomp):' /proc/self/status | sed 's/^/status /'
stat -c 'device %n %t:%T %a' /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty
echo "links $(readlink /dev/fd) $(readlink /dev/stdin) $(readlink /dev/stdout) $(readlink /dev/stderr)"
for f in @MASKED@; do
	if [ -d $f ]; then echo "content $f $(ls -A $f | wc -l)"
	elif [ -e $f ]; then echo "content $f $(head -c 9 $f | wc -c)"; fi
done
for f in @LIMITS@; do
	for path in /sys/fs/cgroup/$f /sys/fs/cgroup/*/$f; do
		[ ! -e $path ] || echo "limit $f $(sort $path | tr '\n' ' ')"
	done
done
[ -d /sys/class/net/lo ] || exit 0 # the minimal one
echo "network $(cat /sys/class/net/lo/flags) $(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)"
echo "name $(hostname)"
mknod /dev/forbidden c 1 11 && head -c 1 /dev/forbidden 2>&1 | sed 's/.*: /forbidden /'
"""
LIMITS = ("memory.limit_in_bytes memory.memsw.limit_in_bytes cpu.cfs_quota_us cpu.cfs_period_us devices.list "
          "memory.max memory.swap.max cpu.max pids.max")
NAMESPACES = {"mnt": "mount", "pid": "pid", "uts": "uts", "ipc": "ipc", "net": "network", "cgroup": "cgroup",
              "user": "user", "time": "time"}
FLAGS = {"ro", "nosuid", "nodev", "noexec"}


def probe(document):
    masked = document["linux"].get("maskedPaths", [])
    return ["sh", "-c", PROBE.replace("@MASKED@", " ".join(masked)).replace("@LIMITS@", LIMITS)]


def flags_of(words):
    return " ".join(sorted(FLAGS & set(words)))


def asked(document):
    """What the configuration asks for."""
    own = {n["type"] for n in document["linux"]["namespaces"]}
    facts = {"namespace " + name: "its own" if name in own else "the host's"
             for file, name in NAMESPACES.items() if os.path.exists("/proc/self/ns/" + file)}
    facts["Seccomp"] = "2" if "seccomp" in document["linux"] else "0"
    for mount in document["mounts"]:
        words = set(mount["options"])
        if mount["type"] == "cgroup" and hierarchies() != ["."]:
            words.discard("ro")  # crun and runc leave the directory of the hierarchies writable
        facts["mount " + mount["destination"]] = flags_of(words)
    for path in filter(os.path.exists, document["linux"].get("readonlyPaths", [])):
        facts["mount " + path] = "ro"
    for path in filter(os.path.exists, document["linux"].get("maskedPaths", [])):
        facts["content " + path] = "0"
    return facts


def seen(text, wanted):
    """What the probe saw, of the same things and of some more."""
    facts = {}
    for line in text.splitlines():
        kind, what, *rest = line.split()
        if kind == "ns" and what in NAMESPACES:
            ours = os.readlink("/proc/self/ns/" + what)
            facts["namespace " + NAMESPACES[what]] = "the host's" if rest == [ours] else "its own"
        elif kind == "mount":  # a line of mountinfo
            key, options = "mount " + rest[3], rest[4].split(",")
            if key in wanted:  # a program may do more than it is asked to
                facts[key] = flags_of(set(options) & set(wanted[key].split()))
            elif rest[3].startswith(CGROUPS):
                facts[key] = flags_of(options)
        elif kind == "status":
            facts[what.strip(":")] = " ".join(rest)
        elif kind in ("content", "device", "limit"):
            # runc up to 1.1 lets every container open /dev/net/tun.
            facts[f"{kind} {what}"] = " ".join(rest).replace("c 10:200 rwm ", "")
        elif kind != "ns":
            facts[kind] = " ".join([what, *rest])
    return facts


def differences(by, wanted, program, facts):
    return [f"{key}: '{wanted[key]}' by {by}, '{facts.get(key, 'nothing')}' in {program.name}'s container"
            for key in sorted(wanted) if facts.get(key) != wanted[key]]


def check(place, configs, programs):
    """For each program that does something else, what."""
    wrong = {}
    for name, document in configs.documents.items():
        wanted, first = asked(document), None
        for program in programs:
            slot = configs.slot(name, "probe-" + program.name, probe(document))
            try:
                facts = seen(output(place, program.run(slot)), wanted)
            except Failed as why:
                wrong.setdefault(program, []).append(f"{name}: {why}")
                continue
            first = first or (program.name, facts)
            found = differences("config.json", wanted, program, facts)
            open_things = {key: value for key, value in first[1].items() if key not in wanted}
            found += differences(first[0], open_things, program, facts)
            if found:
                wrong.setdefault(program, []).extend(f"{name}: {line}" for line in found)
    return wrong
