"""First stage of starter-embed: one vector a token, a text is the mean of its tokens. Minutes on a CPU, and most of the quality.

Contrastive: each question must find its passage among the others of the batch, which come from the same documents, and the other way round.
The loss is the mean over several widths, so that the first 64 or 128 numbers of a vector are an embedding too (Matryoshka).
"""
import argparse
import os
import time

import numpy
import torch
import torch.nn.functional as functional
from tokenizers import Tokenizer

from retrieval_data import Pairs, sentence_pairs
from retrieval_metrics import Bm25, bm25_ranking, figures, fuse, spearman, vector_ranking
from retrieval_tasks import check_task, scifact_task
from schedule import rate_factor

# Share of the batches.
MIX = {"squad": 0.34, "medquad": 0.05, "qamr": 0.04, "definitions": 0.08, "paraphrases": 0.05, "instructions": 0.03,
       "wikipedia-schools": 0.12, "enwiki-leads": 0.14, "openstax": 0.07, "docs-and-gov": 0.05, "wikinews": 0.03}
WIDTHS = (256, 128, 64)
SCALE = 20.0


def say(message, started=time.time()):
    print(f"[{time.time() - started:6.1f} s] {message}", flush=True)


def matryoshka_loss(questions, passages, widths=WIDTHS, negatives=None):
    """[n, d] each; row i of one belongs to row i of the other. negatives: [m, d], wrong for all."""
    target, total = torch.arange(len(questions)), 0.0
    for width in widths:
        q, p = functional.normalize(questions[:, :width], dim=1), functional.normalize(passages[:, :width], dim=1)
        scores = SCALE * q @ p.t()
        back = scores.t()
        if negatives is not None:
            scores = torch.cat([scores, SCALE * q @ functional.normalize(negatives[:, :width], dim=1).t()], 1)
        total = total + functional.cross_entropy(scores, target) + 0.5 * functional.cross_entropy(back, target)
    return total / len(widths)


class StaticModel(torch.nn.Module):
    def __init__(self, vocabulary, width):
        super().__init__()
        self.table = torch.nn.Parameter(torch.randn(vocabulary, width) * 0.05)
        # A token's weight is learned apart from its direction: one number moves faster than 256.
        self.weight = torch.nn.Parameter(torch.zeros(vocabulary))

    def vectors(self):
        return self.table * self.weight.exp()[:, None]

    def forward(self, ids, starts, vectors=None):
        return functional.embedding_bag(ids, self.vectors() if vectors is None else vectors, starts, mode="sum")


def bags(texts):
    starts = numpy.cumsum([0] + [len(text) for text in texts[:-1]])
    return torch.from_numpy(numpy.concatenate(texts).astype(numpy.int64)), torch.from_numpy(starts)


def encode_static(vectors, tokenizer, texts, longest=512):
    tokenizer.enable_truncation(longest)
    found = []
    for first in range(0, len(texts), 1024):
        ids, starts = bags([numpy.array(one.ids) for one in tokenizer.encode_batch(texts[first:first + 1024])])
        found.append(functional.embedding_bag(ids, vectors, starts, mode="mean"))
    return functional.normalize(torch.cat(found), dim=1).numpy()


def measure(encode, data, widths=(256,), with_hybrid=False):
    """encode: texts -> unit vectors. On the checking articles and, to see how far it carries, SciFact's and the sentence pairs' training part; no choice depends on SQuAD dev."""
    report = {}
    for name, (questions, documents, relevant) in (("check", check_task(data, 2000)), ("scifact", scifact_task(data))):
        q, d = encode(questions), encode(documents)
        for width in widths:
            cut = [part[:, :width] / numpy.linalg.norm(part[:, :width], axis=1, keepdims=True) for part in (q, d)]
            ranking = vector_ranking(*cut)
            report[f"{name}/{width}"] = figures(ranking, relevant)
        if with_hybrid:
            lexical = bm25_ranking(Bm25(documents), questions)
            report[f"{name}/bm25"] = figures(lexical, relevant)
            report[f"{name}/hybrid"] = figures(fuse([lexical, vector_ranking(q, d)]), relevant)
    pairs = [pair for pair in sentence_pairs(data) if pair[3] == "train"]
    a, b = encode([pair[0] for pair in pairs]), encode([pair[1] for pair in pairs])
    report["sts"] = {"spearman": round(spearman((a * b).sum(1), [pair[2] for pair in pairs]), 4)}
    return report


def short(report):
    return "  ".join(f"{name} " + " ".join(f"{key} {value:.3f}" for key, value in part.items() if key in ("recall@1", "ndcg@10", "spearman")) for name, part in report.items())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="training/data")
    parser.add_argument("--work", default="training/work/embed")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument("--rate", type=float, default=0.02)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--name", default="static.pt")
    parser.add_argument("--without", nargs="*", default=[], help="sources to leave out: the reranker starts from a table that has not seen the questions it will learn from")
    parser.add_argument("--threads", type=int, default=1, help="two threads that share busy cores wait for each other: one was eight times as fast")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    generator = numpy.random.default_rng(options.seed)
    tokenizer = Tokenizer.from_file(os.path.join(options.work, "tokenizer.json"))
    sources = {name: Pairs(os.path.join(options.work, "pairs", f"{name}.npz")) for name in MIX if name not in options.without}
    say("  ".join(f"{name} {len(pairs)}" for name, pairs in sources.items()))
    model = StaticModel(tokenizer.get_vocab_size(), WIDTHS[0])
    optimizer = torch.optim.Adam([{"params": [model.table], "factor": 1.0}, {"params": [model.weight], "factor": 2.0}], lr=options.rate, betas=(0.9, 0.99), fused=True)
    path, names, shares = os.path.join(options.work, options.name), list(sources), numpy.array([MIX[name] for name in sources])
    step, used, mean = 0, 0.0, None
    if os.path.exists(path):
        state = torch.load(path)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        step, used, generator = state["step"], state["used"], numpy.random.default_rng((options.seed, state["step"]))
        say(f"goes on from step {step}")

    def save():
        torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step, "used": used}, path + ".new")
        os.replace(path + ".new", path)

    while used < options.minutes * 60:
        began = time.time()
        for group in optimizer.param_groups:
            group["lr"] = options.rate * group["factor"] * rate_factor(used / (options.minutes * 60), 0.02, 0.6)
        pairs = sources[names[generator.choice(len(names), p=shares / shares.sum())]]
        chosen = pairs.draw(generator, options.batch)
        # One look-up for both sides; the mean instead of the sum changes nothing, as vectors are normalised.
        ids, starts = bags([pairs.question(number) for number in chosen] + [pairs.passage(number) for number in chosen])
        pooled = model(ids, starts)
        loss = matryoshka_loss(pooled[:len(chosen)], pooled[len(chosen):])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        step, used = step + 1, used + time.time() - began
        mean = loss.item() if mean is None else 0.98 * mean + 0.02 * loss.item()
        if step % 100 == 0:
            say(f"step {step}  {100 * used / options.minutes / 60:.0f} %  loss {mean:.3f}  {step / used:.1f} steps/s")
        if step % 1000 == 0:
            save()
            with torch.no_grad():
                vectors = model.vectors()
                say(short(measure(lambda texts: encode_static(vectors, tokenizer, texts), options.data)))
    save()
    with torch.no_grad():
        vectors = model.vectors()
        say(short(measure(lambda texts: encode_static(vectors, tokenizer, texts), options.data, WIDTHS, True)))


if __name__ == "__main__":
    main()
