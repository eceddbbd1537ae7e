"""cli_help.py OURS REAL - the help of every command, of our docker and the real one.

Prints a line for each difference: a command, a flag, its letter, type, text or default
that one has and the other has not. What we do not have on purpose is listed here.
"""

import concurrent.futures
import os
import re
import subprocess
import sys

ours, real = sys.argv[1:]
GROUPS = ["container", "image", "network", "volume", "system", "context", "builder", "manifest"]
# Swarm, plugins, trust, checkpoints.
NOT_OURS = {"config", "node", "secret", "service", "stack", "swarm", "plugin", "trust", "checkpoint"}
NO_FLAG = {
    "start": {"--checkpoint", "--checkpoint-dir"},
    "volume ls": {"--cluster"}, "volume update": {"--availability"},
    "volume create": {"--" + n for n in ("availability group limit-bytes required-bytes scope secret sharing "
                                         "topology-preferred topology-required type").split()},
}
NO_FLAG["container start"] = NO_FLAG["start"]
# BuildKit's, which the classic builder's help has not.
NO_FLAG["build"] = {"--" + n for n in "build-context cache-to no-cache-filter output progress secret ssh".split()}
NO_FLAG["builder build"] = NO_FLAG["build"]
# Where their text has a slip, or says what only theirs does.
OTHER_TEXT = {("create", "--pull"), ("container create", "--pull"), ("context import", "about"), ("builder prune", "usage"),
              ("build", "--cache-from"), ("builder build", "--cache-from")}


def text(program, words):
    env = dict(os.environ, DOCKER_HOST="unix:///nonexistent", COLUMNS="80", DOCKER_BUILDKIT="0")
    env.pop("DOCKER_CONTEXT", None)
    return subprocess.run([program, *words, "--help"], env=env, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout


def sections(help_text):
    """{"usage": ..., "about": ..., "Options": ..., "Commands": ...}"""
    parts, name = {"usage": []}, "usage"
    for line in help_text.splitlines():
        heading = re.match(r"(Aliases|Options|Commands|Common Commands|Management Commands|Swarm Commands|Global Options):$", line)
        if heading:
            name = heading[1]
            parts[name] = []
        elif name == "usage" and not line and parts["usage"]:
            name = "about"
            parts[name] = []
        else:
            parts[name].append(line)
    return {k: "\n".join(v).strip() for k, v in parts.items()}


def flags(options):
    """{"--name": "letter type text default"}, folded lines joined"""
    found, name = {}, None
    for line in options.splitlines():
        start = re.match(r"\s*(?:(-\w), )?(--[\w-]+)(?: (\S+))?(?:\s{2,}(.*))?$", line)
        if start and len(line) - len(line.lstrip()) <= 6:
            name = start[2]
            found[name] = [start[1] or "", start[3] or "", start[4] or ""]
        elif name:
            found[name][2] += " " + line.strip()
    return {k: " ".join(" ".join(v).split()) for k, v in found.items()}


def commands(help_text):
    parts = sections(help_text)
    lines = "\n".join(parts.get(k, "") for k in ("Commands", "Common Commands", "Management Commands", "Swarm Commands"))
    return dict(re.findall(r"^\s*(\S+)\s{2,}(.*)$", lines, re.M))


def compare(words):
    where = " ".join(words)
    theirs, mine = sections(text(real, words)), sections(text(ours, words))
    left, right = flags(theirs.get("Options", "")), flags(mine.get("Options", ""))
    for flag in sorted(set(left) | set(right)):
        if flag in NO_FLAG.get(where, ()) or (where, flag) in OTHER_TEXT or flag == "--help":
            continue
        if left.get(flag) != right.get(flag):
            print(f"docker {where} {flag}: expected {left.get(flag)!r}, got {right.get(flag)!r}")
    for part in ("usage", "about", "Aliases"):
        if (where, part) not in OTHER_TEXT and theirs.get(part, "") != mine.get(part, ""):
            print(f"docker {where}: {part}: expected {theirs.get(part)!r}, got {mine.get(part)!r}")


def compare_lists(words):
    theirs, mine = commands(text(real, words)), commands(text(ours, words))
    for name in sorted(set(theirs) | set(mine)):
        if name not in NOT_OURS and theirs.get(name) != mine.get(name) and (" ".join([*words, name]), "about") not in OTHER_TEXT:
            print(f"docker {' '.join(words)}: command {name}: expected {theirs.get(name)!r}, got {mine.get(name)!r}")
    return [[*words, n] for n in theirs if n not in NOT_OURS]


tops = [top for top in compare_lists([]) if top[0] not in GROUPS]
verbs = [verb for group in GROUPS for verb in compare_lists([group])]
names = {top[0] for top in tops}
# `docker container run` is `docker run`: one of the two is enough, and says so under "Aliases".
todo = tops + [verb for verb in verbs if verb[1] not in names or verb[0] not in ("container", "image", "system")]
with concurrent.futures.ThreadPoolExecutor(4) as pool:
    list(pool.map(compare, todo))
count = len(tops) + len(verbs)
print(f"{count} commands compared", file=sys.stderr)
