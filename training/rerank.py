"""Trains starter-rerank: one right passage among hard wrong ones, mined with BM25 and the static embedding. Resumes from WORK/reranker.pt."""
import argparse
import os
import time

import numpy
import torch
import torch.nn.functional as functional
from tokenizers import Tokenizer

from embed_static import encode_static, say, short
from rerank_model import Reranker, start_from_embedding
from retrieval_data import HeldOut, held_out_texts, training_pairs
from retrieval_metrics import Bm25, bm25_ranking, figures, fuse, vector_ranking
from retrieval_tasks import check_task, scifact_task
from schedule import rate_factor

# Questions used of each source. Questions of people weigh most; the rest keeps the model from knowing SQuAD's manners only.
SOURCES = {"squad": 40_000, "medquad": 5_000, "openstax": 4_000, "enwiki-leads": 7_000, "wikipedia-schools": 4_000, "docs-and-gov": 4_000}
WRONG = 7
MINED = 24


def mine(data, tokenizer, vectors, cache):
    """-> questions, passages, and for each question the right passage and MINED wrong ones, hardest first."""
    if os.path.exists(cache):
        return torch.load(cache, weights_only=False)
    held_out, questions, passages, candidates = HeldOut(held_out_texts(data)), [], [], []
    generator = numpy.random.default_rng(9)
    for name, most in SOURCES.items():
        pairs, _ = training_pairs(data, name, held_out)
        numbers = {}
        for _, passage, _ in pairs:
            numbers.setdefault(passage, len(numbers))
        texts = list(numbers)
        if len(texts) > 24_000:
            keep = set(generator.permutation(len(texts))[:24_000].tolist())
            pairs = [pair for pair in pairs if numbers[pair[1]] in keep]
            texts = [text for number, text in enumerate(texts) if number in keep]
            numbers = {text: number for number, text in enumerate(texts)}
        pairs = [pairs[number] for number in generator.permutation(len(pairs))[:most]]
        asked = [pair[0] for pair in pairs]
        ranking = fuse([bm25_ranking(Bm25(texts), asked, MINED + 8), vector_ranking(encode_static(vectors, tokenizer, asked), encode_static(vectors, tokenizer, texts, 256), MINED + 8)], MINED + 1)
        for pair, found in zip(pairs, ranking):
            right = numbers[pair[1]]
            wrong = [int(number) for number in found if number != right][:MINED]
            candidates.append((len(passages) + right, [len(passages) + number for number in wrong]))
        questions += asked
        passages += texts
        say(f"mined {name}: {len(pairs)} questions, {len(texts)} passages")
    tokenizer.no_padding()
    tokenizer.enable_truncation(512)
    encoded = [[numpy.array(one.ids[1:-1], numpy.int64) for one in tokenizer.encode_batch(part)] for part in (questions, passages)]
    torch.save((*encoded, candidates), cache)
    return (*encoded, candidates)


