"""engine_hostile.py SOCKET PID - clients that do not mean well, of the dockerd with that process ID.

A witness asks for the list of containers all the while, and tells how long it had to wait at most. Every attack is a
function; after each, dockerd must have as many threads and descriptors as before, soon.
"""
import http.client
import json
import os
import socket
import sys
import threading
import time

SOCKET, PID = sys.argv[1], int(sys.argv[2])
SANITIZED = b"__asan_init" in open(f"/proc/{PID}/exe", "rb").read()
LONGEST = 20 if SANITIZED else 5  # seconds that the witness may wait on a busy machine
END = "HTTP/1.1\r\nHost: d\r\nConnection: close\r\n"
checks = 0


def expect(what, good, got):
    global checks
    checks += 1
    if not good:
        sys.exit(f"{what}: got {got!r}")


def dial():
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(20)
    s.connect(SOCKET)
    return s


def raw(data, half_close=True):
    """Send it, and read what comes until the other side closes."""
    s, reply = dial(), b""
    try:
        s.sendall(data if isinstance(data, bytes) else data.encode())
        if half_close:
            s.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # refused before we were done
    try:
        while part := s.recv(65536):
            reply += part
    except ConnectionResetError:
        pass
    s.close()
    return reply


def status(reply):
    return int(reply.split(b" ", 2)[1]) if reply.startswith(b"HTTP/1.1 ") else None


class Connection(http.client.HTTPConnection):
    def connect(self):
        self.sock = dial()


def ask(method, path, body=None):
    c = Connection("d")
    c.request(method, path, body if body is None or isinstance(body, (bytes, str)) else json.dumps(body),
              {"Content-Type": "application/json"})
    reply = c.getresponse()
    data = reply.read()
    c.close()
    return reply.status, json.loads(data) if data[:1] in (b"{", b"[") else data


# --- what is watched ----------------------------------------------------------------------------------


class Witness(threading.Thread):
    def __init__(self):
        super().__init__(daemon=True)
        self.longest, self.asked, self.going = 0, 0, True

    def run(self):
        while self.going:
            begin = time.monotonic()
            if ask("GET", "/containers/json?all=1")[0] != 200:
                self.longest = 1000
            self.longest = max(self.longest, time.monotonic() - begin)
            self.asked += 1
            time.sleep(0.02)


def resources():
    return len(os.listdir(f"/proc/{PID}/task")), len(os.listdir(f"/proc/{PID}/fd"))


def peak_mib():
    return next(int(line.split()[1]) for line in open(f"/proc/{PID}/status") if line.startswith("VmHWM")) // 1024


def soon(what, true):
    end = time.monotonic() + 15
    while not true() and time.monotonic() < end:
        time.sleep(0.02)
    expect(what, true(), resources())


# --- attacks ------------------------------------------------------------------------------------------


