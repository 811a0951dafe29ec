"""What PEFT makes of the task of the benchmark `peft`: python beside_peft.py FOLDER MODEL float32|float64

Reads FOLDER/MODEL (a GGUF file in F32), the PEFT adapter in FOLDER/adapter and FOLDER/task.json, and writes found.json.
"""

import json
import pathlib
import sys

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

folder, name, real = pathlib.Path(sys.argv[1]), sys.argv[2], getattr(torch, sys.argv[3])

task = json.loads((folder / "task.json").read_text())
torch.set_num_threads(2)
base = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=real, attn_implementation="eager")
model = PeftModel.from_pretrained(base, folder / "adapter", is_trainable=True).to(real)
model.train()
for module in model.modules():
    if isinstance(module, torch.nn.Dropout):
        module.p = 0.0

trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
optimizer = torch.optim.AdamW(trained, lr=0.0, betas=(0.9, 0.999), eps=1e-8, weight_decay=task["decay"])
losses = []
for step, rate in zip(task["steps"], task["rates"]):
    asked = sum(task["examples"][example][1] for example in step)
    total = 0.0
    for example in step:
        tokens, answered = task["examples"][example]
        logits = model(torch.tensor([tokens])).logits[0, -answered - 1 : -1]
        loss = torch.nn.functional.cross_entropy(logits, torch.tensor(tokens[-answered:]), reduction="sum") / asked
        loss.backward()
        total += loss.item()
    optimizer.param_groups[0]["lr"] = rate
    optimizer.step()
    optimizer.zero_grad()
    losses.append(total)

model.eval()
with torch.no_grad():
    rows = [torch.log_softmax(model(torch.tensor([tokens])).logits[0, -1], -1) for tokens in task["held_out"]]
held_out = [[row[label].item() for label in task["labels"]] for row in rows]
(folder / "found.json").write_text(json.dumps({"losses": losses, "held_out": held_out}))
