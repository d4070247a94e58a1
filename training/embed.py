"""Second stage of starter-embed: the static table goes on as a BERT encoder, whose layers learn what the words around a word change.

A batch: passages that are hard to tell apart, because they come from one document or because the static vectors find them close (mined once, at the start),
each with up to three of its questions. Every question must find its passage among all of the batch. Resumes from WORK/encoder.pt.
"""
import argparse
import os
import time

import numpy
import torch
import torch.nn.functional as functional
from tokenizers import Tokenizer

from embed_model import Encoder, EncoderConfig, encode_rows, mean_pool, start_from_static
from embed_static import SCALE, WIDTHS, measure, say, short
from retrieval_data import Pairs
from schedule import rate_factor

MIX = {"squad": 0.58, "medquad": 0.06, "qamr": 0.03, "definitions": 0.04, "paraphrases": 0.05, "instructions": 0.02,
       "wikipedia-schools": 0.06, "enwiki-leads": 0.06, "openstax": 0.05, "docs-and-gov": 0.03, "wikinews": 0.02}
QUESTIONS_PER_PASSAGE = 3
NEIGHBOURS = 8
SEPARATOR = 3


def cut(ids, longest):
    return ids if len(ids) <= longest else numpy.append(ids[:longest - 1], numpy.uint16(SEPARATOR))


class HardBatches:
    """Draws passages of one source with their questions."""

    def __init__(self, pairs, table):
        self.pairs = pairs
        order = numpy.argsort(pairs.passages, kind="stable")
        self.questions = numpy.split(order, numpy.flatnonzero(numpy.diff(pairs.passages[order])) + 1)
        first = [numbers[0] for numbers in self.questions]
        self.groups = pairs.groups[first]
        by_group = numpy.argsort(self.groups, kind="stable")
        self.members = numpy.split(by_group, numpy.flatnonzero(numpy.diff(self.groups[by_group])) + 1)
        self.member_of = numpy.empty(len(first), numpy.int64)
        for number, members in enumerate(self.members):
            self.member_of[members] = number
        self.neighbours = None
        if table is not None:
            vectors = functional.normalize(torch.stack([table[pairs.passage(number).astype("int64")].mean(0) for number in first]), dim=1)
            self.neighbours = torch.cat([(part @ vectors.t()).topk(NEIGHBOURS + 1).indices[:, 1:] for part in vectors.split(512)]).numpy()

    def draw(self, generator, size):
        chosen, known = [], set()
        for _ in range(20 * size):
            passage = int(generator.integers(len(self.questions)))
            if self.neighbours is not None and generator.random() < 0.6:
                near = generator.choice(self.neighbours[passage], 3, replace=False)
            else:
                near = generator.permutation(self.members[self.member_of[passage]])[:7]
            for number in (passage, *near):
                if number not in known and len(chosen) < size:
                    known.add(int(number))
                    chosen.append(int(number))
            if len(chosen) == size:
                break
        questions, target = [], []
        for row, number in enumerate(chosen):
            for question in generator.permutation(self.questions[number])[:QUESTIONS_PER_PASSAGE]:
                questions.append(self.pairs.question(question))
                target.append(row)
        return questions, [self.pairs.passage(self.questions[number][0]) for number in chosen], torch.tensor(target)


def ranking_loss(questions, passages, target, widths=WIDTHS):
    """Each question among all passages; and each passage among the questions that aren't its own but for one."""
    total = 0.0
    first = torch.tensor([int((target == row).nonzero()[0]) for row in range(len(passages))])
    for width in widths:
        q, p = functional.normalize(questions[:, :width], dim=1), functional.normalize(passages[:, :width], dim=1)
        scores = SCALE * q @ p.t()
        total = total + functional.cross_entropy(scores, target) + 0.3 * functional.cross_entropy(scores[first].t(), torch.arange(len(passages)))
    return total / len(widths)


