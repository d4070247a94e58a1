"""Measures a checkpoint: bits per byte on held-out documents, answers on SQuAD's development part, and fixed chat prompts.

Writes WORK/figures-CHECKPOINT.json and, for the chat prompts, a Markdown page with the unedited greedy answers.
"""
import argparse
import json
import math
import os
import random
import re
import string
import time
from collections import Counter

import numpy
import torch

from chat_examples import UNANSWERABLE, passage_prompt
from chat_format import render
from generate import generate, load
from text_sources import clean, read_json_lines


@torch.no_grad()
def bits_per_byte(model, tokenizer, work, tokens_per_source, window=512):
    """Windows of one source do not overlap; the first token of a window is given, not predicted."""
    ids = numpy.fromfile(os.path.join(work, "tokens", "held-out.bin"), numpy.uint16).astype(numpy.int64)
    with open(os.path.join(work, "tokens", "held-out.json")) as file:
        sources = json.load(file)
    window = min(window, model.config.context)
    sizes = numpy.array([0 if number >= tokenizer.first_special else len(token) for number, token in enumerate(tokenizer.tokens)])
    figures, at, all_nats, all_bytes, all_tokens = {}, 0, 0.0, 0, 0
    for name in sorted(sources):
        part, nats, size, count = ids[at:at + sources[name]["tokens"]], 0.0, 0, 0
        at += sources[name]["tokens"]
        for start in range(0, min(len(part) - window, tokens_per_source), window):
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


def normalised(answer):
    """SQuAD's own normalisation: lower case, no punctuation, no articles."""
    answer = "".join(character for character in answer.lower() if character not in string.punctuation)
    return re.sub(r"\b(a|an|the)\b", " ", answer).split()


def overlap_f1(answer, gold):
    answer, gold = normalised(answer), normalised(gold)
    same = sum((Counter(answer) & Counter(gold)).values())
    return 2 * same / (len(answer) + len(gold)) if same else 0.0


def squad_figures(model, tokenizer, data, questions):
    """Gold passage given: exact match and F1. Another article's passage given: how often the model says that it does not know."""
    generator = random.Random(17)
    records = list(read_json_lines(os.path.join(data, "qa/squad-dev-v1.1.jsonl.gz")))
    pool = [(clean(record["title"]), clean(record["context"]), entry) for record in records for entry in record["qas"]]
    exact = f1 = in_passage = refused = refused_rightly = wrong_asked = 0
    for number, (title, context, entry) in enumerate(generator.sample(pool, questions)):
        def ask(passage):
            turns = [("system", "Answer the question from the passages."), ("user", passage_prompt(generator, [passage], clean(entry["question"]), plain=False))]
            return generate(model, tokenizer, render(turns, add_generation_prompt=True), max_tokens=40)
        answer = ask((title, context))
        said_unknown = answer == UNANSWERABLE
        answer = re.sub(r"\s*\[\d\]$", "", answer)
        exact += max(normalised(answer) == normalised(clean(gold)) for gold in entry["answers"])
        f1 += max(overlap_f1(answer, clean(gold)) for gold in entry["answers"])
        in_passage += answer.lower() in context.lower()
        refused += said_unknown
        if number % 4 == 0:
            other = next(row for row in generator.sample(pool, 50) if row[0] != title)
            refused_rightly += ask(other[:2]) == UNANSWERABLE
            wrong_asked += 1
    return {"questions": questions, "exact_match": 100 * exact / questions, "f1": 100 * f1 / questions, "answer_copied_from_passage": 100 * in_passage / questions,
            "says_unknown_with_gold_passage": 100 * refused / questions, "says_unknown_with_other_passage": 100 * refused_rightly / wrong_asked}


def chat_page(model, tokenizer, prompts, title):
    lines = [f"# {title}", "", "Greedy decoding, unedited, in the order of `training/eval/chat-prompts.jsonl`. Made by `training/evaluate.py`.", ""]
    for number, record in enumerate(read_json_lines(prompts), 1):
        messages = [(message["role"], message["content"]) for message in record["messages"]]
        answer = generate(model, tokenizer, render(messages, add_generation_prompt=True), max_tokens=120)
        lines += [f"## {number}", ""] + [f"**{role}:** {text}".replace("\n", "  \n") + "\n" for role, text in messages]
        lines += ["**Starter Chat:** " + answer.replace("\n", "  \n"), ""]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="training/data")
    parser.add_argument("--work", default="training/work")
    parser.add_argument("--checkpoint", default="tuned")
    parser.add_argument("--held-out-tokens", type=int, default=30_000, help="of each source")
    parser.add_argument("--questions", type=int, default=500)
    parser.add_argument("--prompts", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "eval", "chat-prompts.jsonl"))
    parser.add_argument("--samples", default="", help="Markdown file for the chat prompts' answers")
    options = parser.parse_args()
    model, tokenizer, saved = load(options.work, options.checkpoint)
    started = time.time()
    figures = {"parameters": model.number_of_parameters(), "checkpoint": options.checkpoint, "steps": saved["step"], "tokens_seen": saved["tokens_seen"],
               "training_minutes": saved["accumulated"] / 60}
    if options.samples:
        with open(options.samples, "w", encoding="utf-8") as file:
            file.write(chat_page(model, tokenizer, options.prompts, "What Starter Chat answers"))
    if options.held_out_tokens:
        figures["held_out"] = bits_per_byte(model, tokenizer, options.work, options.held_out_tokens)
    if options.questions:
        figures["squad_dev"] = squad_figures(model, tokenizer, options.data, options.questions)
    figures["seconds"] = time.time() - started
    with open(os.path.join(options.work, f"figures-{options.checkpoint}.json"), "w") as file:
        json.dump(figures, file, indent=1)
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
