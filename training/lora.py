"""Trains a LoRA adapter on the finished chat model and writes it as PEFT's library does (adapter_config.json, adapter_model.safetensors).

    python3 training/lora.py --task json --data DATA --work WORK --output WORK/adapters/json
    python3 training/lora.py --task category --data DATA --work WORK --output WORK/adapters/category

json: every answer is an object with the fields `kind` and `answer`. category: the category of a quiz question, one of those of OpenTriviaQA
(nothing under eval/ is trained on). Held-out accuracy, with the base model's, goes to OUTPUT/figures.json.
"""
import argparse
import json
import math
import os
import struct
import time

import numpy
import torch
from torch import nn
from torch.nn import functional

from generate import load
from lora_dialogues import DIALOGUES
from prepare_chat import encode_dialogue
from prepare_passages import save
from schedule import TimeBudget, rate_factor
from train_passages import Examples

# Name in this model -> name in a Hugging Face Llama.
MODULES = {"query": "self_attn.q_proj", "key": "self_attn.k_proj", "value": "self_attn.v_proj", "output": "self_attn.o_proj", "gate": "mlp.gate_proj", "up": "mlp.up_proj", "down": "mlp.down_proj"}


class LoraLinear(nn.Module):
    """The frozen matrix plus alpha / rank x B A; B starts as zero."""

    def __init__(self, base, rank, alpha):
        super().__init__()
        self.base, self.scale = base, alpha / rank
        self.a = nn.Parameter(torch.empty(rank, base.in_features))
        self.b = nn.Parameter(torch.zeros(base.out_features, rank))
        nn.init.kaiming_uniform_(self.a, a=math.sqrt(5))

    def forward(self, x):
        return self.base(x) + (x @ self.a.t()) @ self.b.t() * self.scale


def add_adapter(model, modules, rank, alpha):
    """-> {(layer, module): LoraLinear}. Only the adapter's matrices are trained afterwards."""
    model.requires_grad_(False)
    added = {}
    for number, block in enumerate(model.blocks):
        for name in modules:
            added[number, name] = LoraLinear(getattr(block, name), rank, alpha)
            setattr(block, name, added[number, name])
    return added


def to_half_rotated(rows, heads):
    """This model (as GGUF's llama) rotates neighbouring rows (2i, 2i + 1) of a head, Hugging Face's rotates (i, i + size / 2): the rows of a
    query or key matrix are written in that order, and whoever converts a PEFT adapter to GGUF puts them back."""
    return rows.view(heads, -1, 2, rows.shape[1]).transpose(1, 2).reshape(rows.shape)


def write_safetensors(path, tensors):
    """https://huggingface.co/docs/safetensors: length of the header, header in JSON, data."""
    header, data, at = {"__metadata__": {"format": "pt"}}, [], 0
    for name, tensor in sorted(tensors.items()):
        payload = tensor.detach().float().contiguous().numpy().astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [at, at + len(payload)]}
        data.append(payload)
        at += len(payload)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(data))


def write_adapter(folder, added, config, rank, alpha):
    os.makedirs(folder, exist_ok=True)
    heads, tensors = {"query": config.heads, "key": config.kv_heads}, {}
    for (layer, name), linear in added.items():
        prefix = f"base_model.model.model.layers.{layer}.{MODULES[name]}"
        tensors[f"{prefix}.lora_A.weight"] = linear.a
        tensors[f"{prefix}.lora_B.weight"] = to_half_rotated(linear.b.detach(), heads[name]) if name in heads else linear.b
    write_safetensors(os.path.join(folder, "adapter_model.safetensors"), tensors)
    targets = sorted({MODULES[name].split(".")[1] for _, name in added})
    with open(os.path.join(folder, "adapter_config.json"), "w") as file:
        json.dump({"peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": "starter-chat", "r": rank, "lora_alpha": alpha, "lora_dropout": 0.0, "bias": "none",
                   "target_modules": targets, "fan_in_fan_out": False, "inference_mode": True, "init_lora_weights": True, "use_rslora": False, "use_dora": False,
                   "layers_to_transform": None, "layers_pattern": None, "modules_to_save": None, "rank_pattern": {}, "alpha_pattern": {}, "revision": None}, file, indent=2)


