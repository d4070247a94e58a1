"""A Llama-architecture decoder: RMSNorm before each block, grouped-query attention with RoPE, SwiGLU, no biases, tied embeddings.

RoPE turns neighbouring pairs (2i, 2i + 1), which is what GGUF's `llama` architecture expects: export needs no permutation of rows.
"""
from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as functional
from torch import nn


@dataclass
class ModelConfig:
    vocabulary: int = 8192
    width: int = 256
    layers: int = 6
    heads: int = 4
    kv_heads: int = 2
    feed_forward: int = 768
    context: int = 1024
    rope_base: float = 10000.0
    norm_epsilon: float = 1e-5
    dropout: float = 0.0

    @property
    def head_size(self):
        return self.width // self.heads

    def to_dict(self):
        return asdict(self)


class RMSNorm(nn.Module):
    def __init__(self, width, epsilon):
        super().__init__()
        self.weight, self.epsilon = nn.Parameter(torch.ones(width)), epsilon

    def forward(self, x):
        scale = torch.rsqrt(x.float().pow(2).mean(-1, keepdim=True) + self.epsilon)
        return x * scale.to(x.dtype) * self.weight.to(x.dtype)


def rotation_table(config):
    """[context, head_size / 2] angles: position x base^(-2i / head_size)."""
    frequencies = config.rope_base ** (-torch.arange(0, config.head_size, 2, dtype=torch.float64) / config.head_size)
    return torch.outer(torch.arange(config.context, dtype=torch.float64), frequencies).float()


def rotate(x, angles):
    """x [batch, tokens, heads, head_size]; angles [tokens, head_size / 2]."""
    angles = angles[None, :, None, :]
    if x.is_cuda:  # torch.compile fuses these; it can't handle complex numbers
        even, odd, cosine, sine = x[..., 0::2].float(), x[..., 1::2].float(), angles.cos(), angles.sin()
        return torch.stack((even * cosine - odd * sine, even * sine + odd * cosine), -1).flatten(-2).to(x.dtype)
    # On the CPU one complex multiplication is one pass over memory instead of eight.
    pairs = torch.view_as_complex(x.reshape(*x.shape[:-1], -1, 2))
    return torch.view_as_real(pairs * torch.polar(torch.ones_like(angles), angles)).flatten(-2)


def causal_attention(query, key, value):
    """query [batch, kv_heads, group, tokens, size]; key, value [batch, kv_heads, past + tokens, size] -> like query."""
    batch, kv_heads, group, tokens, size = query.shape
    keys = key.shape[2]
    if hasattr(functional, "scaled_dot_product_attention"):
        flat = query.reshape(batch, kv_heads * group, tokens, size)
        key, value = (part.repeat_interleave(group, 1) for part in (key, value))
        mask = None if tokens in (1, keys) else torch.ones(tokens, keys, dtype=torch.bool, device=query.device).tril(keys - tokens)
        result = functional.scaled_dot_product_attention(flat, key, value, attn_mask=mask, is_causal=mask is None and tokens > 1)
        return result.reshape(query.shape)
    # All heads of one group share keys: one larger product instead of a repeated key.
    scores = (query.reshape(batch, kv_heads, group * tokens, size) * size ** -0.5) @ key.transpose(-1, -2)
    future = torch.full((tokens, keys), float("-inf"), device=query.device).triu(keys - tokens + 1)
    weights = torch.softmax(scores.view(batch, kv_heads, group, tokens, keys) + future, -1)
    return (weights.view(batch, kv_heads, group * tokens, keys) @ value).view(query.shape)


