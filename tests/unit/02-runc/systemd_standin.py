#!/usr/bin/env python3
"""systemd_standin - plays a D-Bus bus and the systemd behind it, for systemd_test.c.

    systemd_standin.py SOCKET LOG MODE

It listens on SOCKET, writes "ready" once it does, and appends to LOG a line of JSON
for each method that is called: {"member": ..., "args": [...]}, values read by their
D-Bus signature, a variant as [signature, value]; and with SetUnitProperties one more,
"frozen", with the state of the unit's freezers of version 1 at that moment. This is a second reading of the
D-Bus specification, which shares nothing with the program under test.

MODE says how it behaves, as words with commas in between; "" is as systemd does: a
unit's group is made and its process moved into it.

    refuse      log in: REJECTED          silent    log in: no answer at all
    denied      StartTransientUnit: AccessDenied
    exists      StartTransientUnit: UnitExists, until ResetFailedUnit was called
    taken       StartTransientUnit: UnitExists, always
    mute        StartTransientUnit: no answer
    nojob       the job never ends        failed    the job ends with "failed"
    early       JobRemoved is sent before the answer, and those of others
    garbage     StartTransientUnit: bytes that are no message
    huge        StartTransientUnit: a header of a message of 2 GB
    short       StartTransientUnit: half an answer, and the connection is closed
    lie         StartTransientUnit: an answer whose lengths do not fit
    hangup      StartTransientUnit: the connection is closed
    nounit      StopUnit: NoSuchUnit      stuck     StopUnit's job never ends
    user        ControlGroup is that of a user's manager
    old         the version is 239
"""
import glob
import json
import os
import socket
import struct
import sys
import threading
import time

ALIGN = dict(y=1, b=4, n=2, q=2, i=4, u=4, x=8, t=8, d=8, s=4, o=4, g=1, v=1, a=4)
ALIGN["("] = ALIGN["{"] = 8
FORMAT = dict(y="B", n="h", q="H", i="i", u="I", x="q", t="Q", d="d")
OWN_GROUP = "/user.slice/user-1000.slice/user@1000.service"


# ---- the wire ----------------------------------------------------------------

def split(signature):
    """The first complete type, and the rest."""
    if signature[0] == "a":
        first, rest = split(signature[1:])
        return "a" + first, rest
    if signature[0] in "({":
        depth = 0
        for i, c in enumerate(signature):
            depth += (c in "({") - (c in ")}")
            if depth == 0:
                return signature[:i + 1], signature[i + 1:]
    return signature[0], signature[1:]


class Reader:
    def __init__(self, data, order):
        self.data, self.at, self.order = data, 0, order

    def align(self, n):
        while self.at % n:
            assert self.data[self.at] == 0, "padding is zero"
            self.at += 1

    def take(self, n):
        assert self.at + n <= len(self.data), "inside the message"
        self.at += n
        return self.data[self.at - n:self.at]

    def number(self, code):
        return struct.unpack(self.order + FORMAT[code], self.take(struct.calcsize(FORMAT[code])))[0]

    def text(self, length):
        value = self.take(length)
        assert self.take(1) == b"\0" and b"\0" not in value, "a text ends with NUL"
        return value.decode("utf-8")

    def value(self, signature):
        code = signature[0]
        self.align(ALIGN[code])
        if code in FORMAT:
            return self.number(code)
        if code == "b":
            number = self.number("u")
            assert number in (0, 1), "a boolean"
            return bool(number)
        if code in "so":
            return self.text(self.number("u"))
        if code == "g":
            return self.text(self.number("y"))
        if code == "v":
            inner = self.value("g")
            assert split(inner) == (inner, ""), "a variant is one complete type"
            return [inner, self.value(inner)]
        if code == "a":
            length = self.number("u")
            self.align(ALIGN[signature[1]])
            end, items = self.at + length, []
            while self.at < end:
                items.append(self.value(signature[1:]))
            assert self.at == end, "the length of an array"
            return items
        return self.values(signature[1:-1])

    def values(self, signature):
        items = []
        while signature:
            first, signature = split(signature)
            items.append(self.value(first))
        return items