def batches(tokenizer, dialogues, work, name, tokens):
    """The dialogues as the examples that training draws from."""
    os.makedirs(os.path.join(work, "tokens"), exist_ok=True)
    encoded = [encode_dialogue(tokenizer, messages) for messages in dialogues]
    encoded = [(ids, spoken, [-1] * len(ids)) for ids, spoken in encoded if len(ids) <= 400]
    save(os.path.join(work, "tokens", f"{name}.npz"), encoded)
    return Examples(work, name, tokens, 1, 0, 1)


def logits_of_said(model, examples, numbers):
    ids, targets, _ = (torch.from_numpy(part) for part in examples.rows(numbers))
    return model.logits(model(ids)), targets


@torch.no_grad()
def accuracy(model, examples, most):
    """Share of the examples whose every token is the most likely one: what greedy decoding says exactly. And the loss of a token."""
    right, nats, said, count = 0, 0.0, 0, min(most, len(examples.starts) - 1)
    for start in range(0, count, 16):
        logits, targets = logits_of_said(model, examples, range(start, min(start + 16, count)))
        right += int(((logits.argmax(-1) == targets) | (targets < 0)).all(1).sum())
        nats += float(functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=-1, reduction="sum"))
        said += int((targets >= 0).sum())
    return {"examples": count, "exactly_right": round(100 * right / count, 1), "nats_a_token": round(nats / said, 3)}


def train_adapter(model, examples, added, options):
    weights = [weight for linear in added.values() for weight in (linear.a, linear.b)]
    optimizer, budget, step, last_print, losses = torch.optim.AdamW(weights, lr=options.rate, betas=(0.9, 0.95), weight_decay=0.0), TimeBudget(options.minutes), 0, time.monotonic(), []
    while budget.progress < 1.0:
        started = time.monotonic()
        ids, targets, _ = (torch.from_numpy(numpy.ascontiguousarray(part)) for part in examples.draw(step))
        said = targets >= 0
        loss = functional.cross_entropy(model.logits(model(ids)[said]), targets[said])
        loss.backward()
        for group in optimizer.param_groups:
            group["lr"] = options.rate * rate_factor(budget.progress, decay=0.7)
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        step, now = step + 1, time.monotonic()
        losses.append(float(loss.detach()))
        budget.add_step(now - started)
        if now - last_print > 20:
            print(f"{options.task} step {step} {100 * budget.progress:.0f} % loss {sum(losses) / len(losses):.3f}", flush=True)
            last_print, losses = now, []
    return step


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", choices=["json", "category"], required=True)
    parser.add_argument("--data", default="training/data")
    parser.add_argument("--work", default="training/work")
    parser.add_argument("--checkpoint", default="passages")
    parser.add_argument("--output", required=True)
    parser.add_argument("--modules", nargs="+", choices=sorted(MODULES), default=["query", "value", "output", "gate", "up", "down"])
    parser.add_argument("--rank", type=int, default=8)
    parser.add_argument("--alpha", type=int, default=16)
    parser.add_argument("--rate", type=float, default=4e-3)
    parser.add_argument("--minutes", type=float, default=8)
    parser.add_argument("--batch-tokens", type=int, default=1024)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--measured", type=int, default=1000, help="held-out examples")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    model, tokenizer, _ = load(options.work, options.checkpoint)
    training, held_out = DIALOGUES[options.task](options.data)
    examples, measured = (batches(tokenizer, dialogues, options.work, f"adapter-{options.task}-{part}", options.batch_tokens) for part, dialogues in (("train", training), ("test", held_out)))
    figures = {"task": options.task, "rank": options.rank, "alpha": options.alpha, "base": accuracy(model, measured, options.measured)}
    added = add_adapter(model, options.modules, options.rank, options.alpha)
    figures["steps"] = train_adapter(model, examples, added, options)
    figures["with_adapter"] = accuracy(model, measured, options.measured)
    write_adapter(options.output, added, model.config, options.rank, options.alpha)
    with open(os.path.join(options.output, "figures.json"), "w") as file:
        json.dump(figures, file, indent=1)
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
