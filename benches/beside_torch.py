"""How fast PyTorch trains the adapter of the benchmark `finetune`: python beside_torch.py FOLDER MODEL THREADS TURNS

FOLDER/MODEL is a GGUF file in F32, FOLDER/tokens.json a text as token numbers. One step is a pass over all of it but the last
token, the loss on every one, forward, backward and AdamW. Prints the best step's seconds and CPU seconds, and the peak memory.
"""

import json
import pathlib
import resource
import sys
import time

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

folder, name, threads, turns = pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
torch.set_num_threads(threads)
tokens = torch.tensor([json.loads((folder / "tokens.json").read_text())])
base = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32, attn_implementation="sdpa")
model = get_peft_model(base, LoraConfig(r=8, lora_alpha=16, target_modules="all-linear"))
optimizer = torch.optim.AdamW([it for it in model.parameters() if it.requires_grad], lr=1e-3, weight_decay=0.0)
best = [float("inf")] * 2
for _ in range(turns):
    began = time.perf_counter(), time.process_time()
    loss = torch.nn.functional.cross_entropy(model(tokens[:, :-1], use_cache=False).logits[0], tokens[0, 1:])
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    ended = time.perf_counter(), time.process_time()
    best = [min(least, end - start) for least, start, end in zip(best, began, ended)]
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(f"{best[0]} {best[1]} {peak}")
