"""Measures the shipped weights through Galley, as a user meets them: every figure of the chat model's card with one command.

    npm ci && npm run build
    python3 training/evaluate_served.py --data DATA

Starts `galley run starter-chat` with its adapters, or asks the service at --url. Needs only Python's standard library.
"""
import argparse
import contextlib
import json
import math
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from evaluation_cases import CHAT_PROMPTS, chat_page, squad_figures
from lora_dialogues import DIALOGUES
from text_sources import SOURCES, documents, is_held_out

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MODEL = "starter-chat"


class Service:
    def __init__(self, url):
        self.url = url.rstrip("/").removesuffix("/v1")

    def post(self, path, body):
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=300) as answer:
            return json.load(answer)

    def say(self, messages, max_tokens, model=MODEL):
        body = {"model": model, "messages": [{"role": role, "content": text} for role, text in messages], "max_tokens": max_tokens, "temperature": 0}
        try:
            return (self.post("/v1/chat/completions", body)["choices"][0]["message"]["content"] or "").strip()
        except urllib.error.HTTPError as error:
            if error.code == 400:  # longer than the context: no answer, which counts as a wrong one
                return ""
            raise

    def token_ids(self, text):
        return self.post("/tokenize", {"model": MODEL, "prompt": text, "add_special_tokens": False})["tokens"]


@contextlib.contextmanager
def started_service(model=MODEL, flags=("--lora-dir", os.path.join(ROOT, "models/starter-chat/adapters"))):
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    command = ["node", os.path.join(ROOT, "dist/cli/main.js"), "run", model, "--port", str(port), *flags, "--log-level", "error"]
    child = subprocess.Popen(command)
    try:
        for _ in range(600):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/health/ready", timeout=5).close()
                break
            if child.poll() is not None:
                sys.exit(f"galley run ended with {child.returncode}.")
            time.sleep(0.1)
        yield Service(f"http://127.0.0.1:{port}")
    finally:
        child.terminate()
        child.wait()


def held_out_ids(service, data, name, count, end_of_text):
    ids = []
    for text in documents(data, name):
        if is_held_out(text):
            ids += service.token_ids(text) + [end_of_text]
        if len(ids) > count:
            break
    return ids


def window_loss(service, ids):
    """-> nats and bytes of all tokens but the first, which is given."""
    answer = service.post("/v1/completions", {"model": MODEL, "prompt": ids, "max_tokens": 1, "echo": True, "logprobs": 1, "temperature": 0})
    nats = -sum(answer["choices"][0]["logprobs"]["token_logprobs"][1:len(ids)])
    text = service.post("/detokenize", {"model": MODEL, "tokens": ids[1:]})["prompt"]
    return nats, len(text.replace("<|endoftext|>", "").encode())


def bits_per_byte(service, data, tokens_per_source, window=512):
    end_of_text = service.token_ids("<|endoftext|>")
    assert len(end_of_text) == 1, end_of_text
    figures, total = {}, [0.0, 0, 0]
    for name in sorted(SOURCES):
        ids = held_out_ids(service, data, name, tokens_per_source + window, end_of_text[0])
        windows = [ids[start:start + window + 1] for start in range(0, min(len(ids) - window, tokens_per_source), window)]
        with ThreadPoolExecutor(4) as pool:
            parts = list(pool.map(lambda part: window_loss(service, part), windows))
        if not parts:
            continue
        sums = [sum(nats for nats, _ in parts), sum(size for _, size in parts), window * len(parts)]
        figures[name] = loss_figures(*sums)
        total = [before + more for before, more in zip(total, sums)]
        print(f"{name}: {figures[name]}", file=sys.stderr, flush=True)
    return {**figures, "all": loss_figures(*total)}


def loss_figures(nats, size, tokens):
    return {"bits_per_byte": round(nats / math.log(2) / size, 3), "perplexity": round(math.exp(nats / tokens), 1), "tokens": tokens}


def adapter_figures(service, data, most):
    figures = {}
    for task, make in DIALOGUES.items():
        # What was drawn for training is not asked; the order is that of training/lora.py.
        held_out = make(data)[1][:most]

        def is_right(model, dialogue):
            return service.say(dialogue[:-1], 120, model) == dialogue[-1][1].strip()

        with ThreadPoolExecutor(4) as pool:
            right = {model: sum(pool.map(lambda dialogue: is_right(model, dialogue), held_out)) for model in (MODEL, task)}
        figures[task] = {"questions": len(held_out), "base": round(100 * right[MODEL] / len(held_out), 1), "with_adapter": round(100 * right[task] / len(held_out), 1)}
        print(f"{task}: {figures[task]}", file=sys.stderr, flush=True)
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="training/data")
    parser.add_argument("--url", default="", help="of a running service that serves starter-chat and its adapters")
    parser.add_argument("--questions", type=int, default=500, help="of each SQuAD case")
    parser.add_argument("--adapter-questions", type=int, default=400)
    parser.add_argument("--held-out-tokens", type=int, default=10_000, help="of each source")
    parser.add_argument("--samples", default="", help="Markdown file for the chat prompts' answers")
    parser.add_argument("--figures", default="", help="file for the figures, which are printed too")
    options = parser.parse_args()
    started = time.time()
    with contextlib.ExitStack() as stack:
        service = Service(options.url) if options.url else stack.enter_context(started_service())
        if options.samples:
            with open(options.samples, "w", encoding="utf-8") as file:
                file.write(chat_page(service.say, CHAT_PROMPTS, "What Starter Chat answers", "training/evaluate_served.py"))
        figures = {}
        for name, measure in {
            "squad_dev": lambda: squad_figures(service.say, options.data, options.questions, math.inf),
            "adapters": lambda: adapter_figures(service, options.data, options.adapter_questions),
            "held_out": lambda: bits_per_byte(service, options.data, options.held_out_tokens),
        }.items():
            figures[name] = measure()
            figures["seconds"] = round(time.time() - started)
            if options.figures:
                with open(options.figures, "w") as file:
                    file.write(json.dumps(figures, indent=1) + "\n")
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
