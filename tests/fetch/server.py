"""An index that behaves, and many that do not, for the tests of `rustvenv fetch`.

server.py ROOT LOG [CERTIFICATE KEY]: serves the files below ROOT/PROJECT/ on a free port of the loopback, prints the port, and writes
a line a request to LOG. The first component of a path is how the server behaves; see BEHAVIOURS at each use.
"""

import base64
import gzip
import hashlib
import html
import http.server
import json
import os
import socket
import ssl
import sys
import threading
import time

ROOT, LOG = sys.argv[1:3]
JSON = "application/vnd.pypi.simple.v1+json"
lock = threading.Lock()
seen = {}


def count(key):
    """How often this was asked before."""
    with lock:
        seen[key] = seen.get(key, 0) + 1
        return seen[key] - 1


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def note(self):
        with lock, open(LOG, "a") as log:
            wanted = self.headers.get("Range", "-")
            log.write(f"{self.command} {self.path} {wanted}\n")

    def answer(self, status, body=b"", content_type="text/plain", headers=(), length=None):
        self.send_response(status)
        if content_type:
            self.send_header("Content-Type", content_type)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def do_CONNECT(self):
        """As a proxy: everything that is asked for is this server, whatever its name."""
        self.note()
        self.send_response(200)
        self.end_headers()
        with socket.create_connection(("127.0.0.1", self.server.server_address[1])) as other:
            def pump(source, target):
                while data := source.recv(65536):
                    target.sendall(data)
                target.shutdown(socket.SHUT_WR)
            thread = threading.Thread(target=pump, args=(other, self.connection), daemon=True)
            thread.start()
            pump(self.connection, other)
            thread.join()
        self.close_connection = True

    def do_GET(self):
        self.note()
        how, _, rest = self.path.lstrip("/").partition("/")
        if how == "auth":
            word = base64.b64encode(b"me:s%cret").decode()
            if self.headers.get("Authorization") != f"Basic {word}":
                return self.answer(401, headers=[("WWW-Authenticate", "Basic")])
        elif self.headers.get("Authorization"):
            return self.answer(400, b"who asked?")
        kind, _, rest = rest.partition("/")
        if kind == "simple":
            return self.page(how, rest.strip("/"))
        if kind == "files":
            return self.file(how, rest)
        if how == "loop":
            return self.answer(302, headers=[("Location", self.path)])
        return self.answer(404)

    # ---- pages

    def page(self, how, project):
        directory = os.path.join(ROOT, project)
        if how == "busy" or how == "late" and count(self.path) < 2:
            return self.answer(503, headers=[("Retry-After", "0")])
        if how == "moved":
            return self.answer(301, headers=[("Location", f"/json/simple/{project}/")])
        if how == "pageloop":
            return self.answer(302, headers=[("Location", f"/pageloop/simple/{project}/")])
        if how == "passwd":
            return self.answer(302, headers=[("Location", "file:///etc/passwd")])
        if how == "script":
            return self.answer(302, headers=[("Location", "javascript:alert(1)")])
        if how == "plain":  # from TLS to plain HTTP
            return self.answer(302, headers=[("Location", f"http://127.0.0.1:1/json/simple/{project}/")])
        if how == "endless":
            return self.answer(200, b" " * (65 << 20), JSON)
        if how == "bomb":
            return self.answer(200, gzip.compress(b" " * (65 << 20)), JSON, [("Content-Encoding", "gzip")])
        if how == "login":
            return self.answer(200, b"please log in", "text/plain")
        if not os.path.isdir(directory):
            return self.answer(404)
        files = []
        for name in sorted(os.listdir(directory)):
            with open(os.path.join(directory, name), "rb") as file:
                data = file.read()
            sha256 = hashlib.sha256(b"other" if how == "otherhash" else data).hexdigest()
            url = f"/{how}/files/{project}/{name}"
            if how == "plainlink":
                url = f"http://127.0.0.1:1{url}"
            if how == "filelink":
                url = f"file://{directory}/{name}"
            hashes = {} if how in ("nohash", "wrongkind") else {"sha256": sha256}
            files.append({"filename": name, "url": url, "hashes": hashes, "size": len(data),
                          "yanked": "a bad\x1b[31m idea" if how == "yanked" else False})
        if how == "html":
            links = "".join(
                f'<a href="{html.escape(f["url"])}#sha256={f["hashes"]["sha256"]}">{f["filename"]}</a><br/>\n' for f in files)
            return self.answer(200, f"<!DOCTYPE html><html><body>{links}</body></html>".encode(), "text/html; charset=utf-8")
        body = json.dumps({"meta": {"api-version": "2.0" if how == "v2" else "1.1"}, "name": project, "files": files}).encode()
        if how == "cut":
            body = body[:-10]
        if how == "gzip" and "gzip" in self.headers.get("Accept-Encoding", ""):
            return self.answer(200, gzip.compress(body), JSON, [("Content-Encoding", "gzip")])
        return self.answer(200, body, JSON)

    # ---- files

    def file(self, how, rest):
        with open(os.path.join(ROOT, rest), "rb") as file:
            data = file.read()
        earlier = count(self.path)
        if how == "gone":
            return self.answer(404)
        if how == "away":
            return self.answer(302, headers=[("Location", f"/json/files/{rest}")])
        if how == "fileloop":
            return self.answer(302, headers=[("Location", self.path)])
        if how == "flaky" and earlier < 2:
            return self.answer((500, 429)[earlier], b"busy", headers=[("Retry-After", "0")])
        if how == "silent" and earlier < 1:
            time.sleep(3)
        if how == "wrong":
            data = data[:-1] + b"x"
        if how == "huge":
            return self.answer(200, b"x", length=5 << 30)
        start, status, headers = 0, 200, [("Accept-Ranges", "bytes")]
        wanted = self.headers.get("Range")
        if wanted and how != "norange":
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if how == "shifted" and earlier < 1:
                start += 1
            if start >= len(data):
                return self.answer(416, headers=[("Content-Range", f"bytes */{len(data)}")])
            status, headers = 206, [("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")]
        body = data[start:]
        if how in ("short", "norange") and earlier < 2 or how == "dead":
            # half of it, then nothing
            self.answer(status, body[: len(body) // 2 if how != "dead" else 0], headers=headers, length=len(body))
            self.close_connection = True
            return
        if how == "slow":
            self.answer(status, body[: len(body) // 2], headers=headers, length=len(body))
            self.wfile.flush()
            time.sleep(60)
            return
        self.answer(status, body, "application/octet-stream", headers)


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        """A client that hangs up, as it does on much of the above, is nothing to talk about."""


server = Server(("127.0.0.1", 0), Handler)
server.daemon_threads = True
if len(sys.argv) > 3:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[3], sys.argv[4])
    server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
# the test that started this ends it by closing its standard input, even if the test is killed
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
