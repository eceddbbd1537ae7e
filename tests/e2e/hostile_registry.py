#!/usr/bin/env python3
"""hostile_registry.py ADDR PORT SETTINGS LOG [CERT KEY [CLIENT_CA]] - a registry that misbehaves on demand.

Keeps repositories in memory: what is pushed can be pulled. SETTINGS is a JSON file that is read
again for every request, so that a test changes the registry's mind by writing it:

  layout       an OCI layout, served as library/img:latest (and its first manifest's platform)
  also         a list of repositories that have the same image; read when it starts
  serial       another one with every change: faults are counted anew
  extra        {"repository/ref": {"type", "body"}}: more manifests, as they stand here
  auth         "basic" or "bearer": user "user", password "pass word"; a token's name has its scopes
               and the generation in it, and another generation's is refused
  realm        the token service's URL; expires_in; generation
  identity     true: who asks the token service for one (offline_token) gets the identity token "identity"
  search       a list: what /v1/search answers
  no_get       true: the token service knows no GET, only POST with refresh_token "identity"
  faults       [{"match", "times", "do", …}]: what befalls the first `times` requests whose
               "METHOD path" the regular expression matches:
                 status (with "retry_after"), truncate (after "bytes"), stall (for "seconds", or "until" a
                 file is there), corrupt, redirect ("to"), reset
  upload       "whole": PUT takes everything; "chunks": only PATCHes with a Content-Range in order;
  body_limit   a larger body is 413
  mount        true: blobs are mounted across repositories, where the token allows reading

Each request is a line in LOG: METHOD path Authorization(kind or -) Range(or -) status
"""

import base64
import email.utils
import hashlib
import http.server
import json
import os
import re
import socket
import ssl
import sys
import threading
import time
import urllib.parse

ADDR, PORT, SETTINGS, LOG = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
lock = threading.Lock()
blobs, members, manifests, uploads, spent = {}, set(), {}, {}, {}
BASIC = "Basic " + base64.b64encode(b"user:pass word").decode()


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def settings():
    with open(SETTINGS) as f:
        return json.load(f)


def load(layout, repository="library/img", tag="latest"):
    directory = os.path.join(layout, "blobs", "sha256")
    for name in os.listdir(directory):
        with open(os.path.join(directory, name), "rb") as f:
            data = f.read()
        blobs["sha256:" + name] = data
        members.add((repository, "sha256:" + name))
        if data[:1] == b"{" and b'"mediaType"' in data:
            manifests[(repository, "sha256:" + name)] = (json.loads(data).get("mediaType", ""), data)
    with open(os.path.join(layout, "index.json")) as f:
        entry = json.load(f)["manifests"][0]
    manifests[(repository, tag)] = (entry["mediaType"], blobs[entry["digest"]])
    manifests[(repository, entry["digest"])] = (entry["mediaType"], blobs[entry["digest"]])


