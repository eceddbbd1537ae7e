"""s3_server.py - an object store for tests, strict where Amazon's is: it computes every signature by itself
(AWS Signature Version 4, in headers and in the query), and compares every body with the hash that was signed.

    s3_server.py PORT DIRECTORY ACCESS_KEY_ID SECRET REGION [PART_MINIMUM]

Objects are files below DIRECTORY; what it answered is in DIRECTORY.log, a line for each request. While there is a
file DIRECTORY.fail with a number in it, so many requests are answered with 503, which counts down.
"""

import datetime
import hashlib
import hmac
import http.server
import os
import re
import sys
import threading
import urllib.parse
import uuid

PORT, ROOT, KEY_ID, SECRET, REGION = int(sys.argv[1]), *sys.argv[2:6]
LEAST = int(sys.argv[6]) if len(sys.argv) > 6 else 5 << 20
UPLOADS, LOCK = {}, threading.Lock()


class Refused(Exception):
    def __init__(self, status, code, message=""):
        super().__init__(message)
        self.status, self.code = status, code


def encode(text):
    return urllib.parse.quote(text, safe="-_.~")


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signature(when, scope, canonical):
    key = ("AWS4" + SECRET).encode()
    for step in scope.split("/"):
        key = mac(key, step)
    text = "\n".join(["AWS4-HMAC-SHA256", when, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    return mac(key, text).hex()


def moment(text):
    return datetime.datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    # --- who is it -----------------------------------------------------------------------------

    def canonical(self, query, signed, payload):
        pairs = sorted((encode(k), encode(v)) for k, v in query)
        headers = "".join(f"{name}:{' '.join((self.headers.get(name) or '').split())}\n" for name in signed)
        return "\n".join([self.command, self.url.path, "&".join(f"{k}={v}" for k, v in pairs), headers,
                          ";".join(signed), payload])

    def check_scope(self, credential, when):
        key_id, scope = credential.split("/", 1)
        if key_id != KEY_ID:
            raise Refused(403, "InvalidAccessKeyId")
        if scope != f"{when[:8]}/{REGION}/s3/aws4_request":
            raise Refused(400, "AuthorizationHeaderMalformed", scope)
        return scope

    def check_header(self, header):
        part = dict(word.split("=", 1) for word in re.split(r",\s*", header.removeprefix("AWS4-HMAC-SHA256 ")))
        signed, when = part["SignedHeaders"].split(";"), self.headers["x-amz-date"]
        if signed != sorted(signed) or not {"host", "x-amz-date", "x-amz-content-sha256"} <= set(signed):
            raise Refused(403, "SignatureDoesNotMatch", "headers that have to be signed")
        if abs((datetime.datetime.now(datetime.timezone.utc) - moment(when)).total_seconds()) > 900:
            raise Refused(403, "RequestTimeTooSkewed")
        payload = self.headers["x-amz-content-sha256"]
        scope = self.check_scope(part["Credential"], when)
        if part["Signature"] != signature(when, scope, self.canonical(self.query, signed, payload)):
            raise Refused(403, "SignatureDoesNotMatch")
        if payload != hashlib.sha256(self.body).hexdigest():
            raise Refused(400, "XAmzContentSHA256Mismatch")

    def check_query(self):
        q = dict(self.query)
        when, unsigned = q["X-Amz-Date"], [(k, v) for k, v in self.query if k != "X-Amz-Signature"]
        age = (datetime.datetime.now(datetime.timezone.utc) - moment(when)).total_seconds()
        if not -900 < age < int(q["X-Amz-Expires"]) <= 604800:
            raise Refused(403, "AccessDenied", "Request has expired")
        scope = self.check_scope(q["X-Amz-Credential"], when)
        canonical = self.canonical(unsigned, q["X-Amz-SignedHeaders"].split(";"), "UNSIGNED-PAYLOAD")
        if q["X-Amz-Signature"] != signature(when, scope, canonical):
            raise Refused(403, "SignatureDoesNotMatch")

    def check(self):
        header = self.headers.get("Authorization")
        if header:
            self.check_header(header)
        elif "X-Amz-Signature" in dict(self.query):
            self.check_query()
        else:
            raise Refused(403, "AccessDenied")

    # --- what is to be done ------------------------------------------------------------------------

    def read_body(self):
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def xml(self, name, inside):
        self.answer(200, f'<?xml version="1.0"?>\n<{name}>{inside}</{name}>'.encode(), Content_Type="application/xml")

    def path_of_object(self):
        if ".." in self.url.path or self.url.path.count("/") < 2:
            raise Refused(400, "InvalidArgument", self.url.path)
        return ROOT + self.url.path

    def store(self, data):
        path = self.path_of_object()
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path + ".new", "wb") as f:
            f.write(data)
        os.rename(path + ".new", path)

    def send_object(self):
        try:
            with open(self.path_of_object(), "rb") as f:
                data = f.read()
        except FileNotFoundError:
            raise Refused(404, "NoSuchKey") from None
        part = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        if not part:
            return self.answer(200, data)
        first, last = int(part[1]), min(int(part[2] or len(data)), len(data) - 1)
        if first > last:
            raise Refused(416, "InvalidRange")
        return self.answer(206, data[first:last + 1], Content_Range=f"bytes {first}-{last}/{len(data)}")

    def upload(self, q):
        parts = UPLOADS.get(q["uploadId"])
        if parts is None:
            raise Refused(404, "NoSuchUpload")
        return parts

    def complete(self, q):
        wanted = re.findall(r"<PartNumber>(\d+)</PartNumber>\s*<ETag>([^<]*)</ETag>", self.body.decode())
        parts = self.upload(q)
        data = [parts.get(int(n)) for n, _ in wanted]
        if not data or any(d is None or f'"{hashlib.md5(d).hexdigest()}"' != e for d, (_, e) in zip(data, wanted)):
            raise Refused(400, "InvalidPart")
        if any(len(d) < LEAST for d in data[:-1]):
            raise Refused(400, "EntityTooSmall")
        self.store(b"".join(data))
        del UPLOADS[q["uploadId"]]
        self.xml("CompleteMultipartUploadResult", "<ETag>x</ETag>")

    def act(self):
        q, method = dict(self.query), self.command
        if method in ("GET", "HEAD"):
            self.send_object()
        elif method == "PUT" and "uploadId" in q:
            self.upload(q)[int(q["partNumber"])] = self.body
            self.answer(200, ETag=f'"{hashlib.md5(self.body).hexdigest()}"')
        elif method == "PUT":
            self.store(self.body)
            self.answer(200, ETag=f'"{hashlib.md5(self.body).hexdigest()}"')
        elif method == "POST" and "uploads" in q:
            name = "+" + uuid.uuid4().hex + "/=" # what a query has to have encoded
            UPLOADS[name] = {}
            self.xml("InitiateMultipartUploadResult", f"<UploadId>{name}</UploadId>")
        elif method == "POST" and "uploadId" in q:
            self.complete(q)
        elif method == "DELETE" and "uploadId" in q:
            self.upload(q)
            del UPLOADS[q["uploadId"]]
            self.answer(204)
        elif method == "DELETE":
            if os.path.exists(self.path_of_object()):
                os.unlink(self.path_of_object())
            self.answer(204)
        else:
            raise Refused(400, "InvalidRequest")

    def fail_if_told(self):
        with LOCK:
            try:
                with open(ROOT + ".fail", "r+", encoding="ascii") as f:
                    left = int(f.read() or 0)
                    f.seek(0)
                    f.truncate()
                    f.write(str(max(0, left - 1)))
            except FileNotFoundError:
                return
        if left:
            raise Refused(503, "SlowDown")

    def handle_one(self):
        self.url = urllib.parse.urlsplit(self.path)
        self.query = urllib.parse.parse_qsl(self.url.query, keep_blank_values=True)
        self.read_body()
        try:
            self.fail_if_told()
            self.check()
            self.act()
        except Refused as why:
            self.answer(why.status, f"<Error><Code>{why.code}</Code><Message>{why}</Message></Error>".encode())

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_one

    def log_request(self, code="-", size="-"):
        with LOCK, open(ROOT + ".log", "a", encoding="utf-8") as f:
            f.write(f"{self.command} {urllib.parse.urlsplit(self.path).path} {int(code)} "
                    f"{'&'.join(sorted({k for k, _ in self.query} & {'uploads', 'uploadId', 'partNumber'}))}\n")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads, request_queue_size = True, 128


os.makedirs(ROOT, exist_ok=True)
Server(("127.0.0.1", PORT), Handler).serve_forever()
