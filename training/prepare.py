"""Trains the tokenizer and writes every source as token ids (uint16, documents separated by <|endoftext|>) under WORK/tokens.

Held-out documents go to WORK/tokens/held-out.bin; their byte count goes to held-out.json for bits per byte.
"""
import argparse
import json
import multiprocessing
import os
import random
import time

import numpy

from text_sources import SOURCES, documents, is_held_out
from tokenizer import SPECIAL_TOKENS, NUMBER_OF_RESERVED_TOKENS, Tokenizer, count_pre_tokens, train_merges


def say(message, started=time.time()):
    print(f"[{time.time() - started:6.1f} s] {message}", flush=True)


def count_source(job):
    data, name, max_characters = job
    generator, sample, size = random.Random(1), [], 0
    # A stride instead of the first N documents, so that the sample covers the alphabet of titles.
    for text in documents(data, name):
        if generator.random() < 0.25 and not is_held_out(text):
            sample.append(text[:20_000])
            size += len(sample[-1])
        if size >= max_characters:
            break
    return name, size, count_pre_tokens(sample)


def train_tokenizer(data, path, vocabulary, sample_megabytes, processes):
    jobs = [(data, name, max(300_000, int(sample_megabytes * 1e6 * share))) for name, (_, share) in SOURCES.items()]
    counts = None
    with multiprocessing.Pool(processes) as pool:
        for name, size, part in pool.imap_unordered(count_source, jobs):
            say(f"counted {name}: {size / 1e6:.1f} M characters, {len(part)} different words")
            counts = part if counts is None else counts + part
    merges = train_merges(counts, vocabulary - 256 - len(SPECIAL_TOKENS) - NUMBER_OF_RESERVED_TOKENS, min_count=3, log=say)
    Tokenizer(merges).save(path)
    say(f"tokenizer with {vocabulary} tokens written")


def tokenize_source(job):
    data, name, folder = job
    tokenizer = Tokenizer.load(os.path.join(folder, "..", "tokenizer.json"))
    end_of_text = tokenizer.ids["<|endoftext|>"]
    training, held_out, held_out_bytes = [], [], 0
    for text in documents(data, name):
        ids = numpy.array(tokenizer.encode_ordinary(text) + [end_of_text], dtype=numpy.uint16)
        if is_held_out(text):
            held_out.append(ids)
            held_out_bytes += len(text.encode("utf-8"))
        else:
            training.append(ids)
    # Shuffled once, so that a short run sees a fair sample of a source.
    random.Random(7).shuffle(training)
    numpy.concatenate(training).tofile(os.path.join(folder, f"{name}.bin"))
    held_out = numpy.concatenate(held_out) if held_out else numpy.zeros(0, numpy.uint16)
    return name, sum(map(len, training)), held_out, held_out_bytes


def tokenize_all(data, work, processes):
    folder = os.path.join(work, "tokens")
    os.makedirs(folder, exist_ok=True)
    biggest_first = sorted(SOURCES, key=lambda name: -os.path.getsize(os.path.join(data, SOURCES[name][0])))
    held_out = {}
    with multiprocessing.Pool(processes, maxtasksperchild=1) as pool:
        for name, tokens, ids, size in pool.imap_unordered(tokenize_source, [(data, name, folder) for name in biggest_first]):
            say(f"tokenised {name}: {tokens / 1e6:.2f} M tokens, {len(ids)} held out")
            held_out[name] = (ids, size)
    numpy.concatenate([held_out[name][0] for name in sorted(held_out)]).tofile(os.path.join(folder, "held-out.bin"))
    with open(os.path.join(folder, "held-out.json"), "w") as file:
        json.dump({name: {"tokens": len(ids), "bytes": size} for name, (ids, size) in sorted(held_out.items())}, file, indent=1)


def prepare(data, work, vocabulary, sample_megabytes, processes):
    os.makedirs(work, exist_ok=True)
    path = os.path.join(work, "tokenizer.json")
    if not os.path.exists(path):
        train_tokenizer(data, path, vocabulary, sample_megabytes, processes)
    tokenize_all(data, work, processes)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="training/data")
    parser.add_argument("--work", default="training/work")
    parser.add_argument("--vocabulary", type=int, default=8192)
    parser.add_argument("--sample-megabytes", type=float, default=24)
    parser.add_argument("--processes", type=int, default=min(4, os.cpu_count() or 1))
    options = parser.parse_args()
    prepare(options.data, options.work, options.vocabulary, options.sample_megabytes, options.processes)


if __name__ == "__main__":
    main()
