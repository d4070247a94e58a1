"""Reads the prose under DATA/lm and the passages of DATA/qa: one cleaned string a document, split into training and held-out by hash."""
import gzip
import hashlib
import json
import lzma
import os
import unicodedata

# name -> (file, share of the pretraining stream). Simple expository English gets more than its size; books and manuals less.
SOURCES = {
    "wikipedia-schools": ("lm/wikipedia-schools-2007.jsonl.xz", 0.28),
    "enwiki-leads": ("lm/enwiki-2015-leads.jsonl.xz", 0.20),
    "openstax": ("lm/openstax.jsonl.xz", 0.14),
    "wikinews": ("lm/wikinews-en.jsonl.xz", 0.09),
    "docs-and-gov": ("lm/docs-and-gov.jsonl.xz", 0.06),
    "classic-books": ("lm/classic-books-pd.jsonl.xz", 0.08),
    "onestopenglish": ("lm/onestopenglish.jsonl.gz", 0.05),
    "stories": ("lm/stories-ccby.jsonl.gz", 0.03),
    "world-factbook": ("lm/world-factbook.jsonl.gz", 0.01),
    "squad-passages": ("qa/squad-train-v1.1.jsonl.gz", 0.06),
}
HELD_OUT_PER_MILLE = 10

TYPOGRAPHY = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u00a0": " ", "\u00ad": None, "\ufeff": None, "\r": None})


def read_json_lines(path):
    opener = {".gz": gzip.open, ".xz": lzma.open}.get(os.path.splitext(path)[1], open)
    with opener(path, "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def clean(text):
    """Composed characters and straight quotes: a small vocabulary should not hold two forms of one word."""
    return unicodedata.normalize("NFC", text).translate(TYPOGRAPHY).strip()


def is_held_out(document):
    digest = hashlib.sha256(document[:400].encode("utf-8")).digest()
    return int.from_bytes(digest[:4], "big") % 1000 < HELD_OUT_PER_MILLE


def documents(data, name):
    """All documents of one source, in file order: title as a heading, then the text."""
    path = os.path.join(data, SOURCES[name][0])
    for record in read_json_lines(path):
        text, title = clean(record.get("text") or record.get("context") or ""), clean(record.get("title") or "")
        if len(text) < 40:
            continue
        if name != "squad-passages" and title and not text.startswith(title):
            text = f"# {title}\n\n{text}"
        yield text
