"""
Makes a tiny encoder of each family whose tokenizer or graph differs from BERT's, under src/modalities/testing/fixtures/families,
and what transformers computes with them.

    python test/reference/encoder_families.py

Random weights. Graphs are exported from transformers' own models; reference vectors come from the same models in PyTorch, one text
at a time, without padding. Needs torch, transformers, tokenizers, onnx; gguf for the reranker as GGUF, which has the weights of the
one that encoders.py wrote.
"""

import json
import warnings
from pathlib import Path

import gguf
import numpy as np
import onnx
import torch
from onnx import numpy_helper
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from torch import nn
from transformers import ModernBertConfig, ModernBertModel, NomicBertConfig, NomicBertModel, XLMRobertaConfig, XLMRobertaModel

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "src/modalities/testing/fixtures"
TEXTS = ["the cat sat on the mat", "Galley serves small models.", "Café Zürich, 1984: what's new?",
         "The lighthouse at the end of the bay had been dark for eleven years when Marta bought it. The notary in the town thought she was joking."]
TRAINING = (ROOT / "models/evaluation-text/evaluation-text.txt").read_text().split("\n")


def unigram() -> Tokenizer:
    made = Tokenizer(models.Unigram())
    made.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(" {2,}", " ")])
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.decoder = decoders.Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    made.train_from_iterator(TRAINING, trainers.UnigramTrainer(vocab_size=400, special_tokens=special, unk_token="<unk>"))
    ids = [("<s>", made.token_to_id("<s>")), ("</s>", made.token_to_id("</s>"))]
    made.post_processor = processors.TemplateProcessing(single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=ids)
    return made


def byte_level() -> Tokenizer:
    made = Tokenizer(models.BPE())
    made.normalizer = normalizers.NFC()
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    made.train_from_iterator(TRAINING, trainers.BpeTrainer(vocab_size=400, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    ids = [(name, made.token_to_id(name)) for name in ("[CLS]", "[SEP]")]
    made.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=ids)
    return made


def word_piece() -> Tokenizer:
    return Tokenizer.from_file(str(FIXTURES / "tiny-embed/tokenizer.json"))


class Hidden(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask):
        return self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state


def randomised(model):
    torch.manual_seed(7)
    for parameter in model.parameters():
        parameter.copy_(torch.randn_like(parameter) * 0.3)
    return model.eval()


def write(path: Path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent="\t", ensure_ascii=False) + "\n")