def texts_encoder(model, tokenizer, longest=512):
    """-> texts to unit vectors, as `measure` wants it."""
    @torch.no_grad()
    def encode(texts):
        tokenizer.enable_truncation(longest)
        rows = [numpy.array(one.ids) for one in tokenizer.encode_batch(texts)]
        return functional.normalize(encode_rows(rows, lambda ids, mask: mean_pool(model(ids, mask), mask)), dim=1).numpy()
    return encode


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="training/data")
    parser.add_argument("--work", default="training/work/embed")
    parser.add_argument("--minutes", type=float, default=8)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--feed-forward", type=int, default=512)
    parser.add_argument("--batch", type=int, default=48, help="passages")
    parser.add_argument("--longest", type=int, default=112, help="tokens of a passage while training")
    parser.add_argument("--rate", type=float, default=3e-4)
    parser.add_argument("--table-rate", type=float, default=3e-4)
    parser.add_argument("--static", default="static.pt")
    parser.add_argument("--name", default="encoder.pt")
    parser.add_argument("--measure-every", type=float, default=6, help="minutes")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=2)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    tokenizer = Tokenizer.from_file(os.path.join(options.work, "tokenizer.json"))
    state = torch.load(os.path.join(options.work, options.static))["model"]
    table = state["table"] * state["weight"].exp()[:, None]
    config = EncoderConfig(vocab_size=len(table), hidden_size=table.shape[1], num_hidden_layers=options.layers, num_attention_heads=options.heads, intermediate_size=options.feed_forward)
    model = Encoder(config)
    start_from_static(model, table)
    tables = [parameter for name, parameter in model.named_parameters() if "word_embeddings" in name]
    others = [parameter for name, parameter in model.named_parameters() if "word_embeddings" not in name]
    optimizer = torch.optim.AdamW([{"params": tables, "base": options.table_rate}, {"params": others, "base": options.rate}], betas=(0.9, 0.98), weight_decay=0.0, fused=True)
    path, step, used, mean = os.path.join(options.work, options.name), 0, 0.0, None
    if os.path.exists(path):
        saved = torch.load(path, weights_only=False)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        step, used = saved["step"], saved["used"]
        say(f"goes on from step {step}")
    batches = {name: HardBatches(Pairs(os.path.join(options.work, "pairs", f"{name}.npz")), table if name in ("squad", "medquad") else None) for name in MIX}
    say("hard neighbours mined")
    generator, names, shares = numpy.random.default_rng((options.seed, step)), list(MIX), numpy.array(list(MIX.values()))

    def save():
        torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step, "used": used, "config": config}, path + ".new")
        os.replace(path + ".new", path)

    measured = used
    while used < options.minutes * 60:
        began = time.time()
        for group in optimizer.param_groups:
            group["lr"] = group["base"] * rate_factor(used / options.minutes / 60, 0.04, 0.7)
        questions, passages, target = batches[names[generator.choice(len(names), p=shares / shares.sum())]].draw(generator, options.batch)
        rows = [cut(text, options.longest) for text in questions + passages]
        pooled = encode_rows(rows, lambda ids, mask: mean_pool(model(ids, mask), mask), 2048)
        loss = ranking_loss(pooled[:len(questions)], pooled[len(questions):], target)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(others, 1.0)
        optimizer.step()
        step, used = step + 1, used + time.time() - began
        mean = loss.item() if mean is None else 0.97 * mean + 0.03 * loss.item()
        if step % 25 == 0:
            say(f"step {step}  {100 * used / options.minutes / 60:.0f} %  loss {mean:.3f}  {step / used:.2f} steps/s")
        if step % 100 == 0:
            save()
        if used - measured > options.measure_every * 60:
            measured = used
            say(short(measure(texts_encoder(model, tokenizer), options.data)))
    save()
    say(short(measure(texts_encoder(model, tokenizer), options.data, WIDTHS, True)))


if __name__ == "__main__":
    main()
