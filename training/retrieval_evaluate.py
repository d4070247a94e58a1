"""Figures of the exported models, through ONNX Runtime: SQuAD dev (10,570 questions, 2,067 paragraphs), SciFact (300 claims, 5,183 abstracts), sentence similarity; each beside BM25.

    python3 training/retrieval_evaluate.py --data DATA --models FOLDER --output evaluation.json

FOLDER holds starter-embed/ and starter-rerank/. Hybrid: reciprocal rank fusion (constant 60) of BM25 and the embedding; the reranker puts the first 20 of it in order.
"""
import argparse
import json
import os
import time

import numpy
import onnxruntime
from tokenizers import Tokenizer

from retrieval_data import HeldOut, check_disjoint, held_out_texts, sentence_pairs, training_pairs
from retrieval_metrics import Bm25, bm25_ranking, figures, fuse, spearman, vector_ranking
from retrieval_tasks import scifact_task, squad_task

WIDTHS = (256, 128, 64)


def say(message, started=time.time()):
    print(f"[{time.time() - started:6.1f} s] {message}", flush=True)


def session(path, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def parts_of(lengths, tokens):
    """Rows of about equal length, at most `tokens` padded tokens a part."""
    parts, part = [], []
    for row in numpy.argsort(lengths, kind="stable"):
        if part and (len(part) + 1) * lengths[row] > tokens:
            parts.append(part)
            part = []
        part.append(int(row))
    return parts + [part]


def padded(encodings):
    longest = max(len(one.ids) for one in encodings)
    fill = lambda values: numpy.array([list(one) + [0] * (longest - len(one)) for one in values], numpy.int64)
    return {"input_ids": fill([one.ids for one in encodings]), "attention_mask": fill([one.attention_mask for one in encodings]), "token_type_ids": fill([one.type_ids for one in encodings])}


class Embedder:
    def __init__(self, folder, variant, threads):
        self.tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
        self.tokenizer.enable_truncation(512)
        self.session = session(os.path.join(folder, "onnx", f"{variant}.onnx"), threads)

    def __call__(self, texts):
        encodings, vectors = self.tokenizer.encode_batch(list(texts)), None
        for part in parts_of([len(one.ids) for one in encodings], 4096):
            inputs = padded([encodings[row] for row in part])
            hidden, mask = self.session.run(None, inputs)[0], inputs["attention_mask"][:, :, None]
            pooled = (hidden * mask).sum(1) / mask.sum(1)
            vectors = numpy.zeros((len(texts), pooled.shape[1]), numpy.float32) if vectors is None else vectors
            vectors[part] = pooled
        return narrowed(vectors, vectors.shape[1])


def narrowed(vectors, width):
    return vectors[:, :width] / numpy.linalg.norm(vectors[:, :width], axis=1, keepdims=True)


class Reranker:
    def __init__(self, folder, variant, threads):
        self.tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
        self.tokenizer.enable_truncation(512, strategy="only_second")
        self.session = session(os.path.join(folder, "onnx", f"{variant}.onnx"), threads)

    def scores(self, pairs):
        encodings, scores = self.tokenizer.encode_batch(pairs), numpy.zeros(len(pairs), numpy.float32)
        for part in parts_of([len(one.ids) for one in encodings], 3072):
            scores[part] = self.session.run(None, padded([encodings[row] for row in part]))[0][:, 0]
        return scores

    def rerank(self, questions, documents, ranking, most=20):
        found = []
        for first in range(0, len(questions), 64):
            lists = ranking[first:first + 64]
            pairs = [(question, documents[number]) for question, numbers in zip(questions[first:first + 64], lists) for number in numbers[:most]]
            scores, at = self.scores(pairs), 0
            for numbers in lists:
                head = numbers[:most]
                found.append(numpy.concatenate([head[numpy.argsort(-scores[at:at + len(head)], kind="stable")], numbers[most:]]))
                at += len(head)
        return found


def similarity_by_bm25(pairs):
    index = Bm25([second for _, second, _, _ in pairs])
    scores = []
    for number, (first, second, _, _) in enumerate(pairs):
        # Against what the sentence would score with itself: a share, not a sum that grows with length.
        scores.append(index.scores(first)[number] / max(1e-6, index.scores(second)[number]))
    return scores


def evaluate(data, models, embed_variants, rerank_variants, most_questions, threads):
    report = {}
    for name, (questions, documents, relevant) in (("squad-dev", squad_task(data, most_questions)), ("scifact", scifact_task(data))):
        lexical = bm25_ranking(Bm25(documents), questions)
        part = report[name] = {"questions": len(questions), "documents": len(documents), "bm25": figures(lexical, relevant)}
        say(f"{name} bm25 {part['bm25']}")
        hybrid = None
        for variant in embed_variants:
            embed = Embedder(os.path.join(models, "starter-embed"), variant, threads)
            q, d = embed(questions), embed(documents)
            for width in WIDTHS if variant == embed_variants[0] else WIDTHS[:1]:
                ranking = vector_ranking(narrowed(q, width), narrowed(d, width))
                part[f"embed {variant} {width}"] = figures(ranking, relevant)
                say(f"{name} embed {variant} {width} {part[f'embed {variant} {width}']}")
                hybrid = ranking if hybrid is None else hybrid
        hybrid = fuse([lexical, hybrid])
        part["hybrid"] = figures(hybrid, relevant)
        say(f"{name} hybrid {part['hybrid']}")
        for variant in rerank_variants:
            reranker = Reranker(os.path.join(models, "starter-rerank"), variant, threads)
            part[f"hybrid + rerank {variant}"] = figures(reranker.rerank(questions, documents, hybrid), relevant)
            say(f"{name} hybrid + rerank {variant} {part[f'hybrid + rerank {variant}']}")
            if name == "scifact" or most_questions:
                part[f"bm25 + rerank {variant}"] = figures(reranker.rerank(questions, documents, lexical), relevant)
    pairs = list(sentence_pairs(data))
    for split in ("test", "all"):
        some = [pair for pair in pairs if split in ("all", pair[3])]
        gold = [pair[2] for pair in some]
        part = report[f"sts-{split}"] = {"pairs": len(some), "bm25": round(spearman(similarity_by_bm25(some), gold), 4)}
        for variant in embed_variants:
            embed = Embedder(os.path.join(models, "starter-embed"), variant, threads)
            part[f"embed {variant}"] = round(spearman((embed([pair[0] for pair in some]) * embed([pair[1] for pair in some])).sum(1), gold), 4)
        say(f"sts-{split} {part}")
    return report


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="training/data")
    parser.add_argument("--models", default="models", help="folder with starter-embed and starter-rerank")
    parser.add_argument("--output", default="training/work/embed/evaluation.json")
    parser.add_argument("--embed-variants", nargs="*", default=["model_fp16", "model_int8"])
    parser.add_argument("--rerank-variants", nargs="*", default=["model", "model_int8"])
    parser.add_argument("--most-questions", type=int, help="of SQuAD dev, for a quick look")
    parser.add_argument("--check-data", action="store_true", help="only prove that no training text shares eight words in a row with what is measured")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    if options.check_data:
        from retrieval_data import SOURCE_NAMES
        held_out = HeldOut(held_out_texts(options.data))
        for name in SOURCE_NAMES:
            pairs, dropped = training_pairs(options.data, name, held_out)
            check_disjoint([(question, passage) for question, passage, _ in pairs], held_out)
            say(f"{name}: {len(pairs)} pairs share nothing with the held-out texts ({dropped} dropped)")
        return
    report = evaluate(options.data, options.models, options.embed_variants, options.rerank_variants, options.most_questions, options.threads)
    with open(options.output, "w") as file:
        json.dump(report, file, indent=1)


if __name__ == "__main__":
    main()
