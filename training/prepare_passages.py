"""Writes the examples of answering from passages, and the dialogues, as token files that `train_passages.py` reads.

WORK/tokens/KIND.npz holds: ids, spoken (1 where the assistant says the token), source (where in its example the token is copied from, -1 = nowhere),
starts (first token of each example; one more than there are examples).
"""
import argparse
import itertools
import multiprocessing
import os
import random
import time

import numpy

import passage_examples
from chat_format import pieces
from tokenizer import Tokenizer

SEED = 5
# kind -> most examples, most tokens an example
KINDS = {"lookup": (40_000, 200), "cloze": (60_000, 200), "squad-short": (80_000, 170), "squad-long": (24_000, 900), "qamr": (12_000, 120), "sentence": (12_000, 250),
         "check-short": (400, 400), "check-long": (200, 900)}


def encode_example(tokenizer, example):
    """-> ids, spoken, source; None when the span's tokens in the passage are not those in the answer."""
    ids, spoken, message_start = [], [], 0
    for text, is_spoken in pieces(example.messages):
        if text.startswith("<|im_start|>user"):
            message_start = len(ids) + len(tokenizer.encode("<|im_start|>user\n"))
        part = tokenizer.encode(text)
        ids += part
        spoken += [int(is_spoken)] * len(part)
    source = [-1] * len(ids)
    if example.answer is not None:
        if example.source == 0:
            return None  # no space before it
        message, span = example.messages[-2][1], tokenizer.encode_ordinary(" " + example.answer)
        at = message_start + len(tokenizer.encode_ordinary(message[:example.source - 1]))
        said = spoken.index(1) + len(tokenizer.encode_ordinary(passage_examples.LEAD))
        if ids[at:at + len(span)] != span or ids[said:said + len(span)] != span:
            return None
        source[said:said + len(span)] = range(at, at + len(span))
        if example.marker is not None:
            # "[2]": the digit follows the bracket, in the prompt and after the span.
            digit = message_start + len(tokenizer.encode_ordinary(message[:example.marker + 1]))
            said += len(span) + len(tokenizer.encode_ordinary(" ["))
            if ids[digit] != ids[said]:
                return None
            source[said] = digit
    return ids, spoken, source


def examples_of(kind, data, tokenizer, most):
    generator = random.Random(f"{SEED} {kind}")
    if kind == "lookup":
        words = [token[1:] for token in tokenizer.tokens[:tokenizer.first_special] if token.startswith("Ġ") and token[1:].isascii() and token[1:].isalpha() and token[1:].islower() and len(token) > 3]
        return (passage_examples.lookup_example(generator, words) for _ in itertools.count())
    if kind == "cloze":
        return passage_examples.cloze_examples(data, generator, most, passage_examples.development_titles(data))
    if kind == "qamr":
        return passage_examples.qamr_examples(data, generator)
    if kind == "sentence":
        return passage_examples.sentence_examples(data, generator, most)
    is_short, held_out = kind.endswith("short"), kind.startswith("check")
    limits, counts = ([12, 20, 35, 50], [1, 1, 1, 2]) if is_short else ([40, 60, 90, 130], [1, 2, 3, 3, 4])
    return passage_examples.squad_examples(data, generator, limits, counts, 0.22 if is_short else 0.27, held_out)


def save(path, encoded):
    columns = [numpy.fromiter(itertools.chain.from_iterable(one[column] for one in encoded), kind) for column, kind in enumerate((numpy.uint16, numpy.uint8, numpy.int16))]
    starts = numpy.cumsum([0] + [len(one[0]) for one in encoded], dtype=numpy.int64)
    numpy.savez(path, ids=columns[0], spoken=columns[1], source=columns[2], starts=starts)


def prepare_kind(job):
    data, work, kind = job
    tokenizer, encoded, refused = Tokenizer.load(os.path.join(work, "tokenizer.json")), [], 0
    most, longest = KINDS[kind]
    for example in examples_of(kind, data, tokenizer, most):
        if any("<|" in text for _, text in example.messages):
            continue
        one = encode_example(tokenizer, example)
        if one is None or len(one[0]) > longest:
            refused += 1
            continue
        encoded.append(one)
        if len(encoded) == most:
            break
    random.Random(SEED).shuffle(encoded)
    save(os.path.join(work, "tokens", f"{kind}.npz"), encoded)
    tokens = sum(len(one[0]) for one in encoded)
    unknown = sum(1 for one in encoded if max(one[2]) < 0) / len(encoded)
    return f"{kind}: {len(encoded)} examples, {tokens / 1e6:.2f} M tokens, {tokens // len(encoded)} an example, {100 * unknown:.0f} % without an answer, {refused} left out"


def prepare_dialogues(work):
    """The chat tokens of prepare_chat.py in the same form."""
    folder = os.path.join(work, "tokens")
    ids = numpy.fromfile(os.path.join(folder, "chat.bin"), numpy.uint16)
    numpy.savez(os.path.join(folder, "chat.npz"), ids=ids, spoken=numpy.fromfile(os.path.join(folder, "chat-mask.bin"), numpy.uint8),
                source=numpy.full(len(ids), -1, numpy.int16), starts=numpy.fromfile(os.path.join(folder, "chat-starts.bin"), numpy.int64))


def prepare_passages(data, work, processes):
    started = time.time()
    missing = [kind for kind in KINDS if not os.path.exists(os.path.join(work, "tokens", f"{kind}.npz"))]
    with multiprocessing.Pool(processes, maxtasksperchild=1) as pool:
        for line in pool.imap_unordered(prepare_kind, [(data, work, kind) for kind in missing]):
            print(f"[{time.time() - started:5.0f} s] {line}", flush=True)
    if not os.path.exists(os.path.join(work, "tokens", "chat.npz")):
        prepare_dialogues(work)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="training/data")
    parser.add_argument("--work", default="training/work")
    parser.add_argument("--processes", type=int, default=min(4, os.cpu_count() or 1))
    options = parser.parse_args()
    prepare_passages(options.data, options.work, options.processes)


if __name__ == "__main__":
    main()
