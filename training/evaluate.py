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

from chat_format import render
from generate import generate, load
from passage_examples import LEAD, UNANSWERABLE, Passage, find_span, passage_prompt, some_sentences
from text_sources import clean, read_json_lines


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


def normalised(answer):
    """SQuAD's own normalisation: lower case, no punctuation, no articles."""
    answer = "".join(character for character in answer.lower() if character not in string.punctuation)
    return re.sub(r"\b(a|an|the)\b", " ", answer).split()


def overlap_f1(answer, gold):
    answer, gold = normalised(answer), normalised(gold)
    same = sum((Counter(answer) & Counter(gold)).values())
    return 2 * same / (len(answer) + len(gold)) if same else 0.0


def span_of(said):
    """What the model says -> (the span alone, the passage that it names or None)."""
    cited = re.search(r"\s*\[(\d)\]\.?$", said)
    return (said[:cited.start()] if cited else said).removeprefix(LEAD).strip(), int(cited.group(1)) if cited else None


def squad_case(model, tokenizer, questions, form, passages_of, seconds):
    """passages_of(generator, question) -> passages, the gold one among them or None. Stops when the time is over, and says how many it asked."""
    generator, started = random.Random(17), time.time()
    asked = exact = f1 = in_passage = refused = cited = 0
    gold = None
    for title, context, entry in questions:
        if asked >= 10 and time.time() - started > seconds:
            break
        passages, gold = passages_of(generator, (title, context, entry))
        text, _, _ = passage_prompt(passages, clean(entry["question"]), form)
        said = generate(model, tokenizer, render([("system", "Answer the question from the passages."), ("user", text)], add_generation_prompt=True), max_tokens=40)
        answer, number = span_of(said)
        asked, refused = asked + 1, refused + (said == UNANSWERABLE)
        in_passage += any(find_span(" " + passage.text, answer) is not None for passage in passages)
        if gold is not None and said != UNANSWERABLE:
            exact += max(normalised(answer) == normalised(clean(one)) for one in entry["answers"])
            f1 += max(overlap_f1(answer, clean(one)) for one in entry["answers"])
            cited += number == passages.index(gold) + 1
    share = {name: round(100 * count / max(1, asked), 1) for name, count in {"exact_match": exact, "f1": f1, "names_the_right_passage": cited, "copied_from_a_passage": in_passage, "says_unknown": refused}.items()}
    return {"questions": asked, **(share if gold is not None else {"says_unknown": share["says_unknown"]})}


def squad_figures(model, tokenizer, data, most, seconds):
    records = [(clean(record["title"]), clean(record["context"]), record["qas"]) for record in read_json_lines(os.path.join(data, "qa/squad-dev-v1.1.jsonl.gz"))]
    questions = random.Random(17).sample([(title, context, entry) for title, context, qas in records for entry in qas], most)

    def others(generator, question, count, same_article):
        """Passages of about 70 words that do not hold the answer."""
        title, context, entry = question
        found, tries = [], 0
        while len(found) < count:
            # An answer like "a" stands in every passage of its article: then another article's has to do.
            tries += 1
            same_article = same_article and tries < 50
            if tries > 200:
                break
            other = generator.choice([record for record in records if record[0] == title] if same_article else records)
            if other[1] != context and (same_article or other[0] != title or tries >= 50) and not any(clean(one).lower() in other[1].lower() for one in entry["answers"]):
                found.append(some_sentences(generator, other[0], other[1], 70))
        return found

    def gold_alone(generator, question):
        gold = Passage(question[0], question[1], None)
        return [gold], gold

    def among_three(generator, question):
        gold = Passage(question[0], question[1], None)
        passages = [gold] + others(generator, question, 1, True) + others(generator, question, 1, False)
        generator.shuffle(passages)
        return passages, gold

    cases = {
        "whole paragraph": ("question-first", gold_alone, 0.3),
        "whole paragraph, question after it": ("question-last", gold_alone, 0.15),
        "whole paragraph among three passages": ("question-first", among_three, 0.3),
        "three passages without the answer, other articles": ("question-first", lambda generator, question: (others(generator, question, 3, False), None), 0.13),
        "three passages without the answer, same article": ("question-first", lambda generator, question: (others(generator, question, 3, True), None), 0.12),
    }
    return {name: squad_case(model, tokenizer, questions, form, passages_of, seconds * share) for name, (form, passages_of, share) in cases.items()}


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
    parser.add_argument("--checkpoint", default="passages")
    parser.add_argument("--held-out-tokens", type=int, default=20_000, help="of each source")
    parser.add_argument("--questions", type=int, default=500, help="at most, of each case")
    parser.add_argument("--minutes", type=float, default=15, help="about how long; a machine that is too slow asks fewer questions")
    parser.add_argument("--prompts", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "eval", "chat-prompts.jsonl"))
    parser.add_argument("--samples", default="", help="Markdown file for the chat prompts' answers")
    parser.add_argument("--figures", default="", help="file for the figures; WORK/figures-CHECKPOINT.json if left out")
    options = parser.parse_args()
    torch.set_num_threads(1)  # threads only wait for each other over one token's products
    model, tokenizer, saved = load(options.work, options.checkpoint)
    started, path = time.time(), options.figures or os.path.join(options.work, f"figures-{options.checkpoint}.json")
    figures = {"parameters": model.number_of_parameters(), "checkpoint": options.checkpoint, "steps": saved["step"], "tokens_seen": saved["tokens_seen"],
               "training_minutes": round(saved["accumulated"] / 60, 1)}

    def write():
        figures["seconds"] = round(time.time() - started)
        with open(path, "w") as file:
            json.dump(figures, file, indent=1)

    if options.samples:
        with open(options.samples, "w", encoding="utf-8") as file:
            file.write(chat_page(model, tokenizer, options.prompts, "What Starter Chat answers"))
    write()
    if options.questions:
        left = options.minutes * 60 * (0.75 if options.held_out_tokens else 1.0) - (time.time() - started)
        figures["squad_dev"] = squad_figures(model, tokenizer, options.data, options.questions, left)
        write()
    if options.held_out_tokens:
        left = options.minutes * 60 - (time.time() - started)
        figures["held_out"] = bits_per_byte(model, tokenizer, options.work, options.held_out_tokens, seconds=left)
        write()
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
