"""Measures a checkpoint: bits per byte on held-out documents, answers on SQuAD's development part, and fixed chat prompts.

Writes WORK/figures-CHECKPOINT.json and, for the chat prompts, a Markdown page with the unedited greedy answers.
"""
import argparse
import json
import math
import os
import time

import numpy
import torch

from chat_format import render
from evaluation_cases import CHAT_PROMPTS, chat_page, squad_figures
from generate import generate, load


@torch.no_grad()
def bits_per_byte(model, tokenizer, work, tokens_per_source, window=512, seconds=600.0):
    """Windows of one source do not overlap; the first token of a window is given, not predicted."""
    ids = numpy.fromfile(os.path.join(work, "tokens", "held-out.bin"), numpy.uint16).astype(numpy.int64)
    with open(os.path.join(work, "tokens", "held-out.json")) as file:
        sources = json.load(file)
    window = min(window, model.config.context)
    sizes = numpy.array([0 if number >= tokenizer.first_special else len(token) for number, token in enumerate(tokenizer.tokens)])
    figures, at, all_nats, all_bytes, all_tokens = {}, 0, 0.0, 0, 0
    for name in sorted(sources):
        until = time.time() + seconds / len(sources)
        part, nats, size, count = ids[at:at + sources[name]["tokens"]], 0.0, 0, 0
        at += sources[name]["tokens"]
        for start in range(0, min(len(part) - window, tokens_per_source), window):
            if time.time() > until:
                break
            row = torch.from_numpy(part[start:start + window + 1])
            logits = model.logits(model(row[None, :-1]))[0]
            nats += float(torch.nn.functional.cross_entropy(logits, row[1:], reduction="sum"))
            size += int(sizes[row[1:].numpy()].sum())
            count += window
        if count:
            figures[name] = {"bits_per_byte": nats / math.log(2) / size, "perplexity": math.exp(nats / count), "tokens": count}
            all_nats, all_bytes, all_tokens = all_nats + nats, all_bytes + size, all_tokens + count
    figures["all"] = {"bits_per_byte": all_nats / math.log(2) / all_bytes, "perplexity": math.exp(all_nats / all_tokens), "tokens": all_tokens}
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="training/data")
    parser.add_argument("--work", default="training/work")
    parser.add_argument("--checkpoint", default="passages")
    parser.add_argument("--held-out-tokens", type=int, default=20_000, help="of each source")
    parser.add_argument("--questions", type=int, default=500, help="at most, of each case")
    parser.add_argument("--minutes", type=float, default=15, help="about how long; a machine that is too slow asks fewer questions")
    parser.add_argument("--prompts", default=CHAT_PROMPTS)
    parser.add_argument("--samples", default="", help="Markdown file for the chat prompts' answers")
    parser.add_argument("--figures", default="", help="file for the figures; WORK/figures-CHECKPOINT.json if left out")
    options = parser.parse_args()
    torch.set_num_threads(1)  # threads only wait for each other over one token's products
    model, tokenizer, saved = load(options.work, options.checkpoint)
    started, path = time.time(), options.figures or os.path.join(options.work, f"figures-{options.checkpoint}.json")
    figures = {"parameters": model.number_of_parameters(), "checkpoint": options.checkpoint, "steps": saved["step"], "tokens_seen": saved["tokens_seen"],
               "training_minutes": round(saved["accumulated"] / 60, 1)}

    def answer_to(messages, max_tokens):
        return generate(model, tokenizer, render(messages, add_generation_prompt=True), max_tokens=max_tokens)

    def write():
        figures["seconds"] = round(time.time() - started)
        with open(path, "w") as file:
            json.dump(figures, file, indent=1)

    if options.samples:
        with open(options.samples, "w", encoding="utf-8") as file:
            file.write(chat_page(answer_to, options.prompts, "What Starter Chat answers", "training/evaluate.py"))
    write()
    if options.questions:
        left = options.minutes * 60 * (0.75 if options.held_out_tokens else 1.0) - (time.time() - started)
        figures["squad_dev"] = squad_figures(answer_to, options.data, options.questions, left)
        write()
    if options.held_out_tokens:
        left = options.minutes * 60 - (time.time() - started)
        figures["held_out"] = bits_per_byte(model, tokenizer, options.work, options.held_out_tokens, seconds=left)
        write()
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