def no_http():
    for data in (b"", b"\r\n\r\n", b"\0" * 1000, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\0\1\0", b"GET /%",
                 b"GET /_ping HTTP/1.1\r\nHost: d\r\nNo colon\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"A" * 300000):
        reply = raw(data)
        expect(f"{data[:30]!r} is no request", status(reply) in (None, 400, 404, 414, 431, 505), reply[:80])
    for path in ("/%00", "/containers/%/json", "/containers/%ff%fe/json", "/containers/../../json", "//", "/v1.44", "/v1.44x/info"):
        expect(path, status(raw(f"GET {path} {END}\r\n")) in (400, 404), path)


def unclear_ends():
    create = f"POST /containers/create {END}Content-Type: application/json\r\n"
    for how, body in (("Content-Length: 5\r\nContent-Length: 6", "hello!"), ("Content-Length: -5", "hello"),
                      ("Content-Length: 5x", "hello"), ("Transfer-Encoding: gzip", "hello"),
                      ("Transfer-Encoding: chunked\r\nContent-Length: 5", "0\r\n\r\n"), ("Transfer-Encoding: chunked", "zz\r\n"),
                      ("Transfer-Encoding: chunked", "fffffffffffffffff\r\n")):
        reply = raw(f"{create}{how}\r\n\r\n{body}")
        expect(how, status(reply) in (400, 413), reply)
    raw(f"{create}Content-Length: 100\r\n\r\n{{")  # and never the rest


def too_much():
    expect("a header of 1 MB", status(raw(f"GET /_ping {END}X: {'a' * 1000000}\r\n\r\n")) in (None, 431), None)
    expect("an address of 500 KB", status(raw(f"GET /{'a' * 500000} {END}\r\n")) in (None, 414), None)
    expect("a body of 20 MB", ask("POST", "/containers/create", b" " * (20 << 20))[0] == 413, None)
    chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    reply = raw(f"POST /containers/create {END}Transfer-Encoding: chunked\r\n\r\n".encode() + chunk * 20 + b"0\r\n\r\n")
    expect("20 MB in chunks", status(reply) == 413, reply[:80])


def bombs():
    for what, body in (("deep", b'{"a":' + b"[" * 1000000), ("wide", b'{"Cmd":[' + b"[]," * 5000000 + b"[]]}"),
                       ("many keys", b"{" + b",".join(b'"%d":0' % i for i in range(1000000)) + b"}")):
        got, told = ask("POST", "/containers/create", body)
        expect(f"a {what} body", got == 400 and len(str(told)) < 1000, (got, str(told)[:200]))
    commas = {"Image": "busybox", "Labels": {"commas": ",[{\\\"" * 100000}}
    got, told = ask("POST", "/containers/create", commas)
    expect("but commas in a text are none", got == 201, told)
    ask("DELETE", "/containers/" + told["Id"])


def idlers():
    idle = [dial() for _ in range(200)]
    for n, s in enumerate(idle):
        s.sendall((b"", b"GET /_pi", b"POST /containers/create HTTP/1.1\r\nHost: d\r\nContent-Length: 9\r\n\r\n{", b"GET ")[n % 4])
    for _ in range(10):
        for s in idle[1::4]:
            s.sendall(b"n")
        expect("served meanwhile", ask("GET", "/_ping")[0] == 200, None)
    for s in idle:
        s.close()


UPGRADE = "POST {} HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Type: application/json\r\n" \
    "Content-Length: {}\r\n\r\n{}"


def send_head(request):
    """A connection, and the head of the answer to this request."""
    s, head = dial(), b""
    s.sendall(request.encode())
    while b"\r\n\r\n" not in head:
        part = s.recv(1)
        expect("a whole head", part, head)
        head += part
    return s, head


def hijack(path, body=""):
    s, head = send_head(UPGRADE.format(path, len(body), body))
    expect("upgraded", status(head) == 101, head)
    return s


def hijacks():
    made = ask("POST", "/containers/create", {"Image": "busybox", "Cmd": ["cat"], "OpenStdin": True, "StopSignal": "KILL"})[1]["Id"]
    ask("POST", f"/containers/{made}/start")
    attach = f"/containers/{made}/attach?stream=1&stdin=1&stdout=1&stderr=1"
    silent = [hijack(attach) for _ in range(5)]  # they never read
    writer = hijack(attach)
    for _ in range(50):
        writer.sendall(b"x" * 10000 + b"\n")
    for s in silent:
        s.close()
    writer.close()
    for body in ("yes", "cat", "sleep 100"):
        _, told = ask("POST", f"/containers/{made}/exec", {"Cmd": ["sh", "-c", body], "AttachStdin": True, "AttachStdout": True})
        s = hijack(f"/exec/{told['Id']}/start", "{}")
        if body == "cat":
            s.sendall(b"hello")
            s.shutdown(socket.SHUT_WR)  # half closed: what is said is answered all the same
            expect("half closed", s.recv(100).endswith(b"hello"), None)
        s.close()
    for words in ("Upgrade: h2c", "Upgrade: " + "x" * 1000, "Upgrade:"):
        s, head = send_head(f"POST {attach} HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\n{words}\r\n\r\n")
        expect(words[:20], status(head) in (101, 200, 400), head)
        s.close()
    follow = dial()
    follow.sendall(f"GET /containers/{made}/logs?follow=1&stdout=1 {END}\r\n".encode())  # and never reads
    expect("removed all the same", ask("DELETE", f"/containers/{made}?force=1")[0] == 204, None)
    follow.close()


ask("GET", "/_ping")
before = resources()
witness = Witness()
witness.start()
for attack in (no_http, unclear_ends, too_much, bombs, idlers, hijacks):
    try:
        attack()
    except OSError as error:
        sys.exit(f"{attack.__name__}: {error!r}")
witness.going = False
witness.join()
expect("another client was served meanwhile", witness.asked > 10 and witness.longest < LONGEST, (witness.asked, witness.longest))
soon("threads and descriptors as before", lambda: all(now <= then + 1 for now, then in zip(resources(), before)))
expect("memory is bounded", SANITIZED or peak_mib() < 150, f"{peak_mib()} MiB")
print(f"{checks} checks; the witness asked {witness.asked} times and waited {witness.longest:.2f} s at most; "
      f"{peak_mib()} MiB at most; threads, descriptors: {before}, {resources()}")