class Block(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        kv_width = config.kv_heads * config.head_size
        self.attention_norm = RMSNorm(config.width, config.norm_epsilon)
        self.query = nn.Linear(config.width, config.width, bias=False)
        self.key = nn.Linear(config.width, kv_width, bias=False)
        self.value = nn.Linear(config.width, kv_width, bias=False)
        self.output = nn.Linear(config.width, config.width, bias=False)
        self.feed_forward_norm = RMSNorm(config.width, config.norm_epsilon)
        self.gate = nn.Linear(config.width, config.feed_forward, bias=False)
        self.up = nn.Linear(config.width, config.feed_forward, bias=False)
        self.down = nn.Linear(config.feed_forward, config.width, bias=False)
        self.dropout = nn.Dropout(config.dropout)

    def attention(self, x, angles, past):
        config, (batch, tokens, _) = self.config, x.shape
        group = config.heads // config.kv_heads
        query = rotate(self.query(x).view(batch, tokens, config.heads, config.head_size), angles)
        key = rotate(self.key(x).view(batch, tokens, config.kv_heads, config.head_size), angles).transpose(1, 2)
        value = self.value(x).view(batch, tokens, config.kv_heads, config.head_size).transpose(1, 2)
        if past is not None:
            key, value = past.extend(key, value)
        query = query.view(batch, tokens, config.kv_heads, group, config.head_size).permute(0, 2, 3, 1, 4)
        mixed = causal_attention(query, key, value)
        return self.output(mixed.permute(0, 3, 1, 2, 4).reshape(batch, tokens, config.width))

    def forward(self, x, angles, past=None):
        x = x + self.dropout(self.attention(self.attention_norm(x), angles, past))
        normed = self.feed_forward_norm(x)
        return x + self.dropout(self.down(functional.silu(self.gate(normed)) * self.up(normed)))


class Past:
    """Keys and values of the tokens seen so far, one object a layer; used for generation only."""

    def __init__(self):
        self.key = self.value = None

    def extend(self, key, value):
        self.key = key if self.key is None else torch.cat((self.key, key), 2)
        self.value = value if self.value is None else torch.cat((self.value, value), 2)
        return self.key, self.value


class StarterModel(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocabulary, config.width)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.final_norm = RMSNorm(config.width, config.norm_epsilon)
        self.register_buffer("angles", rotation_table(config), persistent=False)
        for name, weight in self.named_parameters():
            if weight.dim() == 2:
                # Blocks start as the identity: the last matrix of each branch is zero.
                is_branch_end = name.endswith(("output.weight", "down.weight"))
                nn.init.normal_(weight, std=0.0 if is_branch_end else 0.02)

    def forward(self, ids, pasts=None):
        """ids [batch, tokens] -> hidden states after the final norm [batch, tokens, width]."""
        start = pasts[0].key.shape[2] if pasts and pasts[0].key is not None else 0
        angles = self.angles[start:start + ids.shape[1]]
        x = self.embedding(ids)
        for number, block in enumerate(self.blocks):
            x = block(x, angles, pasts[number] if pasts else None)
        return self.final_norm(x)

    def logits(self, hidden):
        return hidden @ self.embedding.weight.t()

    def number_of_parameters(self):
        return sum(weight.numel() for weight in self.parameters())


class TiedCrossEntropy(torch.autograd.Function):
    """Mean cross-entropy of hidden @ embedding.T, a chunk of rows at a time: the full logits are never in memory.

    Both gradients are computed in the forward pass, while the chunk's probabilities are at hand. Target -1 is ignored.
    """

    @staticmethod
    def forward(context, hidden, embedding, targets, z_weight, chunk):
        number_of_targets = (targets >= 0).sum().clamp(min=1)
        matrix = embedding.to(hidden.dtype)
        hidden_gradient, embedding_gradient = torch.empty_like(hidden), torch.zeros_like(embedding)
        total = torch.zeros((), device=hidden.device)
        for start in range(0, len(hidden), chunk):
            part = slice(start, start + chunk)
            target, valid = targets[part].clamp(min=0), (targets[part] >= 0).float()
            logits = (hidden[part] @ matrix.t()).float()
            log_sum = logits.logsumexp(-1)
            total += ((log_sum - logits.gather(1, target[:, None])[:, 0] + z_weight * log_sum ** 2) * valid).sum()
            gradient = logits.sub_(log_sum[:, None]).exp_()
            if z_weight:
                gradient *= (1 + 2 * z_weight * log_sum)[:, None]
            gradient.scatter_add_(1, target[:, None], torch.full_like(log_sum, -1.0)[:, None])
            gradient = (gradient * (valid / number_of_targets)[:, None]).to(hidden.dtype)
            hidden_gradient[part] = gradient @ matrix
            embedding_gradient += (gradient.t() @ hidden[part]).to(embedding.dtype)
        context.save_for_backward(hidden_gradient, embedding_gradient)
        return total / number_of_targets

    @staticmethod
    def backward(context, upstream):
        hidden_gradient, embedding_gradient = context.saved_tensors
        return hidden_gradient * upstream.to(hidden_gradient.dtype), embedding_gradient * upstream, None, None, None


def loss_of(hidden, embedding, targets, z_weight=0.0, chunk=2048):
    return TiedCrossEntropy.apply(hidden.reshape(-1, hidden.shape[-1]), embedding, targets.reshape(-1), z_weight, chunk)