class Registry(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body=b"", **headers):
        self.status = status
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def error(self, status, message, **headers):
        body = json.dumps({"errors": [{"code": "X", "message": message}]}).encode()
        self.answer(status, body, Content_Type="application/json", **headers)

    def handle_any(self):
        self.s, self.status = settings(), 0
        self.url = urllib.parse.urlsplit(self.path)
        self.query = urllib.parse.parse_qs(self.url.query)
        # The body first: a client that is still sending does not read.
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            self.route()
        finally:
            given = self.headers.get("Authorization", "-").split(" ")[0]
            with open(LOG, "a") as f:
                f.write(f"{self.command} {self.path} {given} {self.headers.get('Range', '-')} "
                        f"{self.status} {len(self.body)}\n")

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = handle_any

    def route(self):
        fault = self.fault()
        if fault and self.before(fault):
            return None
        self.spoil = fault
        if self.url.path == "/token":
            return self.token()
        if self.url.path == "/v1/search" and "search" in self.s:
            return self.answer(200, json.dumps({"results": self.s["search"]}).encode(), Content_Type="application/json")
        if self.url.path.startswith("/plain/"):
            return self.send_data(blobs[self.url.path[len("/plain/"):]])
        found = re.fullmatch(r"/v2/(?:(.+)/(manifests|blobs)/(.*))?", self.url.path)
        if not found:
            return self.error(404, "no such page")
        if not self.allowed(found[1]):
            return None
        if not found[1]:
            return self.answer(200, b"{}")
        return getattr(self, found[2])(found[1], found[3])

    # --- what goes wrong ---

    def fault(self):
        for i, fault in enumerate(self.s.get("faults", [])):
            key = (self.s.get("serial"), i)
            with lock:
                if re.search(fault["match"], f"{self.command} {self.path}") and \
                        spent.get(key, 0) < fault.get("times", 1):
                    spent[key] = spent.get(key, 0) + 1
                    return fault
        return None

    def before(self, fault):
        if fault["do"] == "status":
            headers = {}
            if "retry_after" in fault:
                wait = fault["retry_after"]
                headers["Retry_After"] = str(wait) if fault.get("as") != "date" else \
                    email.utils.formatdate(time.time() + wait, usegmt=True)
            self.error(fault["status"], "as you like it", **headers)
        elif fault["do"] == "redirect":
            self.answer(307, Location=fault["to"] + self.url.path.split("/")[-1])
        elif fault["do"] == "reset":
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        else:
            return False
        return True

    def send_data(self, data):
        start = 0
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        headers = {"Content_Type": "application/octet-stream"}
        if asked:
            start = int(asked[1])
            headers["Content_Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        rest = data[start:]
        if not self.spoil:
            return self.answer(206 if asked else 200, rest, **headers)
        what, self.close_connection = self.spoil["do"], True
        if what == "corrupt":
            rest = bytes([rest[0] ^ 1]) + rest[1:]
        cut = self.spoil.get("bytes", len(rest) // 2)
        self.answer(206 if asked else 200, rest if what == "corrupt" else rest[:cut],
                    Content_Length=str(len(rest)), **headers)
        if what == "stall":
            self.wfile.flush()
            end = time.time() + self.spoil.get("seconds", 60)
            while time.time() < end and not os.path.exists(self.spoil.get("until", "")):
                time.sleep(0.05)
        return None

    # --- who may ---

    def allowed(self, repository):
        given, kind = self.headers.get("Authorization", ""), self.s.get("auth")
        if not kind or (kind == "basic" and given == BASIC):
            return True
        if kind == "basic":
            self.error(401, "authentication required", WWW_Authenticate='Basic realm="hostile"')
            return False
        actions = "pull" if self.command in ("GET", "HEAD") else "pull,push"
        scope = f"repository:{repository}:{actions}"
        parts = given.split(" ")[-1].split("|")
        if parts[0] == f"t{self.s.get('generation', 0)}" and \
                (not repository or any(p.startswith(scope) for p in parts)):
            return True
        self.error(401, "authentication required", WWW_Authenticate=f'Bearer realm="{self.s["realm"]}"'
                   f',service="hostile"' + (f',scope="{scope}"' if repository else ""))
        return False

    def token(self):
        if self.command == "POST":
            form = urllib.parse.parse_qs(self.body.decode())
            if form.get("grant_type") != ["refresh_token"] or form.get("refresh_token") != ["identity"]:
                return self.error(401, "who?")
            scopes = form.get("scope", [""])[0].split()
        elif self.s.get("no_get") or self.headers.get("Authorization", BASIC) != BASIC:
            return self.error(401, "who?")
        else:
            scopes = self.query.get("scope", [])
        refused = self.s.get("refuse_scope")
        if refused and any(refused in scope for scope in scopes):
            return self.error(403, "not that")
        body = {"token": "|".join([f"t{self.s.get('generation', 0)}"] + scopes),
                "expires_in": self.s.get("expires_in", 300)}
        if self.s.get("identity") and self.query.get("offline_token") == ["true"]:
            body["refresh_token"] = "identity"
        return self.answer(200, json.dumps(body).encode(), Content_Type="application/json")

    # --- manifests and blobs ---

    def manifests(self, repository, reference):
        if self.command == "PUT":
            kind = self.headers.get("Content-Type", "")
            for key in (reference, digest_of(self.body)):
                manifests[(repository, key)] = (kind, self.body)
            return self.answer(201, Docker_Content_Digest=digest_of(self.body))
        extra = self.s.get("extra", {}).get(f"{repository}/{reference}")
        kind, body = (extra["type"], extra["body"].encode()) if extra else \
            manifests.get((repository, reference), (None, b""))
        if not kind:
            return self.error(404, "manifest unknown")
        return self.answer(200, body, Content_Type=kind, Docker_Content_Digest=digest_of(body))

    def blobs(self, repository, rest):
        if rest.startswith("uploads/"):
            return self.upload(repository, rest[len("uploads/"):])
        if (repository, rest) not in members:
            return self.error(404, "blob unknown")
        if self.command == "HEAD":
            return self.answer(200, Content_Length=str(len(blobs[rest])))
        return self.send_data(blobs[rest])

    def upload(self, repository, name):
        if self.command == "POST":
            return self.open_upload(repository)
        data = uploads.get(name)
        if data is None:
            return self.error(404, "upload unknown")
        if len(self.body) > self.s.get("body_limit", 1 << 40):
            return self.error(413, "too large")
        place = f"/v2/{repository}/blobs/uploads/{name}?state={len(data)}"
        if self.command == "GET":
            return self.answer(204, Location=place, Range=f"0-{max(len(data) - 1, 0)}")
        if self.command == "PATCH":
            if self.headers.get("Content-Range") != f"{len(data)}-{len(data) + len(self.body) - 1}":
                return self.error(416, "out of order")
            data += self.body
            if self.spoil and self.spoil["do"] == "reset_after":
                self.close_connection = True
                return self.connection.shutdown(socket.SHUT_RDWR)
            place = f"/v2/{repository}/blobs/uploads/{name}?state={len(data)}"
            return self.answer(202, Location=place, Range=f"0-{len(data) - 1}")
        if self.s.get("upload") == "chunks" and self.body:
            return self.error(405, "in chunks, please")
        data += self.body
        wanted = self.query["digest"][0]
        if digest_of(bytes(data)) != wanted:
            return self.error(400, "digest mismatch")
        blobs[wanted] = bytes(data)
        members.add((repository, wanted))
        return self.answer(201, Docker_Content_Digest=wanted)

    def open_upload(self, repository):
        if "mount" in self.query and self.s.get("mount"):
            source, digest = self.query["from"][0], self.query["mount"][0]
            token = self.headers.get("Authorization", "")
            if (source, digest) in members and \
                    (self.s.get("auth") != "bearer" or f"repository:{source}:pull" in token):
                members.add((repository, digest))
                return self.answer(201, Docker_Content_Digest=digest)
        name = str(len(uploads))
        uploads[name] = bytearray()
        return self.answer(202, Location=f"/v2/{repository}/blobs/uploads/{name}?state=0")

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def finish_request(self, request, client_address):
        if tls:
            request.settimeout(60)
            request = tls.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, request, client_address):
        pass


tls = None
if len(sys.argv) > 5:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(sys.argv[5], sys.argv[6])
    if len(sys.argv) > 7:
        tls.verify_mode = ssl.CERT_REQUIRED
        tls.load_verify_locations(sys.argv[7])
if settings().get("layout"):
    for name in ["library/img"] + settings().get("also", []):
        load(settings()["layout"], name)
Server((ADDR, PORT), Registry).serve_forever()
