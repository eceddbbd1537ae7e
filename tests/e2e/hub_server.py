#!/usr/bin/env python3
"""hub_server.py LAYOUT CERT KEY LOG - Docker Hub as a client meets it, on port 443.

Serves one OCI layout as library/busybox:latest to whoever does what Hub asks for:

  registry-1.docker.io   401 with a Bearer challenge, until a token comes along;
                         blobs are a redirect to another host, as Hub's are
  auth.docker.io         GET /token?service=&scope=, the answer a token for
                         exactly that scope; no token for library/secret
  production.cdn         the blobs; refuses a request that still carries the
                         token, as object stores do

Every request is one line in LOG: host, method, path, and whether it had a token.
"""

import hashlib
import http.server
import json
import os
import ssl
import sys
import urllib.parse

LAYOUT, CERT, KEY, LOG = sys.argv[1:5]
CDN = "production.cdn.test"


def token_for(scope):
    return "token-" + hashlib.sha256(scope.encode()).hexdigest()


class Hub(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def error(self, status, code, message, **headers):
        body = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
        self.answer(status, body, Content_Type="application/json", **headers)

    def do_GET(self):
        host = self.headers.get("Host", "").split(":")[0]
        url = urllib.parse.urlsplit(self.path)
        with open(LOG, "a") as log:
            log.write(f"{host} {self.command} {self.path} "
                      f"{'token' if 'Authorization' in self.headers else '-'}\n")
        {"auth.docker.io": self.token, "registry-1.docker.io": self.registry,
         CDN: self.cdn}.get(host, self.stranger)(url)

    do_HEAD = do_GET

    def stranger(self, url):
        self.answer(421, b"who is that?\n")

    def token(self, url):
        query = urllib.parse.parse_qs(url.query)
        scope = query.get("scope", [""])[0]
        if url.path != "/token" or query.get("service") != ["registry.docker.io"]:
            return self.answer(400, b"{}")
        if scope != "repository:library/busybox:pull":
            return self.answer(200, json.dumps({"token": "good-for-nothing"}).encode())
        return self.answer(200, json.dumps({"token": token_for(scope), "expires_in": 300}).encode(),
                           Content_Type="application/json")

    def registry(self, url):
        parts = url.path.strip("/").split("/")
        name, kind, reference = "/".join(parts[1:-2]), parts[-2] if len(parts) > 2 else "", parts[-1]
        scope = f"repository:{name}:pull"
        if self.headers.get("Authorization") != "Bearer " + token_for(scope):
            challenge = 'Bearer realm="https://auth.docker.io/token",service="registry.docker.io"'
            if name:
                challenge += f',scope="{scope}"'
            return self.error(401, "UNAUTHORIZED", "authentication required",
                              WWW_Authenticate=challenge)
        if kind == "blobs" and os.path.exists(self.blob(reference)):
            return self.answer(307, Location=f"https://{CDN}/{reference}")
        if kind == "manifests":
            return self.manifest(reference)
        return self.error(404, "NOT_FOUND", "no such thing")

    def manifest(self, reference):
        with open(os.path.join(LAYOUT, "index.json")) as f:
            entry = json.load(f)["manifests"][0]
        digest = entry["digest"] if reference == "latest" else reference
        if not os.path.exists(self.blob(digest)):
            return self.error(404, "MANIFEST_UNKNOWN", "manifest unknown")
        with open(self.blob(digest), "rb") as f:
            body = f.read()
        return self.answer(200, body, Content_Type=json.loads(body)["mediaType"],
                           Docker_Content_Digest=digest)

    def cdn(self, url):
        if "Authorization" in self.headers:
            return self.answer(400, b"only one authentication is allowed\n")
        with open(self.blob(url.path[1:]), "rb") as f:
            return self.answer(200, f.read(), Content_Type="application/octet-stream")

    @staticmethod
    def blob(digest):
        return os.path.join(LAYOUT, "blobs", "sha256", os.path.basename(digest.replace("sha256:", "")))

    def log_message(self, *args):
        pass


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(CERT, KEY)
server = http.server.ThreadingHTTPServer(("127.0.0.1", 443), Hub)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
