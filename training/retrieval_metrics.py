"""BM25, rank fusion, and the figures retrieval is judged by. numpy only."""
import re
from collections import Counter, defaultdict

import numpy

STOP_WORDS = frozenset("a an and are as at be but by for if in into is it no not of on or such that the their then there these they this to was will with".split())


def stem(word):
    """A plain English stemmer: the endings that change a word's form, not its meaning."""
    for ending, replacement, shortest in (("sses", "ss", 5), ("ies", "y", 5), ("ing", "", 6), ("edly", "", 7), ("ed", "", 5), ("ly", "", 6), ("es", "", 5), ("s", "", 4)):
        if word.endswith(ending) and len(word) >= shortest and not word.endswith("ss"):
            word = word[:-len(ending)] + replacement
            break
    if len(word) > 4 and word[-1] == word[-2] and word[-1] not in "lsz":
        word = word[:-1]
    return word[:-1] if len(word) > 4 and word.endswith("e") else word


def terms(text):
    return [stem(word) for word in re.findall(r"\w+", text.lower()) if word not in STOP_WORDS]


class Bm25:
    """Lucene's BM25 (k1 0.9, b 0.4) over an inverted index."""

    def __init__(self, texts, k1=0.9, b=0.4):
        postings, lengths = defaultdict(list), []
        for number, text in enumerate(texts):
            counts = Counter(terms(text))
            lengths.append(sum(counts.values()))
            for term, count in counts.items():
                postings[term].append((number, count))
        lengths = numpy.array(lengths, numpy.float32)
        norm = k1 * (1 - b + b * lengths / max(1.0, lengths.mean()))
        self.size, self.postings = len(lengths), {}
        for term, entries in postings.items():
            documents, counts = numpy.array([entry[0] for entry in entries]), numpy.array([entry[1] for entry in entries], numpy.float32)
            inverse_frequency = numpy.log(1 + (self.size - len(entries) + 0.5) / (len(entries) + 0.5))
            self.postings[term] = documents, inverse_frequency * counts / (counts + norm[documents])

    def scores(self, question):
        total = numpy.zeros(self.size, numpy.float32)
        for term in terms(question):
            if term in self.postings:
                documents, impact = self.postings[term]
                total[documents] += impact
        return total


def top(scores, most):
    """Numbers of the best documents, best first; ties by number."""
    most = min(most, len(scores))
    best = numpy.argpartition(-scores, most - 1)[:most]
    return best[numpy.lexsort((best, -scores[best]))]


def bm25_ranking(index, questions, most=100):
    return [top(index.scores(question), most) for question in questions]


def vector_ranking(question_vectors, document_vectors, most=100):
    ranking = []
    for first in range(0, len(question_vectors), 1024):
        ranking += [top(row, most) for row in question_vectors[first:first + 1024] @ document_vectors.T]
    return ranking


def fuse(rankings, most=100, constant=60):
    """Reciprocal rank fusion: a document's score is the sum of 1 / (constant + rank) over the rankings."""
    fused = []
    for lists in zip(*rankings):
        scores = defaultdict(float)
        for ranking in lists:
            for rank, document in enumerate(ranking):
                scores[int(document)] += 1 / (constant + rank + 1)
        fused.append(numpy.array(sorted(scores, key=lambda document: (-scores[document], document))[:most]))
    return fused


def figures(ranking, relevant):
    """relevant: a set of document numbers (all of gain 1) for each question."""
    sums = defaultdict(float)
    for documents, wanted in zip(ranking, relevant):
        hits = [int(document) in wanted for document in documents[:10]]
        gain = sum(1 / numpy.log2(rank + 2) for rank, hit in enumerate(hits) if hit)
        sums["ndcg@10"] += gain / sum(1 / numpy.log2(rank + 2) for rank in range(min(10, len(wanted))))
        sums["mrr@10"] += next((1 / (rank + 1) for rank, hit in enumerate(hits) if hit), 0.0)
        for most in (1, 5, 10):
            sums[f"recall@{most}"] += sum(hits[:most]) / len(wanted)
    return {name: round(float(total) / len(relevant), 4) for name, total in sums.items()}


def ranks(values):
    """Average ranks, as Spearman's correlation needs them."""
    values = numpy.asarray(values, numpy.float64)
    order = numpy.argsort(values, kind="stable")
    position = numpy.empty(len(values))
    position[order] = numpy.arange(len(values))
    _, inverse, counts = numpy.unique(values, return_inverse=True, return_counts=True)
    return (numpy.bincount(inverse, position) / counts)[inverse]


def spearman(first, second):
    return float(numpy.corrcoef(ranks(first), ranks(second))[0, 1])
