"""Byte-level BPE tokenizer, GPT-2 style, written so that llama.cpp (tokenizer model `gpt2`, pre-tokenizer `gpt-2`) gives the same ids.

Text -> pre-tokens (regex) -> bytes as printable characters -> merges by rank. Ids: 256 bytes, then merges, then special tokens at the end.
"""
import heapq
import json
import re
import sys
import unicodedata
from collections import Counter, defaultdict

SPECIAL_TOKENS = [
    "<|endoftext|>", "<|im_start|>", "<|im_end|>",
    "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>", "<think>", "</think>",
]
# Reserved names keep the vocabulary a round number, so that matrix rows stay a multiple of 256.
NUMBER_OF_RESERVED_TOKENS = 7


def byte_characters():
    """GPT-2's table: byte -> printable character (a merge file and a GGUF hold text, not bytes)."""
    printable = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    table, next_free = {}, 256
    for byte in range(256):
        if byte in printable:
            table[byte] = chr(byte)
        else:
            table[byte] = chr(next_free)
            next_free += 1
    return table


def character_class(first_letter):
    """Ranges of all code points whose Unicode category starts with the letter, for use inside [ ]. `re` lacks \\p{L}."""
    ranges, start = [], None
    for code in range(sys.maxunicode + 2):
        inside = code <= sys.maxunicode and unicodedata.category(chr(code))[0] == first_letter
        if inside and start is None:
            start = code
        elif not inside and start is not None:
            ranges.append(f"\\U{start:08x}-\\U{code - 1:08x}")
            start = None
    return "".join(ranges)


# White space as llama.cpp has it (its table, not Python's \s, which also holds the separators 0x1c to 0x1f).
WHITESPACE = r"\t\n\x0b\x0c\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"


def pre_token_pattern():
    letters, numbers = character_class("L"), character_class("N")
    return re.compile(
        rf"'s|'t|'re|'ve|'m|'ll|'d| ?[{letters}]+| ?[{numbers}]+| ?[^{WHITESPACE}{letters}{numbers}]+"
        rf"|[{WHITESPACE}]+(?![^{WHITESPACE}])|[{WHITESPACE}]+")


class Tokenizer:
    def __init__(self, merges, reserved=NUMBER_OF_RESERVED_TOKENS):
        """merges: list of (left, right) in byte-character form, best first."""
        self.merges = [tuple(pair) for pair in merges]
        self.byte_to_character = byte_characters()
        self.character_to_byte = {character: byte for byte, character in self.byte_to_character.items()}
        self.tokens = [self.byte_to_character[byte] for byte in range(256)]
        self.tokens += [left + right for left, right in self.merges]
        self.first_special = len(self.tokens)
        self.tokens += SPECIAL_TOKENS + [f"<|reserved_{number}|>" for number in range(reserved)]
        self.ids = {token: number for number, token in enumerate(self.tokens)}
        self.ranks = {pair: rank for rank, pair in enumerate(self.merges)}
        self.pattern = pre_token_pattern()
        special_names = sorted(self.tokens[self.first_special:], key=len, reverse=True)
        self.special_pattern = re.compile("(" + "|".join(re.escape(name) for name in special_names) + ")")
        self.cache = {}

    def __len__(self):
        return len(self.tokens)

    def encode_pre_token(self, text):
        parts = [self.byte_to_character[byte] for byte in text.encode("utf-8")]
        while len(parts) > 1:
            best_rank, best_at = None, None
            for at in range(len(parts) - 1):
                rank = self.ranks.get((parts[at], parts[at + 1]))
                if rank is not None and (best_rank is None or rank < best_rank):
                    best_rank, best_at = rank, at
            if best_at is None:
                break
            parts[best_at:best_at + 2] = [parts[best_at] + parts[best_at + 1]]
        return [self.ids[part] for part in parts]

    def encode_ordinary(self, text):
        """Text to ids; names of special tokens are read as plain text."""
        ids, cache = [], self.cache
        for pre_token in self.pattern.findall(text):
            known = cache.get(pre_token)
            if known is None:
                known = self.encode_pre_token(pre_token)
                if len(cache) < 1_000_000:
                    cache[pre_token] = known
            ids += known
        return ids

    def encode(self, text):
        """Text to ids; names of special tokens become their single id."""
        ids = []
        for at, part in enumerate(self.special_pattern.split(text)):
            ids += [self.ids[part]] if at % 2 else self.encode_ordinary(part)
        return ids

    def decode(self, ids):
        pieces = bytearray()
        for number in ids:
            token = self.tokens[number]
            pieces += token.encode() if number >= self.first_special else bytes(self.character_to_byte[c] for c in token)
        return pieces.decode("utf-8", errors="replace")

    def save(self, path):
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"merges": self.merges, "reserved": len(self.tokens) - self.first_special - len(SPECIAL_TOKENS)}, file, ensure_ascii=False)

    @classmethod
    def load(cls, path):
        with open(path, encoding="utf-8") as file:
            return cls(**json.load(file))


def count_pre_tokens(texts, pattern=None):
    pattern, counts = pattern or pre_token_pattern(), Counter()
    for text in texts:
        counts.update(pattern.findall(text))
    return counts


def train_merges(pre_token_counts, number_of_merges, min_count=2, log=lambda message: None):
    """Greedy BPE with incremental pair counts: a merge touches only the words that hold the pair; a lazy heap finds the next best."""
    table = byte_characters()
    words = [([table[byte] for byte in word.encode("utf-8")], count)
             for word, count in sorted(pre_token_counts.items()) if count >= min_count and len(word.encode("utf-8")) <= 40]
    pair_counts, words_with_pair = Counter(), defaultdict(set)
    for number, (parts, count) in enumerate(words):
        for pair in zip(parts, parts[1:]):
            pair_counts[pair] += count
            words_with_pair[pair].add(number)
    heap = [(-count, pair) for pair, count in pair_counts.items()]
    heapq.heapify(heap)
    merges = []
    while len(merges) < number_of_merges and heap:
        negative_count, pair = heapq.heappop(heap)
        count_now = pair_counts.get(pair, 0)
        if count_now <= 0:
            continue
        if -negative_count != count_now:  # stale entry: put it back with today's count
            heapq.heappush(heap, (-count_now, pair))
            continue
        merges.append(pair)
        merged, changed = pair[0] + pair[1], set()
        for number in words_with_pair.pop(pair):
            parts, count = words[number]
            for old_pair in zip(parts, parts[1:]):
                pair_counts[old_pair] -= count
            at = 0
            while at < len(parts) - 1:
                if parts[at] == pair[0] and parts[at + 1] == pair[1]:
                    parts[at:at + 2] = [merged]
                at += 1
            for new_pair in zip(parts, parts[1:]):
                pair_counts[new_pair] += count
                words_with_pair[new_pair].add(number)
                if merged in new_pair:
                    changed.add(new_pair)
        pair_counts.pop(pair, None)
        for new_pair in changed:
            heapq.heappush(heap, (-pair_counts[new_pair], new_pair))
        if len(merges) % 1000 == 0:
            log(f"{len(merges)} of {number_of_merges} merges")
    return merges
