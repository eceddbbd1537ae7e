"""git_web.py PORT - the working directory's files over HTTP, and the same ones for whoever sends the token "word":
below /private/ as BuildKit's GIT_AUTH_TOKEN is sent, below /bearer/ as its HTTP_AUTH_TOKEN is. /hop/HOST/ redirects to
HOST's /bearer/. To git it is a server that can do nothing."""

import base64
import http.server
import sys

LOGINS = {"private": "basic " + base64.b64encode(b"x-access-token:word").decode(), "bearer": "Bearer word"}


class Web(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        first, _, rest = self.path[1:].partition("/")
        if first == "hop":
            host, _, rest = rest.partition("/")
            self.send_response(302)
            self.send_header("Location", f"http://{host}:{sys.argv[1]}/bearer/{rest}")
            self.end_headers()
            return
        if first in LOGINS:
            if self.headers.get("Authorization") != LOGINS[first]:
                self.send_error(401)
                return
            self.path = "/" + rest
        super().do_GET()

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Web).serve_forever()
