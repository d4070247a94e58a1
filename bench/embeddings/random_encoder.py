"""Writes an encoder of a usual size with random weights, as ONNX (float, int8) and GGUF (Q8_0): speed depends on the shape alone.

    python bench/embeddings/random_encoder.py [--layers 6] [--hidden 384] [--heads 12] [--inner 1536] [--output bench/cache/random-minilm]

The default shape is MiniLM's with starter-embed's tokenizer. Needs what training/retrieval_requirements.txt lists.
"""
import argparse
import os
import sys

import torch
from tokenizers import Tokenizer

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "training"))

from embed_model import Encoder, EncoderConfig  # noqa: E402
from retrieval_export import export_embed  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--hidden", type=int, default=384)
    parser.add_argument("--heads", type=int, default=12)
    parser.add_argument("--inner", type=int, default=1536)
    parser.add_argument("--output", default=os.path.join(ROOT, "bench", "cache", "random-minilm"))
    options = parser.parse_args()
    torch.manual_seed(1)
    torch.set_num_threads(1)
    config = EncoderConfig(hidden_size=options.hidden, num_hidden_layers=options.layers, num_attention_heads=options.heads, intermediate_size=options.inner)
    encoder = Encoder(config)
    for parameter in encoder.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.02)
    tokenizer = Tokenizer.from_file(os.path.join(ROOT, "models", "starter-embed", "tokenizer.json"))
    export_embed(encoder.eval(), tokenizer, options.output, (options.hidden,))
    name = os.path.basename(os.path.normpath(options.output))
    os.replace(os.path.join(options.output, "starter-embed-q8_0.gguf"), os.path.join(options.output, f"{name}-q8_0.gguf"))
    print(options.output)


if __name__ == "__main__":
    main()
