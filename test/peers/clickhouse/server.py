"""ClickHouse's engine (chDB) behind the little of ClickHouse's HTTP interface that a sink needs.

server.py PORT DIRECTORY: user `store`, password `store`. A statement and its data are the body of a POST; the database is
the parameter `database`. An exception is answered as ClickHouse does, with its code in `X-ClickHouse-Exception-Code`.
"""

import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

from chdb import session

port, directory = int(sys.argv[1]), sys.argv[2]
engine = session.Session(directory)
# chDB runs one statement at a time.
lock = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if (self.headers.get("X-ClickHouse-User"), self.headers.get("X-ClickHouse-Key")) != ("store", "store"):
            self.answer(403, b"Code: 516. DB::Exception: Authentication failed. (AUTHENTICATION_FAILED)", "516")
            return
        database = parse_qs(urlparse(self.path).query).get("database", ["default"])[0]
        try:
            with lock:
                engine.query("USE `%s`" % database)
                result = engine.query(body.decode("utf-8"), "TabSeparated")
            self.answer(200, result.bytes() or b"", None)
        except Exception as error:  # whatever the engine says
            text = str(error)
            code = re.search(r"Code: (\d+)", text)
            self.answer(500, text.encode("utf-8"), code.group(1) if code else "1002")

    def answer(self, status, body, code):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if code is not None:
            self.send_header("X-ClickHouse-Exception-Code", code)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


ThreadingHTTPServer.allow_reuse_address = True
print("ready", flush=True)
ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
