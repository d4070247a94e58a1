"""Greedy or sampled text from a checkpoint, with PyTorch. For looking at a model while it trains; Galley serves the GGUF."""
import argparse
import os

import torch

from chat_format import render
from model import ModelConfig, Past, StarterModel
from tokenizer import Tokenizer


def load(work, checkpoint):
    saved = torch.load(os.path.join(work, f"{checkpoint}.pt"), map_location="cpu")
    model = StarterModel(ModelConfig(**saved["config"]))
    model.load_state_dict(saved["model"])
    return model.eval(), Tokenizer.load(os.path.join(work, "tokenizer.json")), saved


@torch.no_grad()
def generate(model, tokenizer, prompt, max_tokens=120, temperature=0.0):
    """prompt: text with special tokens -> the continuation, without the end mark."""
    ends = {tokenizer.ids["<|im_end|>"], tokenizer.ids["<|endoftext|>"]}
    max_tokens = min(max_tokens, model.config.context // 2)
    ids, out, pasts = tokenizer.encode(prompt)[-(model.config.context - max_tokens):], [], [Past() for _ in model.blocks]
    for _ in range(max_tokens):
        logits = model.logits(model(torch.tensor([ids]), pasts)[0, -1]).float()
        chosen = int(torch.multinomial(torch.softmax(logits / temperature, 0), 1)) if temperature else int(logits.argmax())
        if chosen in ends:
            break
        out.append(chosen)
        ids = [chosen]
    return tokenizer.decode(out).strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("prompt")
    parser.add_argument("--work", default="training/work")
    parser.add_argument("--checkpoint", default="tuned")
    parser.add_argument("--system", default="")
    parser.add_argument("--plain", action="store_true", help="continue the prompt as prose instead of answering it")
    parser.add_argument("--temperature", type=float, default=0.0)
    options = parser.parse_args()
    model, tokenizer, _ = load(options.work, options.checkpoint)
    messages = ([("system", options.system)] if options.system else []) + [("user", options.prompt)]
    prompt = options.prompt if options.plain else render(messages, add_generation_prompt=True)
    print(generate(model, tokenizer, prompt, temperature=options.temperature))


if __name__ == "__main__":
    main()
