"""tree_list.py DIR - every file below it, one line each, with all that there is to know about it.
tree_list.py --compare SINCE THEIRS OURS - two such lists: what differs, and exit status 1 if anything does.

A directory's time is not compared where theirs is later than SINCE: real programs let it show when they
made the directory, or changed what is in it.
"""

import hashlib
import os
import re
import stat
import sys


def digest(path):
    h = hashlib.sha256()
    with open(path, "rb") as f:
        for piece in iter(lambda: f.read(1 << 20), b""):
            h.update(piece)
    return h.hexdigest()[:16]


def describe(path, seen, name):
    st = os.lstat(path)
    words = [oct(st.st_mode), f"{st.st_uid}:{st.st_gid}", f"mtime={st.st_mtime_ns}"]
    if stat.S_ISREG(st.st_mode):
        words += [f"size={st.st_size}", digest(path)]
    elif stat.S_ISLNK(st.st_mode):
        words.append("-> " + repr(os.readlink(path)))
    elif not stat.S_ISDIR(st.st_mode):
        words.append(f"device={os.major(st.st_rdev)}:{os.minor(st.st_rdev)}")
    if not stat.S_ISDIR(st.st_mode) and st.st_nlink > 1:  # hard links: the first name of the group
        words.append("same as " + repr(seen.setdefault(st.st_ino, name)))
    for key in sorted(os.listxattr(path, follow_symlinks=False)):
        words.append(f"{key}={os.getxattr(path, key, follow_symlinks=False)!r}")
    return " ".join(words)


def show(top):
    seen, names = {}, ["."]
    for where, directories, files in os.walk(top):
        names += [os.path.relpath(os.path.join(where, name), top) for name in directories + files]
    for name in sorted(names):
        print(repr(name), describe(os.path.join(top, name), seen, name))


def read(path):
    with open(path, encoding="utf-8") as f:
        return dict(re.match(r"('.*?'|\".*?\") (0o.*)", line).groups() for line in f)


def compare(since, theirs, ours):
    theirs, ours, differences = read(theirs), read(ours), 0
    for name in sorted(theirs.keys() | ours.keys()):
        a, b = theirs.get(name, "missing"), ours.get(name, "missing")
        time = re.match(r"0o40.* mtime=(\d+)", a)
        if time and int(time.group(1)) >= since * 10**9:
            a, b = (re.sub(r" mtime=\d+", "", text) for text in (a, b))
        if a != b:
            differences += 1
            print(f"{name}\n  theirs: {a}\n  ours:   {b}")
    return 1 if differences or len(ours) < 60 else 0


if sys.argv[1] == "--compare":
    sys.exit(compare(int(sys.argv[2]), *sys.argv[3:]))
show(sys.argv[1])
