"""A model server that only plays a script: OpenAI's chat completions over real HTTP, on loopback.

    python examples/scripted_model/server.py examples/scripted_model/fix_failing_test.json

It prints the base URL to use. The script is a list of answers, each with `text`, `calls` or both; the nth
request of a conversation gets the nth answer, so a retried request gets the same one. `{project}` in a text
or argument stands for the directory that the conversation names in its first message.
"""

import argparse
import contextlib
import json
import re
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

DIRECTORY = re.compile(r"^Directory: (.*)$", re.MULTILINE)


def answer_to(request, script):
    """The answer that the script has for this point of the conversation."""
    messages = request["messages"]
    step = sum(message["role"] == "assistant" for message in messages)
    answer = script[min(step, len(script) - 1)]
    first = next((m["content"] for m in messages if m["role"] == "user"), "")
    found = DIRECTORY.search(first if isinstance(first, str) else "")
    project = found[1] if found else "."
    return step, json.loads(json.dumps(answer).replace("{project}", json.dumps(project)[1:-1]))


def chunks_of(step, answer, model):
    """The answer as the data of server-sent events, a few characters at a time."""

    def chunk(delta, finish=None):
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return {"object": "chat.completion.chunk", "model": model, "choices": [choice]}

    yield chunk({"role": "assistant", "content": ""})
    for piece in re.findall(r"\S+\s*", answer.get("text", "")):
        yield chunk({"content": piece})
    calls = answer.get("calls", [])
    for index, call in enumerate(calls):
        function = {"name": call["name"], "arguments": json.dumps(call["arguments"])}
        made = {"index": index, "id": f"call_{step}_{index}", "type": "function", "function": function}
        yield chunk({"tool_calls": [made]})
    yield chunk({}, "tool_calls" if calls else "stop")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    script = ()
    delay = 0.0

    def do_GET(self):
        data = json.dumps({"object": "list", "data": [{"id": "scripted", "object": "model"}]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        step, answer = answer_to(request, self.script)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for data in chunks_of(step, answer, request.get("model", "scripted")):
            self.send(f"data: {json.dumps(data)}\n\n")
            time.sleep(self.delay)
        self.send("data: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def send(self, text):
        data = text.encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def log_message(self, *args):
        pass


def serve(script, port=0, delay=0.0):
    """A server for `script`, ready to `serve_forever`; its URL is `base_url(server)`."""
    handler = type("ScriptedHandler", (Handler,), {"script": script, "delay": delay})
    return ThreadingHTTPServer(("127.0.0.1", port), handler)


def base_url(server):
    return f"http://127.0.0.1:{server.server_address[1]}/v1"


def main():
    parser = argparse.ArgumentParser(description="Play a scripted model on loopback.")
    parser.add_argument("script", type=Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds between two pieces of an answer")
    options = parser.parse_args()
    server = serve(json.loads(options.script.read_text()), options.port, options.delay)
    print(base_url(server), flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        server.serve_forever()


if __name__ == "__main__":
    main()