class Writer:
    def __init__(self):
        self.data = bytearray()

    def put(self, code, value):
        self.data += b"\0" * (-len(self.data) % ALIGN[code])
        if code in FORMAT:
            self.data += struct.pack("=" + FORMAT[code], value)
        elif code in "so":
            self.put("u", len(value))
            self.data += value.encode() + b"\0"
        elif code == "g":
            self.data += bytes([len(value)]) + value.encode() + b"\0"
        elif code == "v":
            self.put("g", value[0])
            self.put(*value)
        return self


def message(kind, fields, signature="", values=()):
    body = Writer()
    for code, value in zip(signature, values):
        body.put(code, value)
    if signature:
        fields = fields + [(8, "g", signature)]
    array = Writer()
    for number, code, value in fields:
        array.data += b"\0" * (-len(array.data) % 8)
        array.put("y", number).put("v", (code, value))
    order = b"l" if sys.byteorder == "little" else b"B"
    head = order + struct.pack("=BBBIII", kind, 0, 1, len(body.data), 77, len(array.data)) + array.data
    return head + b"\0" * (-len(head) % 8) + body.data


# ---- systemd -----------------------------------------------------------------

def hierarchies():
    """Where groups are made here: version 2's, and of version 1 some that systemd has."""
    with open("/proc/self/mountinfo") as f:
        for line in f:
            fields = line.split()
            kind = fields[fields.index("-") + 1]
            controllers = fields[-1].split(",")
            if kind == "cgroup2" or (kind == "cgroup" and {"memory", "pids"} & set(controllers)):
                yield fields[4]


def readable(value):
    """No number that JSON's readers stumble over: the greatest is "infinity"."""
    if isinstance(value, list):
        return [readable(item) for item in value]
    return "infinity" if value == 2**64 - 1 else value


def slice_path(name):
    parts = name[:-len(".slice")].split("-")
    return "" if name == "-.slice" else "".join(
        "/" + "-".join(parts[:i + 1]) + ".slice" for i in range(len(parts)))


class Systemd:
    def __init__(self, log, modes):
        self.log, self.modes, self.reset = log, modes, False
        self.groups = {}

    def write(self, member, args):
        with open(self.log, "a") as f:
            f.write(json.dumps({"member": member, "args": readable(args)}) + "\n")

    def make_group(self, unit, properties):
        values = {name: value for name, (_, value) in properties}
        path = (OWN_GROUP if "user" in self.modes else "") + slice_path(values["Slice"]) + "/" + unit
        self.groups[unit] = path
        for mount in hierarchies():
            os.makedirs(mount + path, exist_ok=True)
            for pid in values["PIDs"]:
                with open(mount + path + "/cgroup.procs", "w") as f:
                    f.write(str(pid))

    def remove_group(self, unit):
        for mount in hierarchies():
            directory = mount + self.groups.get(unit, "/no such unit")
            for _ in range(100):
                try:
                    os.rmdir(directory)
                except FileNotFoundError:
                    break
                except OSError:
                    time.sleep(0.02)

    def frozen(self, unit):
        """What the freezers of version 1 that know the unit say."""
        files = glob.glob("/sys/fs/cgroup/*" + self.groups.get(unit, "/no such unit") + "/freezer.state")
        return [open(name).read().strip() for name in files]


