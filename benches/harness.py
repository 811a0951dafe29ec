"""Items per second of lm-evaluation-harness's Hugging Face model on Belebele's prompt; ends with 1 where it is not installed.

    python3 harness.py MODEL.gguf ROWS.jsonl LIMIT THREADS
"""
import json
import os
import sys
import time

os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false")
try:
    import torch
    from lm_eval.api.instance import Instance
    from lm_eval.models.huggingface import HFLM
except ImportError:
    sys.exit(1)

model, rows, limit, threads = sys.argv[1:]
torch.set_num_threads(int(threads))
names = ("flores_passage", "mc_answer") if "flores_passage" in open(rows).readline() else ("passage", "option")


def requests(row):
    options = "".join(f"{letter}: {row[names[1] + str(at + 1)]}\n" for at, letter in enumerate("ABCD"))
    context = f"P: {row[names[0]]}\nQ: {row['question'].strip()}\n{options}Answer:"
    return [Instance("loglikelihood", row, (context, " " + letter), at) for at, letter in enumerate("ABCD")]


items = [json.loads(line) for line in open(rows)][: int(limit) or None]
lm = HFLM(pretrained=os.path.dirname(model), gguf_file=os.path.basename(model), dtype="float32", batch_size=1, device="cpu")
begun = time.time()
lm.loglikelihood([request for item in items for request in requests(item)], disable_tqdm=True)
print(len(items) / (time.time() - begun))
