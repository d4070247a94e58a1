"""Draws training windows from the token files. Every draw depends on (seed, rank, step) only, so a resumed run needs no saved state."""
import os

import numpy
import torch

from text_sources import SOURCES


class ProseStream:
    """Windows at random places of a source chosen by its share; documents are separated by <|endoftext|> inside a window."""

    def __init__(self, work):
        self.arrays = [numpy.memmap(os.path.join(work, "tokens", f"{name}.bin"), numpy.uint16, "r") for name in SOURCES]
        shares = numpy.array([share for _, share in SOURCES.values()])
        self.shares = shares / shares.sum()

    def draw(self, generator, rows, window):
        """-> ids [rows, window + 1], loss mask (all true)."""
        out = numpy.empty((rows, window + 1), numpy.int64)
        for row, source in enumerate(generator.choice(len(self.arrays), rows, p=self.shares)):
            array = self.arrays[source]
            start = generator.integers(0, len(array) - window - 1)
            out[row] = array[start:start + window + 1]
        return out, numpy.ones_like(out, dtype=bool)


class ChatStream:
    """Whole conversations packed into windows, each window starting at the start of one. The mask marks what the assistant says."""

    def __init__(self, work):
        folder = os.path.join(work, "tokens")
        self.ids = numpy.fromfile(os.path.join(folder, "chat.bin"), numpy.uint16)
        self.spoken = numpy.fromfile(os.path.join(folder, "chat-mask.bin"), numpy.uint8).astype(bool)
        self.starts = numpy.fromfile(os.path.join(folder, "chat-starts.bin"), numpy.int64)

    @classmethod
    def exists(cls, work):
        return os.path.exists(os.path.join(work, "tokens", "chat-starts.bin"))

    def draw(self, generator, rows, window):
        out, mask = numpy.zeros((rows, window + 1), numpy.int64), numpy.zeros((rows, window + 1), bool)
        for row in range(rows):
            filled = 0
            while filled <= window:
                number = generator.integers(0, len(self.starts) - 1)
                start, end = self.starts[number], self.starts[number + 1]
                length = min(end - start, window + 1 - filled)
                out[row, filled:filled + length] = self.ids[start:start + length]
                mask[row, filled:filled + length] = self.spoken[start:start + length]
                filled += length
        return out, mask


def to_tensors(ids, mask, device):
    """-> inputs [rows, window], targets [rows, window] with -1 where there is no loss."""
    targets = numpy.where(mask[:, 1:], ids[:, 1:], -1)
    return torch.from_numpy(ids[:, :-1].copy()).to(device), torch.from_numpy(targets).to(device)


def mixed_batch(prose, chat, chat_share, mask_chat, generator, rows, window, device):
    """Rows from both streams. mask_chat False trains on the whole conversation (pretraining), True on the assistant's words."""
    chat_rows = int(generator.binomial(rows, chat_share)) if chat is not None else 0
    parts = []
    if rows - chat_rows:
        parts.append(prose.draw(generator, rows - chat_rows, window))
    if chat_rows:
        ids, mask = chat.draw(generator, chat_rows, window)
        parts.append((ids, mask if mask_chat else numpy.ones_like(mask)))
    ids, masks = (numpy.concatenate(part) for part in zip(*parts))
    return to_tensors(ids, masks, device)
