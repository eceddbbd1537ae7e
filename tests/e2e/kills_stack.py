"""kills_stack.py - for random_kills.py: the daemons, their APIs, and what they leave on disk."""

import collections
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time

PATIENCE = 30  # seconds that anything may take, kills and all


class Away(Exception):
    """The daemon could not be reached, or went away before it answered."""


class Unix(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("daemon", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Api:
    def __init__(self, path, prefix="", namespace=None):
        self.path, self.prefix = path, prefix
        self.headers = {"Containerd-Namespace": namespace} if namespace else {}

    def call(self, method, path, body=None):
        """(status, document or list of documents)"""
        c = Unix(self.path, PATIENCE)
        try:
            c.request(method, self.prefix + path, body=None if body is None else json.dumps(body),
                      headers={"Content-Type": "application/json", **self.headers})
            r = c.getresponse()
            text = r.read()
            if r.status == 200 and not text and r.getheader("Transfer-Encoding") == "chunked":
                raise Away("an empty stream")
        except TimeoutError as e:
            raise AssertionError(f"{method} {path}: no answer in {PATIENCE} s") from e
        except (OSError, http.client.HTTPException) as e:
            raise Away(str(e)) from e
        finally:
            c.close()
        docs = [json.loads(line) for line in text.splitlines() if line.strip()]
        return r.status, docs[0] if len(docs) == 1 else docs


class Daemon:
    def __init__(self, name, directory, argv):
        self.name, self.argv, self.log = name, argv, f"{directory}/{name}.log"
        self.process, self.began = None, 0

    def start(self):
        with open(self.log, "ab") as log:
            self.began = log.tell()
            self.process = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def complaints(self):
        """What it has said of level warning or error since it was started."""
        with open(self.log, encoding="utf-8", errors="replace") as f:
            f.seek(self.began)
            return [line.rstrip() for line in f if not re.match(r"\S+ (info|debug) ", line)]


class World:
    """What all threads share."""

    def __init__(self, top, directory, seed):
        self.top, self.t, self.seed = top, directory, seed
        self.disk, self.state = f"{directory}/disk", f"{directory}/run-containerd"
        sock = f"{directory}/containerd.sock"
        self.docker = Api(f"{directory}/docker.sock")
        self.containerd, self.moby = Api(sock, "/v1", "default"), Api(sock, "/v1", "moby")
        # Names of cgroups are the machine's.
        self.unique = re.sub(r"\W", "", os.path.basename(directory))
        self.daemons = {
            "containerd": Daemon("containerd", directory, [
                f"{top}/03-containerd/containerd", "--root", f"{self.disk}/containerd", "--state", self.state,
                "--address", sock, "--runtime", f"{directory}/runtime"]),
            "dockerd": Daemon("dockerd", directory, [
                f"{top}/04-dockerd/dockerd", "--data-root", f"{self.disk}/docker", "--exec-root",
                f"{directory}/run-docker", "-H", f"unix://{directory}/docker.sock", "--containerd", sock,
                "--pidfile", f"{directory}/docker.pid", "--registry-mirror", os.environ["MIRROR"],
                "--insecure-registry", os.environ["REGISTRY"], "--bip", "172.31.0.1/16"])}
        self.lock = threading.Lock()
        self.generation = collections.Counter()  # of each daemon: how often it was killed
        self.lost_shims = set()  # ids of containers whose shims were killed
        self.full = 0            # how often the disk has been full, and once more while it is
        self.problems, self.done = [], collections.Counter()
        self.said = collections.Counter()  # errors that requests were answered with
        self.stopping = threading.Event()

    def problem(self, text):
        with self.lock:
            self.problems.append(f"{time.time():.3f} {text}")

    def count(self, what):
        with self.lock:
            self.done[what] += 1

    def hear(self, doc):
        message = doc if isinstance(doc, str) else json.dumps(doc)
        for pattern, word in ((r"[0-9a-f]{12,64}", "ID"), (self.unique + r"[-\w]+", "NAME"), (r"\d+", "N")):
            message = re.sub(pattern, word, message)
        with self.lock:
            self.said[message[:200]] += 1

    def settle(self, api, method, path, body=None, fine=(), again=()):
        """Ask until the answer is one of success, or of the statuses in `fine`. What comes between, while daemons
        die and the disk is full, is that nobody is there, an error of 500 and more, or a status in `again`."""
        end = time.time() + PATIENCE
        said = "nobody was there"
        while time.time() < end:
            try:
                status, doc = api.call(method, path, body)
                if status < 300 or status in fine:
                    return status, doc
                said = f"{status} {doc}"
                if status < 500 and status not in again:
                    raise AssertionError(f"{method} {path}: {said}")
                self.hear(doc)
            except Away:
                pass
            time.sleep(0.1)
        raise AssertionError(f"{method} {path}: no success in {PATIENCE} s, last: {said}")

    def once(self, api, method, path, body=None):
        """Ask once: (status, document), or None when nobody was there."""
        try:
            status, doc = api.call(method, path, body)
        except Away:
            return None
        if status >= 400:
            self.hear(doc)
        return status, doc

    def container_dir(self, cid):
        return f"{self.disk}/docker/containers/{cid}"

    def log_lines(self, path):
        """(text, stream) of each line of a json-file log; what is not whole is an error."""
        lines = []
        with open(path, "rb") as f:
            for number, raw in enumerate(f):
                try:
                    line = json.loads(raw)
                except ValueError as e:
                    raise AssertionError(f"{path}, line {number}: {raw[:80]!r}") from e
                lines.append((line["log"], line["stream"]))
        return lines
