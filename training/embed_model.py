"""BERT's encoder in plain PyTorch, with the tensor names of Hugging Face's BertModel; and how it starts as a static embedding.

    x = LN(word + position + segment);  each layer:  x = LN(x + attention(x)),  x = LN(x + feed-forward(x));  a text = mean of its last x

The start: a layer whose output projections are zero passes a normalised vector through unchanged. A static table has vectors of many lengths, though, and the lengths are what
tells "the" from "volcano". So the last two numbers of a vector are ballast, +b and -b, of the size that brings all vectors to one length, and the last LN multiplies them by zero:
what comes out is the static embedding again, now with layers that can learn to improve on it.
"""
import math
from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as functional
from torch import nn

BALLAST = 2


@dataclass
class EncoderConfig:
    vocab_size: int = 16384
    hidden_size: int = 256
    num_hidden_layers: int = 2
    num_attention_heads: int = 4
    intermediate_size: int = 512
    max_position_embeddings: int = 512
    type_vocab_size: int = 2
    layer_norm_eps: float = 1e-12

    def as_bert(self, architecture):
        return {"architectures": [architecture], "model_type": "bert", **asdict(self), "hidden_act": "gelu", "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0,
                "initializer_range": 0.02, "pad_token_id": 0, "position_embedding_type": "absolute", "torch_dtype": "float32"}


class Embeddings(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.word_embeddings = nn.Embedding(config.vocab_size, config.hidden_size)
        self.position_embeddings = nn.Embedding(config.max_position_embeddings, config.hidden_size)
        self.token_type_embeddings = nn.Embedding(config.type_vocab_size, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def forward(self, ids, segments):
        positions = torch.arange(ids.shape[1], device=ids.device)
        return self.LayerNorm(self.word_embeddings(ids) + self.position_embeddings(positions)[None] + self.token_type_embeddings(segments))


class SelfAttention(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.heads = config.num_attention_heads
        self.query, self.key, self.value = (nn.Linear(config.hidden_size, config.hidden_size) for _ in range(3))

    def forward(self, x, bias):
        """bias: [rows, 1, 1 or tokens, tokens], 0 where a token may look and very negative where not."""
        rows, tokens, width = x.shape
        query, key, value = (part(x).view(rows, tokens, self.heads, width // self.heads).transpose(1, 2) for part in (self.query, self.key, self.value))
        scores = query @ key.transpose(2, 3) / math.sqrt(width // self.heads) + bias
        return (torch.softmax(scores, -1) @ value).transpose(1, 2).reshape(rows, tokens, width)


class Output(nn.Module):
    def __init__(self, inner, config):
        super().__init__()
        self.dense = nn.Linear(inner, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def forward(self, x, residual):
        return self.LayerNorm(self.dense(x) + residual)


class Layer(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.attention = nn.ModuleDict({"self": SelfAttention(config), "output": Output(config.hidden_size, config)})
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(config.hidden_size, config.intermediate_size)})
        self.output = Output(config.intermediate_size, config)

    def forward(self, x, bias):
        x = self.attention["output"](self.attention["self"](x, bias), x)
        return self.output(functional.gelu(self.intermediate["dense"](x)), x)


class Encoder(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.embeddings = Embeddings(config)
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(Layer(config) for _ in range(config.num_hidden_layers))})
        for name, parameter in self.named_parameters():
            if name.endswith("LayerNorm.weight"):
                continue
            is_passed_through = "output.dense" in name or "position" in name or "token_type" in name or name.endswith("bias")
            nn.init.zeros_(parameter) if is_passed_through else nn.init.normal_(parameter, std=0.04)

    def forward(self, ids, mask, segments=None, bias=None):
        """ids, mask: [rows, tokens] -> [rows, tokens, width]"""
        x = self.embeddings(ids, torch.zeros_like(ids) if segments is None else segments)
        bias = (1.0 - mask[:, None, None, :].to(x.dtype)) * -10_000.0 if bias is None else bias
        for layer in self.encoder["layer"]:
            x = layer(x, bias)
        return x

    def last_norm(self):
        return self.encoder["layer"][-1].output.LayerNorm


def mean_pool(hidden, mask):
    mask = mask[:, :, None].to(hidden.dtype)
    return (hidden * mask).sum(1) / mask.sum(1).clamp(min=1.0)


@torch.no_grad()
def start_from_static(encoder, vectors):
    """vectors: [vocabulary, width]; the last BALLAST numbers of each are given up."""
    content = vectors.detach().clone()
    content[:, -BALLAST:] = 0
    content -= content.sum(1, keepdim=True) / (content.shape[1] - BALLAST)
    content[:, -BALLAST:] = 0
    length = content.norm(dim=1, keepdim=True)
    # A few tokens are far longer than the rest; they are shortened rather than letting all others shrink beside the ballast.
    longest = torch.quantile(length, 0.995)
    content *= (longest / length).clamp(max=1.0) * math.sqrt(content.shape[1]) * 0.98 / longest
    ballast = ((content.shape[1] - content.norm(dim=1) ** 2) / 2).clamp(min=0).sqrt()
    content[:, -2], content[:, -1] = ballast, -ballast
    encoder.embeddings.word_embeddings.weight.copy_(content)
    encoder.last_norm().weight[-BALLAST:] = 0


def pad(texts):
    """Token arrays -> ids and mask [rows, longest]."""
    longest = max(len(text) for text in texts)
    ids, mask = torch.zeros(len(texts), longest, dtype=torch.int64), torch.zeros(len(texts), longest, dtype=torch.int64)
    for row, text in enumerate(texts):
        ids[row, :len(text)] = torch.as_tensor(text.astype("int64"))
        mask[row, :len(text)] = 1
    return ids, mask


def encode_rows(texts, encode, tokens=4096):
    """Rows of about equal length together, in parts of at most `tokens` padded tokens; `encode(ids, mask)` -> one vector a row. Back in order."""
    order, parts, part = sorted(range(len(texts)), key=lambda row: len(texts[row])), [], []
    for row in order:
        if part and (len(part) + 1) * len(texts[row]) > tokens:
            parts.append(part)
            part = []
        part.append(row)
    parts.append(part)
    vectors = torch.cat([encode(*pad([texts[row] for row in part])) for part in parts])
    return vectors[torch.argsort(torch.tensor([row for part in parts for row in part]))]
