"""Makes a larger model that computes the same as a trained one: more layers and more key/value heads to learn new things with."""
from dataclasses import replace

import torch

from model import ModelConfig, StarterModel


def grow(weights, config, layers, kv_heads):
    """weights: a state dict of the shape `config`. -> (model, its config). New layers stand before the last two of the old ones
    and add nothing at first (the last matrix of each branch is zero); a key/value head is repeated for the query heads that shared it."""
    if layers < config.layers or kv_heads % config.kv_heads or config.heads % kv_heads:
        raise ValueError(f"a model of {config.layers} layers and {config.kv_heads} key/value heads can't grow to {layers} and {kv_heads}")
    larger = replace(config, layers=layers, kv_heads=kv_heads)
    model, state = StarterModel(larger), {}
    insert_at, new_layers = max(1, config.layers - 2), layers - config.layers
    for name, weight in weights.items():
        parts = name.split(".")
        if parts[0] == "blocks" and int(parts[1]) >= insert_at:
            parts[1] = str(int(parts[1]) + new_layers)
        if len(parts) > 2 and parts[2] in ("key", "value"):
            heads = weight.view(config.kv_heads, config.head_size, config.width)
            weight = heads.repeat_interleave(kv_heads // config.kv_heads, 0).reshape(-1, config.width)
        state[".".join(parts)] = weight
    missing, unexpected = model.load_state_dict(state, strict=False)
    if unexpected or any(int(name.split(".")[1]) not in range(insert_at, insert_at + new_layers) for name in missing):
        raise ValueError(f"weights do not fit: missing {missing}, unexpected {unexpected}")
    return model, larger


def load_grown(path, layers, kv_heads):
    saved = torch.load(path, map_location="cpu")
    return grow(saved["model"], ModelConfig(**saved["config"]), layers, kv_heads)
