"""Writes the chat part of the training data: ids, loss mask and dialogue starts under WORK/tokens, in one shuffled order."""
import argparse
import os
import random

import numpy

from chat_examples import DATA_SETS
from chat_format import pieces
from own_dialogues import dialogue
from tokenizer import Tokenizer


def encode_dialogue(tokenizer, messages):
    """-> ids, mask (1 where the assistant speaks). Ends with <|endoftext|>, as documents do."""
    ids, mask = [], []
    for text, is_spoken in pieces(messages):
        part = tokenizer.encode(text)
        ids += part
        mask += [int(is_spoken)] * len(part)
    return ids + [tokenizer.ids["<|endoftext|>"]], mask + [0]


def prepare_chat(data, work, own, share, size, longest, log=lambda line: print(line, flush=True)):
    generator, tokenizer = random.Random(11), Tokenizer.load(os.path.join(work, "tokenizer.json"))
    # Chat marks written in a data set's own text must not become control tokens.
    dialogues = []
    for maker, most in ((maker, int(most * share)) for maker, most in DATA_SETS.items()):
        found = [messages for messages in maker(data, generator) if not any("<|" in text for _, text in messages)]
        generator.shuffle(found)
        dialogues += found[:most]
        log(f"{maker.__name__}: {len(found)} dialogues, {min(most, len(found))} taken")
    dialogues += [dialogue(generator, size) for _ in range(own)]
    generator.shuffle(dialogues)
    ids, masks, starts = [], [], [0]
    for messages in dialogues:
        one_ids, one_mask = encode_dialogue(tokenizer, messages)
        if len(one_ids) <= longest:
            ids += one_ids
            masks += one_mask
            starts.append(len(ids))
    folder = os.path.join(work, "tokens")
    numpy.array(ids, numpy.uint16).tofile(os.path.join(folder, "chat.bin"))
    numpy.array(masks, numpy.uint8).tofile(os.path.join(folder, "chat-mask.bin"))
    numpy.array(starts, numpy.int64).tofile(os.path.join(folder, "chat-starts.bin"))
    log(f"{len(starts) - 1} dialogues, {len(ids) / 1e6:.2f} M tokens, {sum(masks) / 1e6:.2f} M of them spoken by the assistant")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="training/data")
    parser.add_argument("--work", default="training/work")
    parser.add_argument("--own", type=int, default=55_000, help="number of generated dialogues")
    parser.add_argument("--share", type=float, default=0.3, help="of the other data sets' dialogues: a short tuning should spend itself on the own ones")
    parser.add_argument("--size", default="about 7 million", help="how many parameters the model says it has")
    parser.add_argument("--longest", type=int, default=480, help="tokens; longer dialogues are left out")
    options = parser.parse_args()
    prepare_chat(options.data, options.work, options.own, options.share, options.size, options.longest)


if __name__ == "__main__":
    main()
