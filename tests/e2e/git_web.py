"""git_web.py PORT - the working directory's files over HTTP, and below /private/ the same ones for whoever sends
the token "word" as BuildKit's GIT_AUTH_TOKEN is sent: to git it is a server that can do nothing."""

import base64
import http.server
import sys

LOGIN = "basic " + base64.b64encode(b"x-access-token:word").decode()


class Web(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        if self.path.startswith("/private/"):
            if self.headers.get("Authorization") != LOGIN:
                self.send_error(401)
                return
            self.path = self.path.removeprefix("/private")
        super().do_GET()

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Web).serve_forever()
