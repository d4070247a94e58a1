"""starter-rerank: reads question and passage together and gives one score. Late interaction inside the graph of a cross-encoder.

    [CLS] question [SEP] passage [SEP], segments 0 and 1, as every BERT cross-encoder takes them
      -> a vector and a weight for each token
      -> how well question token i matches passage token j: the same token, three softnesses of similar, and the same next to a match (phrases)
      -> best match of i within blocks of BLOCK tokens, then within windows of 1, 2, 4, 8 blocks around each place of the passage
      -> at each place: how much of the question (by weight) is found near it, and whether what stands there is what the question asks for ("when" -> a year)
      -> the best place, beside what the whole passage covers -> score

A transformer of this size has to learn all that from noise; here the form knows what matching is, and minutes of training teach which matches count.
"""
import math

import torch
import torch.nn.functional as functional
from torch import nn

BLOCK = 4
WINDOWS = (1, 3, 5, 9)  # in blocks
CHANNELS = 6
KIND = 24  # numbers that say what a token is, apart from what it means
HIDDEN = 48
SPECIAL = 4  # ids up to this one are [PAD] [UNK] [CLS] [SEP] [MASK]


class Reranker(nn.Module):
    def __init__(self, vocabulary, width=192):
        super().__init__()
        self.table = nn.Embedding(vocabulary, width)
        self.weight = nn.Embedding(vocabulary, 1)
        self.kind = nn.Embedding(vocabulary, KIND)
        self.asked = nn.Linear(KIND, KIND)
        self.sharpness = nn.Parameter(torch.tensor([6.0, 10.0, 16.0]))
        self.threshold = nn.Parameter(torch.tensor([0.3, 0.5, 0.7]))
        features = CHANNELS * (len(WINDOWS) + 1) + len(WINDOWS)
        self.place = nn.Sequential(nn.Linear(features, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 1))
        self.whole = nn.Sequential(nn.Linear(2 * CHANNELS + 3, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, input_ids, attention_mask, token_type_ids):
        """[rows, tokens] each -> logits [rows, 1]"""
        segment = token_type_ids * attention_mask
        ordinary = (input_ids > SPECIAL).to(attention_mask.dtype) * attention_mask
        longest = ((1 - token_type_ids) * attention_mask).sum(1).max()
        in_question = (ordinary * (1 - token_type_ids))[:, :longest].to(self.sharpness.dtype)  # [rows, question]
        in_passage = (ordinary * segment).to(self.sharpness.dtype)  # [rows, tokens]
        vectors = functional.normalize(self.table(input_ids), dim=2)
        weight = functional.softplus(self.weight(input_ids[:, :longest])[:, :, 0]) * in_question
        share = weight / weight.sum(1, keepdim=True).clamp(min=1e-3)
        valid = in_question[:, :, None] * in_passage[:, None, :]
        similar = vectors[:, :longest] @ vectors.transpose(1, 2)
        same = (input_ids[:, :longest, None] == input_ids[:, None, :]).to(valid.dtype)
        degrees = [same * valid] + [torch.sigmoid(self.sharpness[n] * (similar - self.threshold[n])) * valid for n in range(3)]
        for channel in (0, 2):
            # A match whose right neighbours match too: the last row and column have none.
            following = functional.pad(degrees[channel][:, 1:, 1:], (0, 1, 0, 1))
            degrees.append(degrees[channel] * following)
        degrees = torch.stack(degrees, 1)  # [rows, channels, question, tokens]
        rows, tokens = input_ids.shape
        flat = degrees.reshape(rows, -1, tokens)
        blocks = functional.max_pool1d(functional.pad(flat, (0, BLOCK - 1)), BLOCK, BLOCK)
        number = blocks.shape[2]

        def covered(matches):
            """[rows, channels * question, places] -> [rows, channels, places]: share of the question's weight that is matched."""
            return (matches.reshape(rows, CHANNELS, -1, matches.shape[2]) * share[:, None, :, None]).sum(2)

        kinds = torch.tanh(self.kind(input_ids))
        asked = torch.tanh(self.asked((kinds[:, :longest] * share_plain(in_question)).sum(1)))  # [rows, KIND]
        fits = (kinds @ asked[:, :, None])[:, :, 0] / math.sqrt(KIND)
        fits = functional.max_pool1d(functional.pad((fits + 10.0) * in_passage, (0, BLOCK - 1))[:, None], BLOCK, BLOCK)  # [rows, 1, places]
        everywhere = covered(blocks.amax(2, keepdim=True))  # [rows, channels, 1]
        places = [everywhere.expand(rows, CHANNELS, number)]
        for window in WINDOWS:
            around = blocks if window == 1 else functional.max_pool1d(blocks, window, 1, window // 2)
            places.append(covered(around))
            places.append((fits if window == 1 else functional.max_pool1d(fits, window, 1, window // 2)) - 10.0)
        place = self.place(torch.cat(places, 1).transpose(1, 2))[:, :, 0]
        has_words = functional.max_pool1d(functional.pad(in_passage, (0, BLOCK - 1))[:, None], BLOCK, BLOCK)[:, 0]
        place = place - 1e4 * (1 - has_words)
        best = torch.logsumexp(2 * place, 1, keepdim=True) / 2
        mean = covered(flat.sum(2, keepdim=True) / (in_passage.sum(1)[:, None, None] + 20.0) * 10.0)[:, :, 0]
        length = torch.log(in_passage.sum(1, keepdim=True) + 1.0) / 5
        total = torch.log(weight.sum(1, keepdim=True) + 1.0)
        means = (functional.normalize((vectors * in_passage[:, :, None]).sum(1), dim=1) * functional.normalize((vectors[:, :longest] * weight[:, :, None]).sum(1), dim=1)).sum(1, keepdim=True)
        return best + self.whole(torch.cat([everywhere[:, :, 0], mean, length, total, means], 1))


def share_plain(mask):
    return (mask / mask.sum(1, keepdim=True).clamp(min=1.0))[:, :, None]


@torch.no_grad()
def start_from_embedding(model, table, weight):
    """table: the static vectors; weight: how much each token counts (its vector's length), which becomes the weight of a match."""
    model.table.weight.copy_(table[:, :model.table.weight.shape[1]])
    weight = weight / weight.median().clamp(min=1e-6)
    model.weight.weight.copy_(torch.log(torch.expm1(weight.clamp(0.05, 8.0)))[:, None])
    model.kind.weight.mul_(0.3)