def write_family(name: str, tokenizer: Tokenizer, model, config: dict, pooling: str) -> list:
    folder = FIXTURES / "families" / name
    (folder / "onnx").mkdir(parents=True, exist_ok=True)
    # No padding: what a graph does about it must not be decided by the example.
    ids, mask = torch.full((2, 5), 7), torch.ones(2, 5, dtype=torch.long)
    axes = {key: {0: "batch", 1: "tokens"} for key in ("input_ids", "attention_mask", "last_hidden_state")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(Hidden(model).eval(), (ids, mask), str(folder / "onnx/model.onnx"), input_names=["input_ids", "attention_mask"],
                          output_names=["last_hidden_state"], dynamic_axes=axes, opset_version=17, dynamo=False)
    write(folder / "tokenizer.json", json.loads(tokenizer.to_str()))
    write(folder / "config.json", config)
    write(folder / "modules.json", [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
        {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
    ])
    write(folder / "1_Pooling/config.json", {f"pooling_mode_{'cls_token' if pooling == 'cls' else 'mean_tokens'}": True})
    rows = []
    for text in TEXTS:
        encoded = tokenizer.encode(text).ids
        batch = torch.tensor([encoded])
        hidden = model(input_ids=batch, attention_mask=torch.ones_like(batch)).last_hidden_state[0]
        pooled = hidden[0] if pooling == "cls" else hidden.mean(dim=0)
        rows.append({"text": text, "ids": encoded, "vector": torch.nn.functional.normalize(pooled, dim=0).tolist()})
    return rows


def write_half_output(name: str):
    """As converters to 16 bits leave a graph: what comes out has 16 bits too."""
    folder = FIXTURES / "families" / name / "onnx"
    model = onnx.load(folder / "model.onnx")
    [output] = model.graph.output
    for node in model.graph.node:
        node.output[:] = ["full" if made == output.name else made for made in node.output]
    model.graph.node.append(onnx.helper.make_node("Cast", ["full"], [output.name], to=onnx.TensorProto.FLOAT16))
    output.type.tensor_type.elem_type = onnx.TensorProto.FLOAT16
    onnx.save(model, folder / "model_fp16.onnx")


def write_rerank_gguf():
    graph = onnx.load(FIXTURES / "tiny-rerank/model.onnx").graph
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    # The exporter names matrices of MatMuls by number, in the order of their use.
    matrices = [weights[node.input[1]].T for node in graph.node if node.op_type == "MatMul" and node.input[1] in weights]
    config = json.loads((FIXTURES / "tiny-rerank/config.json").read_text())
    tokens = sorted(word_piece().get_vocab().items(), key=lambda entry: entry[1])
    writer = gguf.GGUFWriter(str(FIXTURES / "tiny-rerank-f32.gguf"), "bert")
    writer.add_name("tiny-rerank")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_layer_norm_eps(1e-12)
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.RANK)
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("default")
    writer.add_token_type_count(2)
    writer.add_token_list([token if token.startswith("[") else token[2:] if token.startswith("##") else "\u2581" + token for token, _ in tokens])
    writer.add_token_types([gguf.TokenType.CONTROL if number < 5 else gguf.TokenType.NORMAL for number in range(len(tokens))])
    names = [token for token, _ in tokens]
    for add, name in ((writer.add_pad_token_id, "[PAD]"), (writer.add_unk_token_id, "[UNK]"), (writer.add_bos_token_id, "[CLS]"),
                      (writer.add_sep_token_id, "[SEP]"), (writer.add_eos_token_id, "[SEP]"), (writer.add_mask_token_id, "[MASK]")):
        add(names.index(name))
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(True)
    add = lambda name, array: writer.add_tensor(name, np.ascontiguousarray(array, dtype=np.float32))
    by_name = lambda suffix: next(array for key, array in weights.items() if key.endswith(suffix))
    add("token_embd.weight", by_name("word_embeddings.weight"))
    add("position_embd.weight", by_name("position_embeddings.weight"))
    add("token_types.weight", by_name("token_type_embeddings.weight"))
    for part in ("weight", "bias"):
        add(f"token_embd_norm.{part}", by_name(f"embeddings.LayerNorm.{part}"))
    order = {"attention.self.query": "attn_q", "attention.self.key": "attn_k", "attention.self.value": "attn_v",
             "attention.output.dense": "attn_output", "intermediate.dense": "ffn_up", "output.dense": "ffn_down"}
    for layer in range(config["num_hidden_layers"]):
        for place, (source, target) in enumerate(order.items()):
            add(f"blk.{layer}.{target}.weight", matrices[layer * len(order) + place])
            add(f"blk.{layer}.{target}.bias", weights[f"bert.encoder.layer.{layer}.{source}.bias"])
        for source, target in {"attention.output.LayerNorm": "attn_output_norm", "output.LayerNorm": "layer_output_norm"}.items():
            for part in ("weight", "bias"):
                add(f"blk.{layer}.{target}.{part}", weights[f"bert.encoder.layer.{layer}.{source}.{part}"])
    add("cls.weight", by_name("pooler.dense.weight"))
    add("cls.bias", by_name("pooler.dense.bias"))
    head = [key for key in weights if "classifier" in key or key.startswith("head.")]
    for key in head:
        add(f"cls.output.{key.rsplit('.', 1)[1]}", weights[key])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@torch.no_grad()
def main():
    size = dict(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, attn_implementation="eager")
    reference = {}
    pieces = unigram()
    config = XLMRobertaConfig(vocab_size=pieces.get_vocab_size(), max_position_embeddings=130, type_vocab_size=1, pad_token_id=1, **size)
    reference["tiny-xlm-roberta"] = write_family("tiny-xlm-roberta", pieces, randomised(XLMRobertaModel(config, add_pooling_layer=False)), {
        "architectures": ["XLMRobertaModel"], "model_type": "xlm-roberta", "pad_token_id": 1, "hidden_size": 16, "max_position_embeddings": 130}, "mean")
    pieces = byte_level()
    config = ModernBertConfig(vocab_size=pieces.get_vocab_size(), max_position_embeddings=256, pad_token_id=0, cls_token_id=2, sep_token_id=3, bos_token_id=2,
                              eos_token_id=3, local_attention=16, global_attn_every_n_layers=2, **size)
    reference["tiny-modernbert"] = write_family("tiny-modernbert", pieces, randomised(ModernBertModel(config)), {
        "architectures": ["ModernBertModel"], "model_type": "modernbert", "pad_token_id": 0, "hidden_size": 16, "max_position_embeddings": 256}, "cls")
    pieces = word_piece()
    config = NomicBertConfig(vocab_size=pieces.get_vocab_size(), max_position_embeddings=256, pad_token_id=0, **size)
    reference["tiny-nomic-bert"] = write_family("tiny-nomic-bert", pieces, randomised(NomicBertModel(config, add_pooling_layer=False)), {
        "architectures": ["NomicBertModel"], "model_type": "nomic_bert", "pad_token_id": 0, "n_embd": 16, "n_positions": 256}, "mean")
    write_half_output("tiny-modernbert")
    write(FIXTURES / "families/reference.json", reference)
    write_rerank_gguf()


main()
