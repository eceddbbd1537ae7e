"""trace_check.py FILE OWN OTHER: the file is a trace in Chrome's format, whole, and of the run of
the container OWN alone."""
import json
import sys

path, own, other = sys.argv[1:]
doc = json.load(open(path))
named = [e for e in doc["traceEvents"] if e["ph"] == "M"]
spans = [e for e in doc["traceEvents"] if e["ph"] == "X"]
failed = []


def expect(what, ok):
    if not ok:
        failed.append(what)


expect("the trace's id", len(doc["otherData"]["trace"]) == 32)
expect("only names and complete events", len(named) + len(spans) == len(doc["traceEvents"]))
for e in spans:
    expect(f"fields of {e}", isinstance(e["ts"], float) and isinstance(e["dur"], float) and
           isinstance(e["pid"], int) and isinstance(e["tid"], int) and e["name"] and e["cat"])
expect("every process has a name", {e["pid"] for e in named} == {e["pid"] for e in spans})
boxes = {e["cat"] for e in spans}
expect(f"the boxes {boxes}", boxes >= {"docker", "dockerd", "containerd", "shim", "runc", "kernel"})

# A span begins while the one that asked for it is open. It may end a little later: a server is done when its reply is
# out, which the client may have read by then; and who waits for a container hears of its end before all is cleared away.
SLACK_US = 200000
by_id = {e["args"]["span"]: e for e in spans}
roots = [e for e in spans if e["args"]["parent"] not in by_id]
expect(f"one root: {roots}", len(roots) == 1 and roots[0]["name"] == "docker run: exit status 0")
for e in spans:
    up = by_id.get(e["args"]["parent"])
    if up:
        expect(f"{e} in {up}", up["ts"] <= e["ts"] <= up["ts"] + up["dur"] and
               e["ts"] + e["dur"] <= up["ts"] + up["dur"] + SLACK_US)


def chain(e):
    boxes = []
    while e:
        boxes[:0] = [e["cat"]] if boxes[:1] != [e["cat"]] else []
        e = by_id.get(e["args"]["parent"])
    return boxes


clones = [e for e in spans if e["name"].startswith("clone3(")]
expect("one clone", len(clones) == 1)
expect(f"who asked for it: {[chain(e) for e in clones]}",
       all(chain(e) == ["docker", "dockerd", "containerd", "shim", "runc", "kernel"] for e in clones))
text = json.dumps(doc)
expect("its own container", all(f"{what} {own}" in text for what in ("create", "start", "exit of", "remove")))
expect("not the other's", f" {other}" not in text)
for what in failed[:10]:
    print("expected:", what)
sys.exit(bool(failed))
