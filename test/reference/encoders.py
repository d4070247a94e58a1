"""
Makes the tiny encoders under src/modalities/testing/fixtures and what transformers computes with them.

    python test/reference/encoders.py

Random weights: they prove the arithmetic, not the meaning. The ONNX graph is a plain BERT written here; the reference
vectors come from transformers' own BertModel with the same weights, one text at a time, without padding.
Needs torch, transformers, tokenizers, onnx, onnxruntime.
"""

import json
from pathlib import Path

import numpy as np
import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from torch import nn
from transformers import BertConfig, BertForSequenceClassification, BertModel

HERE = Path(__file__).resolve().parents[2] / "src/modalities/testing/fixtures"
WORDS = """the a cat dog sat on mat of and is in to house ship sea galley cooks serves model models small large question
answer passage query search document river water green red run runs open close port fire bread ##s ##ed ##ing ##er""".split()
SIZE = dict(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, max_position_embeddings=64)


def tokenizer() -> Tokenizer:
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)] + list("0123456789.,:!?-")
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *["##" + letter for letter in letters[:36]]]
    vocabulary += [word for word in WORDS if word not in vocabulary]
    ids = {token: index for index, token in enumerate(dict.fromkeys(vocabulary))}
    made = Tokenizer(models.WordPiece(ids, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", ids["[CLS]"]), ("[SEP]", ids["[SEP]"])],
    )
    made.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    return made


class PlainBert(nn.Module):
    """The published equations, without masks made by tracing-unfriendly code."""

    def __init__(self, bert: BertModel, head: nn.Module | None):
        super().__init__()
        self.bert, self.head = bert, head

    def forward(self, input_ids, attention_mask, token_type_ids):
        parts = self.bert.embeddings
        positions = torch.arange(64)[: input_ids.shape[1]]
        hidden = parts.LayerNorm(
            parts.word_embeddings(input_ids)
            + parts.position_embeddings(positions)
            + parts.token_type_embeddings(token_type_ids)
        )
        bias = (1.0 - attention_mask[:, None, None, :].float()) * -1e9
        for layer in self.bert.encoder.layer:
            own = layer.attention.self
            heads = [
                part(hidden).reshape(hidden.shape[0], hidden.shape[1], 2, 8).transpose(1, 2)
                for part in (own.query, own.key, own.value)
            ]
            weights = torch.softmax(heads[0] @ heads[1].transpose(-1, -2) / 8**0.5 + bias, dim=-1)
            mixed = (weights @ heads[2]).transpose(1, 2).reshape(hidden.shape)
            hidden = layer.attention.output(mixed, hidden)
            hidden = layer.output(layer.intermediate(hidden), hidden)
        if self.head is None:
            return hidden
        return self.head(self.bert.pooler(hidden))


def export(model: nn.Module, path: Path, output: str):
    # The exporter puts the mode back that it found: in training mode, dropout would spoil the reference.
    model.eval()
    example = torch.ones(2, 5, dtype=torch.long)
    axes = {name: {0: "batch", 1: "sequence"} for name in ("input_ids", "attention_mask", "token_type_ids")}
    axes[output] = {0: "batch", 1: "sequence"} if output == "last_hidden_state" else {0: "batch"}
    torch.onnx.export(
        model, (example, example, example * 0), str(path), input_names=list(axes)[:3], output_names=[output],
        dynamic_axes=axes, opset_version=17, dynamo=False,
    )
    onnx.checker.check_model(str(path))


def write(directory: Path, files: dict):
    for name, content in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(json.dumps(content, indent="\t", ensure_ascii=False) + "\n")


@torch.no_grad()
def main():
    torch.manual_seed(7)
    words = tokenizer()
    size = words.get_vocab_size()
    common = {
        "tokenizer.json": json.loads(words.to_str()),
        "tokenizer_config.json": {"tokenizer_class": "BertTokenizer", "model_max_length": 64, "do_lower_case": True,
                                  "cls_token": "[CLS]", "sep_token": "[SEP]", "pad_token": "[PAD]", "unk_token": "[UNK]", "mask_token": "[MASK]"},
    }

    def randomised(model):
        for parameter in model.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.3)
        return model.eval()

    bert = randomised(BertModel(BertConfig(vocab_size=size, **SIZE), add_pooling_layer=False))
    embed = HERE / "tiny-embed"
    (embed / "onnx").mkdir(parents=True, exist_ok=True)
    export(PlainBert(bert, None), embed / "onnx/model.onnx", "last_hidden_state")
    quantize_dynamic(str(embed / "onnx/model.onnx"), str(embed / "onnx/model_int8.onnx"), weight_type=QuantType.QInt8)
    write(embed, {
        **common,
        "config.json": {"architectures": ["BertModel"], "model_type": "bert", "vocab_size": size, "pad_token_id": 0, **SIZE,
                        "matryoshka_dimensions": [8, 16]},
        "modules.json": [
            {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
            {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
        ],
        "1_Pooling/config.json": {"word_embedding_dimension": 16, "pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True},
        "sentence_bert_config.json": {"max_seq_length": 48, "do_lower_case": False},
        "config_sentence_transformers.json": {"prompts": {"query": "query: ", "passage": ""}, "default_prompt_name": None,
                                              "similarity_fn_name": "cosine"},
    })
    texts = ["the cat sat on the mat", "Galley serves small models.", "query: river", "", "unknown Wörter 42 !",
             "the ship runs in the sea and the galley cooks bread on the fire, a green house is in the port"]
    vectors = []
    for text in texts:
        ids = torch.tensor([words.encode(text).ids])
        hidden = bert(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state[0]
        mean = torch.nn.functional.normalize(hidden.mean(dim=0), dim=0)
        cls = torch.nn.functional.normalize(hidden[0], dim=0)
        last = torch.nn.functional.normalize(hidden[-1], dim=0)
        vectors.append({"text": text, "ids": ids[0].tolist(), "mean": mean.tolist(), "cls": cls.tolist(), "last": last.tolist()})

    classifier = randomised(BertForSequenceClassification(BertConfig(vocab_size=size, num_labels=1, **SIZE)))
    rerank = HERE / "tiny-rerank"
    rerank.mkdir(parents=True, exist_ok=True)
    export(PlainBert(classifier.bert, classifier.classifier), rerank / "model.onnx", "logits")
    write(rerank, {
        **common,
        "config.json": {"architectures": ["BertForSequenceClassification"], "model_type": "bert", "vocab_size": size,
                        "pad_token_id": 0, "id2label": {"0": "LABEL_0"}, **SIZE},
    })
    query = "what runs in the sea?"
    pairs = []
    for passage in ["the ship runs in the sea", "a cat", "the galley cooks bread and serves a large green model of the house"]:
        encoded = words.encode(query, passage)
        ids, kinds = torch.tensor([encoded.ids]), torch.tensor([encoded.type_ids])
        logit = classifier(input_ids=ids, attention_mask=torch.ones_like(ids), token_type_ids=kinds).logits[0, 0]
        pairs.append({"passage": passage, "ids": encoded.ids, "typeIds": encoded.type_ids, "logit": float(logit)})
    write(HERE, {"reference.json": {"embedding": vectors, "ranking": {"query": query, "pairs": pairs}}})


main()