def join(pairs, longest=512):
    """[(question tokens, passage tokens)] -> ids, mask, segments [rows, tokens]: [CLS] question [SEP] passage [SEP]; the passage is cut."""
    rows = []
    for question, passage in pairs:
        question = question[:longest // 2]
        rows.append((len(question) + 2, numpy.concatenate([[2], question, [3], passage[:longest - 3 - len(question)], [3]])))
    width = max(len(ids) for _, ids in rows)
    ids, mask, segments = (torch.zeros(len(rows), width, dtype=torch.int64) for _ in range(3))
    for row, (first, tokens) in enumerate(rows):
        ids[row, :len(tokens)] = torch.from_numpy(tokens)
        mask[row, :len(tokens)] = 1
        segments[row, first:len(tokens)] = 1
    return ids, mask, segments


def rerank(score, questions, documents, ranking, most, longest=512):
    """score(ids, mask, segments) -> a score a row. The first `most` of each ranking in the order of their scores, the rest behind them. Texts are token arrays."""
    found = []
    for question, documents_of_question in zip(questions, ranking):
        first = documents_of_question[:most]
        # Alike in length together, so that little is padding.
        order = sorted(range(len(first)), key=lambda at: len(documents[first[at]]))
        scores = numpy.empty(len(first))
        for part in (order[at:at + 16] for at in range(0, len(order), 16)):
            scores[part] = score(*join([(question, documents[first[at]]) for at in part], longest))
        found.append(numpy.concatenate([first[numpy.argsort(-scores, kind="stable")], documents_of_question[most:]]))
    return found


class Task:
    """A task with its hybrid ranking made once."""

    def __init__(self, task, tokenizer, encode, most):
        questions, documents, self.relevant = task
        self.lexical = bm25_ranking(Bm25(documents), questions, 100)
        self.hybrid = fuse([self.lexical, vector_ranking(encode(questions), encode(documents), 100)])
        tokenizer.enable_truncation(510)
        self.questions, self.documents = ([numpy.array(one.ids[1:-1], numpy.int64) for one in tokenizer.encode_batch(part)] for part in (questions, documents))
        self.most = most

    def figures(self, score):
        return figures(rerank(score, self.questions, self.documents, self.hybrid, self.most), self.relevant)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="training/data")
    parser.add_argument("--work", default="training/work/embed")
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--batch", type=int, default=24, help="questions")
    parser.add_argument("--longest", type=int, default=200, help="tokens of question and passage while training")
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--static", default="static-clean.pt", help="of embed_static.py --without squad medquad: similarities that were trained on the same questions would look better than they are")
    parser.add_argument("--name", default="reranker.pt")
    parser.add_argument("--measure-every", type=float, default=4, help="minutes")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=4)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    tokenizer = Tokenizer.from_file(os.path.join(options.work, "tokenizer.json"))
    state = torch.load(os.path.join(options.work, options.static))["model"]
    table = state["table"] * state["weight"].exp()[:, None]
    model = Reranker(len(table))
    start_from_embedding(model, table, table.norm(dim=1))
    tables = [model.table.weight, model.weight.weight, model.kind.weight]
    others = [parameter for name, parameter in model.named_parameters() if name not in ("table.weight", "weight.weight", "kind.weight")]
    optimizer = torch.optim.Adam([{"params": tables[:1], "base": options.rate / 10}, {"params": tables[1:], "base": options.rate}, {"params": others, "base": options.rate}], betas=(0.9, 0.98), fused=True)
    path, step, used, mean = os.path.join(options.work, options.name), 0, 0.0, None
    if os.path.exists(path):
        saved = torch.load(path)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        step, used = saved["step"], saved["used"]
        say(f"goes on from step {step}")
    questions, passages, candidates = mine(options.data, tokenizer, table, os.path.join(options.work, "mined.pt"))
    tasks = {name: Task(task, tokenizer, lambda texts: encode_static(table, tokenizer, texts), 20)
             for name, task in (("check", check_task(options.data, 600)), ("scifact", scifact_task(options.data)))}
    say("bm25:   " + short({name: figures(task.lexical, task.relevant) for name, task in tasks.items()}))
    say("hybrid: " + short({name: figures(task.hybrid, task.relevant) for name, task in tasks.items()}))

    @torch.no_grad()
    def score(*inputs):
        return model(*inputs)[:, 0].numpy()

    def save():
        torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step, "used": used}, path + ".new")
        os.replace(path + ".new", path)

    generator, measured = numpy.random.default_rng((options.seed, step)), used
    while used < options.minutes * 60:
        began = time.time()
        for group in optimizer.param_groups:
            group["lr"] = group["base"] * rate_factor(used / options.minutes / 60, 0.03, 0.7)
        pairs = []
        for number in generator.integers(len(questions), size=options.batch):
            right, wrong = candidates[number]
            # Half of the wrong ones from the very top, the others from further down.
            some = list(generator.choice(wrong[:6], min(4, len(wrong[:6])), replace=False)) + list(generator.choice(wrong[6:] or wrong, WRONG - 4))
            some = (some + some)[:WRONG]
            pairs += [(questions[number], passages[other]) for other in (right, *some)]
        # Rows of about equal length together: padding costs as much as text.
        order = sorted(range(len(pairs)), key=lambda at: len(pairs[at][1]))
        parts = [order[at:at + 48] for at in range(0, len(order), 48)]
        scores = torch.cat([model(*join([pairs[at] for at in part], options.longest))[:, 0] for part in parts])
        scores = scores[torch.argsort(torch.tensor([at for part in parts for at in part]))].view(-1, WRONG + 1)
        loss = functional.cross_entropy(scores, torch.zeros(len(scores), dtype=torch.int64))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(others, 1.0)
        optimizer.step()
        step, used = step + 1, used + time.time() - began
        mean = loss.item() if mean is None else 0.98 * mean + 0.02 * loss.item()
        if step % 50 == 0:
            say(f"step {step}  {100 * used / options.minutes / 60:.0f} %  loss {mean:.3f}  {step / used:.2f} steps/s")
        if step % 200 == 0:
            save()
        if used - measured > options.measure_every * 60:
            measured = used
            say(short({name: task.figures(score) for name, task in tasks.items()}))
    save()
    say(short({name: task.figures(score) for name, task in tasks.items()}))


if __name__ == "__main__":
    main()
