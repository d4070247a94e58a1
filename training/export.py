"""Checkpoint -> GGUF of architecture `llama`, F16 or Q8_0, with tokenizer and chat template inside."""
import argparse
import os

import torch

from chat_format import CHAT_TEMPLATE
from gguf_writer import FILE_TYPES, write_gguf
from tokenizer import Tokenizer

NORMAL, CONTROL, USER_DEFINED, UNUSED = 1, 3, 4, 5

BLOCK_NAMES = {
    "attention_norm": "attn_norm", "query": "attn_q", "key": "attn_k", "value": "attn_v", "output": "attn_output",
    "feed_forward_norm": "ffn_norm", "gate": "ffn_gate", "up": "ffn_up", "down": "ffn_down",
}


def tensor_name(name):
    """`blocks.3.query.weight` -> `blk.3.attn_q.weight`. The output matrix is the embedding, so GGUF has no `output.weight`."""
    parts = name.split(".")
    if parts[0] == "blocks":
        return f"blk.{parts[1]}.{BLOCK_NAMES[parts[2]]}.weight"
    return {"embedding.weight": "token_embd.weight", "final_norm.weight": "output_norm.weight"}[name]


def token_type(token, number, first_special):
    if number < first_special:
        return NORMAL
    if token.startswith("<|reserved"):
        return UNUSED
    # <tool_call>, <think>: marks that a client may see in the text; <|im_end|> and the like are never text.
    return CONTROL if token.startswith("<|") else USER_DEFINED


def metadata_of(config, tokenizer, file_type, name, size_label, version):
    return {
        "general.architecture": "llama", "general.type": "model", "general.name": name, "general.basename": "starter-chat",
        "general.version": version, "general.size_label": size_label, "general.organization": "Galley",
        "general.license": "apache-2.0", "general.tags": ["text-generation", "chat", "starter"], "general.languages": ["en"],
        "general.description": "A very small chat model trained from scratch on open text; see MODEL_CARD.md",
        "general.file_type": FILE_TYPES[file_type], "general.quantization_version": 2,
        "llama.context_length": config["context"], "llama.embedding_length": config["width"], "llama.block_count": config["layers"],
        "llama.feed_forward_length": config["feed_forward"], "llama.attention.head_count": config["heads"],
        "llama.attention.head_count_kv": config["kv_heads"], "llama.attention.layer_norm_rms_epsilon": float(config["norm_epsilon"]),
        "llama.rope.dimension_count": config["width"] // config["heads"], "llama.rope.freq_base": float(config["rope_base"]),
        "llama.vocab_size": config["vocabulary"],
        "tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "gpt-2", "tokenizer.ggml.tokens": tokenizer.tokens,
        "tokenizer.ggml.token_type": [token_type(token, number, tokenizer.first_special) for number, token in enumerate(tokenizer.tokens)],
        "tokenizer.ggml.merges": [f"{left} {right}" for left, right in tokenizer.merges],
        "tokenizer.ggml.bos_token_id": tokenizer.ids["<|endoftext|>"], "tokenizer.ggml.eos_token_id": tokenizer.ids["<|im_end|>"],
        "tokenizer.ggml.eot_token_id": tokenizer.ids["<|im_end|>"], "tokenizer.ggml.padding_token_id": tokenizer.ids["<|endoftext|>"],
        "tokenizer.ggml.add_bos_token": False, "tokenizer.ggml.add_eos_token": False, "tokenizer.chat_template": CHAT_TEMPLATE,
    }


def export(checkpoint, tokenizer_path, output, file_type, name="Starter Chat", version="1.0"):
    saved, tokenizer = torch.load(checkpoint, map_location="cpu"), Tokenizer.load(tokenizer_path)
    config = saved["config"]
    if len(tokenizer) != config["vocabulary"]:
        raise ValueError(f"the tokenizer has {len(tokenizer)} tokens, the model {config['vocabulary']}")
    tensors = {tensor_name(key): weight.float().numpy() for key, weight in saved["model"].items()}
    parameters = sum(array.size for array in tensors.values())
    write_gguf(output + ".part", metadata_of(config, tokenizer, file_type, name, f"{parameters / 1e6:.0f}M", version), tensors, file_type)
    os.replace(output + ".part", output)
    print(f"{output}: {parameters / 1e6:.2f} M parameters, {os.path.getsize(output) / 1e6:.1f} MB, {file_type}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", default="training/work")
    parser.add_argument("--checkpoint", default="tuned", help="name of the checkpoint in --work: tuned or pretrained")
    parser.add_argument("--type", choices=["F16", "Q8_0", "F32"], default="Q8_0")
    parser.add_argument("--output", default="models/starter-chat/starter-chat-q8_0.gguf")
    parser.add_argument("--version", default="1.0")
    options = parser.parse_args()
    export(os.path.join(options.work, f"{options.checkpoint}.pt"), os.path.join(options.work, "tokenizer.json"), options.output, options.type, version=options.version)


if __name__ == "__main__":
    main()
