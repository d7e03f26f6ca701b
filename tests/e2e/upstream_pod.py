"""A provider that runs in a pod: OpenAI's chat completions with latency, and an account of who asked. Run by the service image."""

import json
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LATENCY_S = float(os.environ.get("LATENCY_S", "0.2"))
seen: dict[str, list[str]] = {"prompts": [], "keys": []}
lock = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        with lock:
            self._answer(json.dumps(seen).encode())

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("content-length", "0"))))
        time.sleep(LATENCY_S)  # on purpose: its latency
        with lock:
            seen["prompts"].append(body["messages"][-1]["content"])
            seen["keys"].append(self.headers.get("authorization", ""))
        message = {"role": "assistant", "content": "An answer."}
        choices = [{"index": 0, "finish_reason": "stop", "message": message}]
        self._answer(json.dumps({"id": "x", "object": "chat.completion", "model": body["model"], "choices": choices}).encode())

    def _answer(self, data: bytes) -> None:
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_arguments: object) -> None:
        """Silent."""


ThreadingHTTPServer(("", 8000), Handler).serve_forever()
