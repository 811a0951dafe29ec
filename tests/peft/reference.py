"""What transformers and PEFT compute with an adapter for the tiny model: the file logits.json, which main.rs compares with xlt.

Nothing here comes from xlt but the tiny model's weights: their order is undone and the adapter is made by this script, and the
model and the adapter are computed in 32 bits by transformers and PEFT.

    python3 -m venv VENV
    VENV/bin/pip install transformers==5.23.0 torch==2.15.0 peft==0.21.2 safetensors==0.8.0 gguf==0.19.0
    cargo test --release --test peft  # leaves model.gguf in target/tmp/peft
    VENV/bin/python tests/peft/reference.py target/tmp/peft/model.gguf > tests/peft/logits.json

The values in logits.json were made with these versions and Python 3.11 on an x86 processor.
"""
import json
import sys
import tempfile
from pathlib import Path

import gguf
import numpy as np
import torch
from peft import PeftModel
from safetensors.numpy import save_file
from transformers import LlamaConfig, LlamaForCausalLM

HEADS, KV_HEADS, LAYERS, WIDTH, HIDDEN = 4, 2, 2, 64, 128
TOKENS = [556, 17, 250, 3, 99, 42, 7, 7, 128, 511, 64, 5, 211]
RANK = 3
CONFIG = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": RANK, "lora_alpha": 6, "bias": "none", "inference_mode": True}


def unpermute(weight, heads):
    """Undoes `permute` of llama.cpp's converter."""
    return weight.reshape(heads, weight.shape[0] // heads // 2, 2, -1).swapaxes(1, 2).reshape(weight.shape)


def model(path):
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, LAYERS)
    tensors = {tensor.name: np.array(tensor.data) for tensor in gguf.GGUFReader(path).tensors}
    vocabulary = tensors["token_embd.weight"].shape[0]
    made = LlamaForCausalLM(LlamaConfig(
        vocab_size=vocabulary, hidden_size=WIDTH, intermediate_size=HIDDEN, num_hidden_layers=LAYERS, num_attention_heads=HEADS,
        num_key_value_heads=KV_HEADS, rms_norm_eps=1e-5, rope_theta=10000.0, tie_word_embeddings=False,
    )).float()
    state = {}
    for name in made.state_dict():
        weight = tensors[names.get_name(name, try_suffixes=(".weight",))]
        heads = HEADS if name.endswith("q_proj.weight") else KV_HEADS if name.endswith("k_proj.weight") else None
        state[name] = torch.tensor(unpermute(weight, heads) if heads else weight)
    made.load_state_dict(state)
    return made.eval(), vocabulary


def adapter(vocabulary):
    """Matrices of numbers that main.rs makes likewise: by their place among all, in the order of the names."""
    kv = WIDTH // HEADS * KV_HEADS
    sizes = {"self_attn.q_proj": (WIDTH, WIDTH), "self_attn.k_proj": (kv, WIDTH), "self_attn.v_proj": (kv, WIDTH),
             "self_attn.o_proj": (WIDTH, WIDTH), "mlp.gate_proj": (HIDDEN, WIDTH), "mlp.up_proj": (HIDDEN, WIDTH),
             "mlp.down_proj": (WIDTH, HIDDEN)}
    modules = {f"model.layers.{layer}.{name}": size for layer in range(LAYERS) for name, size in sizes.items()}
    modules["lm_head"] = (vocabulary, WIDTH)
    shapes = {}
    for name, (outputs, inputs) in modules.items():
        shapes[f"base_model.model.{name}.lora_A.weight"] = (RANK, inputs)
        shapes[f"base_model.model.{name}.lora_B.weight"] = (outputs, RANK)
    tensors, at = {}, 0
    for name in sorted(shapes):
        places = np.arange(at, at + np.prod(shapes[name]), dtype=np.uint64)
        at += len(places)
        numbers = (places * 2654435761 % 2**32).astype(np.float64) / 2**32 - 0.5
        tensors[name] = numbers.astype(np.float32).reshape(shapes[name])
    config = CONFIG | {"target_modules": sorted({name.split(".")[-1] for name in modules})}
    return tensors, config


def logits(made):
    with torch.no_grad():
        return [round(logit, 6) for logit in made(torch.tensor([TOKENS])).logits[0, -1].tolist()]


made, vocabulary = model(sys.argv[1])
plain = logits(made)
with tempfile.TemporaryDirectory() as folder:
    tensors, config = adapter(vocabulary)
    save_file(tensors, Path(folder) / "adapter_model.safetensors")
    (Path(folder) / "adapter_config.json").write_text(json.dumps(config))
    adapted = logits(PeftModel.from_pretrained(made, folder).eval())
print(json.dumps({"tokens": TOKENS, "plain": plain, "adapted": adapted}))
