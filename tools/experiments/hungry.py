#!/usr/bin/env python3
"""A web application behind nginx with two kinds of request: /app/small takes a little time, and
/app/big/MEGABYTES/SECONDS holds so much memory for so long."""
import http.server
import threading
import time

PAGE = 4096


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"

    def do_GET(self):
        parts = self.path.strip("/").split("/")
        if parts[1] == "big":
            memory = bytearray(int(parts[2]) << 20)
            for at in range(0, len(memory), PAGE):
                memory[at] = 1  # the kernel gives a page when it is written
            time.sleep(float(parts[3]))
            del memory
        else:
            time.sleep(0.02)
        self.send_response(200)
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"ok\n")

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads, request_queue_size = True, 512


if __name__ == "__main__":
    threading.stack_size(256 * 1024)
    Server(("127.0.0.1", 8081), Handler).serve_forever()