class Connection:
    def __init__(self, sock, systemd):
        self.sock, self.systemd, self.jobs = sock, systemd, 0

    def modes(self, *words):
        return bool(self.systemd.modes & set(words))

    def read(self, n):
        data = b""
        while len(data) < n:
            more = self.sock.recv(n - len(data))
            if not more:
                raise ConnectionError
            data += more
        return data

    def log_in(self):
        if self.modes("silent"):
            time.sleep(60)
        assert self.read(1) == b"\0"
        line = b""
        while line != b"BEGIN":
            line = b""
            while not line.endswith(b"\r\n"):
                line += self.read(1)
            line = line[:-2]
            if self.modes("refuse"):
                self.sock.sendall(b"REJECTED EXTERNAL\r\n")
            elif line == b"AUTH EXTERNAL":
                self.sock.sendall(b"DATA\r\n")
            elif line == b"DATA":
                self.sock.sendall(b"OK 0123456789abcdef0123456789abcdef\r\n")
            else:
                assert line == b"BEGIN", line

    def receive(self):
        head = self.read(16)
        order = {b"l": "<", b"B": ">"}[head[:1]]
        kind, _, version, body, serial, fields = struct.unpack(order + "BBBIII", head[1:])
        assert (kind, version) == (1, 1) and serial
        data = head + self.read(fields + -fields % 8 + body)
        reader = Reader(data, order)
        reader.at = 12
        header = {number: value[1] for number, value in reader.value("a(yv)")}
        reader.align(8)
        assert len(data) - reader.at == body, "the length of the body"
        args = Reader(data[reader.at:], order)
        values = args.values(header.get(8, ""))
        assert args.at == body, "nothing is left of the body"
        return serial, header, values

    def answer(self, serial, signature="", *values):
        self.sock.sendall(message(2, [(5, "u", serial)], signature, values))

    def error(self, serial, name, text):
        self.sock.sendall(message(3, [(5, "u", serial), (4, "s", name)], "s", (text,)))

    def signal(self, job, unit, result):
        self.sock.sendall(message(4, [
            (1, "o", "/org/freedesktop/systemd1"), (2, "s", "org.freedesktop.systemd1.Manager"),
            (3, "s", "JobRemoved")], "uoss", (7, job, unit, result)))

    def job(self, serial, unit, result):
        self.jobs += 1
        job = "/org/freedesktop/systemd1/job/%d" % self.jobs
        if self.modes("early"):
            self.signal("/org/freedesktop/systemd1/job/999", "other.service", "failed")
            self.signal(job, unit, result)
            self.answer(serial, "o", job)
            return
        self.answer(serial, "o", job)
        if not self.modes("nojob"):
            self.signal(job, unit, result)

    def start(self, serial, unit, properties):
        if self.modes("mute"):
            return
        if self.modes("hangup"):
            raise ConnectionError
        if self.modes("garbage"):
            self.sock.sendall(b"this is not a message of D-Bus at all, not even nearly")
        elif self.modes("huge"):
            self.sock.sendall(b"l\2\0\1" + struct.pack("<III", 2 << 30, 1, 8) + b"\0" * 8)
        elif self.modes("short"):
            self.sock.sendall(message(2, [(5, "u", serial)], "o", ("/a/b",))[:30])
            raise ConnectionError
        elif self.modes("lie"):
            reply = bytearray(message(2, [(5, "u", serial)], "o", ("/a/b",)))
            reply[-9:-5] = struct.pack("=I", 4000)
            self.sock.sendall(reply)
        elif self.modes("denied"):
            self.error(serial, "org.freedesktop.DBus.Error.AccessDenied", "Permission denied")
        elif self.modes("taken") or (self.modes("exists") and not self.systemd.reset):
            self.error(serial, "org.freedesktop.systemd1.UnitExists", "Unit %s already exists." % unit)
        else:
            if not self.modes("failed"):
                self.systemd.make_group(unit, properties)
            self.job(serial, unit, "failed" if self.modes("failed") else "done")

    def stop(self, serial, unit):
        if self.modes("nounit"):
            self.error(serial, "org.freedesktop.systemd1.NoSuchUnit", "Unit %s not loaded." % unit)
            return
        self.systemd.remove_group(unit)
        if self.modes("stuck"):
            self.answer(serial, "o", "/job/never")
        else:
            self.job(serial, unit, "done")

    def serve(self):
        self.log_in()
        while True:
            serial, header, args = self.receive()
            member = header[3]
            self.systemd.write(member, args)
            if member == "Hello":
                self.answer(serial, "s", ":1.5")
            elif member == "Get":
                value = {"Version": "239" if self.modes("old") else "252.38-1~deb12u1",
                         "ControlGroup": OWN_GROUP if self.modes("user") else "/"}[args[1]]
                self.answer(serial, "v", ("s", value))
            elif member == "StartTransientUnit":
                self.start(serial, args[0], args[2])
            elif member == "SetUnitProperties":
                self.systemd.write("frozen", self.systemd.frozen(args[0]))
                self.answer(serial)
            elif member == "StopUnit":
                self.stop(serial, args[0])
            else:
                self.systemd.reset |= member == "ResetFailedUnit"
                self.answer(serial)


def serve(connection):
    try:
        connection.serve()
    except ConnectionError:
        pass
    finally:
        connection.sock.close()


def main():
    path, log, mode = sys.argv[1:]
    systemd = Systemd(log, set(mode.split(",")))
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    os.chmod(path, 0o666)
    listener.listen()
    os.write(1, b"ready\n")
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=serve, args=(Connection(sock, systemd),), daemon=True).start()


main()
