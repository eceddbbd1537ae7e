#!/usr/bin/env python3
"""report.py REAL OURS - where the answers of two daemons (replay.py) differ, as Markdown.

Compared are the status, the headers, the text of an error, and the shape of every JSON body: which
fields there are, and of which type. Left out is what depends on the machine or the moment; IGNORED
says what and why.
"""
import json
import re
import sys

# Headers of the connection, and those that name the program.
HEADERS = {"Date", "Content-Length", "Transfer-Encoding", "Connection", "Server", "Api-Version"}
# Those of which the value counts, too.
VALUES = {"Content-Type", "Ostype", "Docker-Experimental", "Swarm"}
# A path of fields (its end), and why its differences say nothing.
IGNORED = [
    (r"\.GraphDriver(\.|$)", "each daemon's own storage"),
    (r"\.Plugins\.", "what happens to be installed"),
    (r"\.Runtimes\.", "what happens to be installed"),
    (r"\.(RegistryConfig\.IndexConfigs|Components\[\]\.Details)\.", "names of hosts and programs"),
    (r"\.(blkio_stats|memory_stats\.stats|storage_stats)(\.|$)", "what the kernel's controllers of the moment have"),
]
HEX = re.compile(r"(sha256:)?\b[0-9a-f]{64}\b|\b[0-9a-f]{12}\b")


def shape(value, path=""):
    """Every field of a JSON value as (path, type)."""
    if isinstance(value, dict):
        yield path, "object"
        for key, inner in value.items():
            yield from shape(inner, f"{path}.{HEX.sub('ID', key)}")
    elif isinstance(value, list):
        yield path, "array"
        for inner in value:
            yield from shape(inner, path + "[]")
    else:
        yield path, {bool: "boolean", int: "number", float: "number", str: "string", type(None): "null"}[type(value)]


def types(answer):
    found = {}
    for value in answer["json"] or []:
        for path, kind in shape(value):
            found.setdefault(path, set()).add(kind)
    return found


def fields(real, ours):
    """The differences of two bodies, the outermost field only."""
    a, b = types(real), types(ours)
    told = []
    for path in sorted(a.keys() | b.keys()):
        if any(re.search(pattern, path) for pattern, _ in IGNORED) or any(path.startswith(t) for t in told):
            continue
        # Nothing can be said about what is in an array that is empty on one side.
        parents = [path[:m.start()] for m in re.finditer(r"\[\]", path)]
        if any(p in a and p in b and (p + "[]" in a) != (p + "[]" in b) for p in parents):
            continue
        if a.get(path) == b.get(path):
            continue
        told.append(path + ("." if path not in a or path not in b else "\0"))
        if path not in b:
            yield f"no `{path}`"
        elif path not in a:
            yield f"`{path}` is more than Docker's"
        else:
            yield f"`{path}` is {words(b[path])}, Docker's {words(a[path])}"


def words(kinds):
    return " or ".join(sorted(kinds))


def plain(text):
    """An error without what is another one each time."""
    text = re.sub(r"/tmp/dy\.\w+|(?<=docker-import-)\d+|(?<= after )\d+(?= ms)", "X", HEX.sub("ID", text)).strip()
    return text if len(text) < 200 else text[:200] + "…"


def message(answer):
    for value in answer["json"] or []:
        if isinstance(value, dict) and isinstance(value.get("message", value.get("error")), str):
            return plain(value.get("message", value.get("error")))
    return None


def differences(real, ours):
    if real["status"] != ours["status"]:
        yield f"status {ours['status']}, Docker's {real['status']}"
    for name in sorted((real["headers"].keys() | ours["headers"].keys()) - HEADERS):
        a, b = ((h[name] if name in VALUES else "there") if name in h else "absent" for h in (real["headers"], ours["headers"]))
        if a != b:
            yield f"header `{name}` is {b}, Docker's {a}"
    a, b = message(real), message(ours)
    if a and b and a != b:
        yield f"says “{b}”, Docker “{a}”"
    if real["json"] != [] != ours["json"] and (real["json"] is None) != (ours["json"] is None):
        yield f"the body is {'not ' if ours['json'] is None else ''}JSON, unlike Docker's"
    elif real["status"] == ours["status"]:
        yield from fields(real, ours)


def main():
    real, ours = (json.load(open(path)) for path in sys.argv[1:])
    same, section = 0, None
    lines = []
    for a, b in zip(real, ours):
        found = list(differences(a, b))
        if not found:
            same += 1
            continue
        if a["section"] != section:
            section = a["section"]
            lines += ["", f"## {section}", ""]
        sent = f" `{a['sent'][:70]}{'…' if len(a['sent']) > 70 else ''}`" if a["sent"] else ""
        lines.append(f"- `{a['method']} {a['path']}`{sent}")
        lines += [f"    - {d}" for d in found]
    print(f"{same} of {len(real)} requests are answered alike.")
    print("\n".join(lines))


main()
