#!/usr/bin/env python3
"""replay.py SOCKET REQUESTS DIRECTORY - send a list of requests to a daemon, and print what it answered.

REQUESTS explains itself at its head; the files that it names are in DIRECTORY. The output is a JSON
list: per request its section, what was sent, the status, the headers and the body (as a list of JSON
values where it is JSON, else as its first bytes).
"""
import http.client
import json
import re
import socket
import sys
import time
import urllib.parse


class Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(self.path)


def parse(lines):
    """The requests as dictionaries, and the headings as strings."""
    found = []
    for line in lines:
        line = line.rstrip("\n")
        if not line or line.startswith("#"):
            continue
        if line.startswith("=="):
            found.append(line.strip("= "))
        elif not line.startswith(" "):
            method, path = line.split(" ", 1)
            found.append({"method": method, "path": path, "headers": {}, "keep": {}, "body": ""})
        else:
            detail(found[-1], line.strip())
    return found


def detail(request, line):
    word, _, rest = line.partition(" ")
    if word == "keep":
        name, path = rest.split(" = ")
        request["keep"][name] = path
    elif word == "file":
        request["file"] = rest
    elif word == "upgrade":
        request["headers"].update({"Connection": "Upgrade", "Upgrade": "tcp"})
    elif word == "for":
        request["for"] = float(rest)
    elif word.endswith(":") and not request["body"]:
        request["headers"][word[:-1]] = rest
    else:
        request["body"] += line


def read(response, sock, seconds):
    """The body, or as much of it as comes in that time."""
    data, end = b"", time.monotonic() + seconds
    try:
        while len(data) < 1 << 20:
            sock.settimeout(max(end - time.monotonic(), 0.01))
            piece = response.read1(65536) if response.status != 101 else sock.recv(65536)
            if not piece:
                break
            data += piece
    except (TimeoutError, socket.timeout):
        pass
    return data


def values(data):
    """A body as a list of JSON values, or None if it is something else."""
    text, found, at = data.decode("utf-8", "replace").strip(), [], 0
    decoder = json.JSONDecoder()
    while at < len(text):
        try:
            value, at = decoder.raw_decode(text, at)
        except ValueError:
            return None
        found.append(value)
        while at < len(text) and text[at].isspace():
            at += 1
    return found


def send(path, request, kept, directory):
    fill = lambda text: re.sub(r"\{(\w+)\}", lambda m: kept.get(m[1], m[0]), text)
    url = urllib.parse.quote(fill(request["path"]), safe="/?&=:+%,")
    body, headers = fill(request["body"]).encode(), dict(request["headers"])
    if "file" in request:
        body = open(f"{directory}/{request['file']}", "rb").read()
        headers["Content-Type"] = "application/x-tar"
    elif body:
        headers["Content-Type"] = "application/json"
    connection = Connection(path)
    connection.request(request["method"], url, body or None, headers)
    sock = connection.sock
    response = connection.getresponse()
    data = read(response, sock, request.get("for", 60))
    sock.close()
    return response, data


def main():
    path, requests, directory = sys.argv[1:]
    section, kept, answers = "", {}, []
    for request in parse(open(requests)):
        if isinstance(request, str):
            section = request
            continue
        begin = time.monotonic()
        response, data = send(path, request, kept, directory)
        if time.monotonic() - begin > 2:
            print(f"{time.monotonic() - begin:.1f} s: {request['method']} {request['path']}", file=sys.stderr)
        body = values(data)
        for name, where in request["keep"].items():
            value = body[-1] if body else {}
            for key in where.strip(".").split("."):
                value = value.get(key, "") if isinstance(value, dict) else ""
            kept[name] = value or "nothing"
        answers.append({
            "section": section, "method": request["method"], "path": request["path"], "sent": request["body"],
            "status": response.status, "headers": {k.title(): v for k, v in response.getheaders()},
            "json": body, "bytes": "" if body else data[:16].hex(),
        })
    json.dump(answers, sys.stdout, indent=1)


main()
