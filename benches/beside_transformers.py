"""Models that the stages of specs/convert make of safetensors, beside transformers itself.

    beside_transformers.py XLT VOCABULARY.gguf

Small models of random weights are saved by transformers with the vocabulary of a GGUF whose tokenizer is SmolLM2's, converted to
F32 by `xlt run`, and asked twenty questions. Of each: whether transformers' tokenizer makes the same tokens of the prompt, and how
far the log-probabilities of its four labels are from transformers' in 32 bits. Run with an interpreter that has the packages of
specs/convert/requirements.txt and gguf.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import gguf
import tokenizers
import torch
import transformers

ITEMS = 20
LABELS = ["1", "2", "3", "4"]
SIZES = dict(
    hidden_size=128, intermediate_size=320, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2,
    max_position_embeddings=1024, initializer_range=0.12, bos_token_id=1, eos_token_id=2,
)
KINDS = {
    "llama": lambda words: transformers.LlamaForCausalLM(
        transformers.LlamaConfig(vocab_size=words, rope_theta=1e5, tie_word_embeddings=True, **SIZES)
    ),
    "qwen3": lambda words: transformers.Qwen3ForCausalLM(
        transformers.Qwen3Config(vocab_size=words, head_dim=32, tie_word_embeddings=False, **SIZES)
    ),
}
STAGES = pathlib.Path(__file__).resolve().parent.parent / "specs" / "convert"
SPEC = """
name = "beside"
[models]
{models}
[languages]
one = ["eng_Latn"]
[data.rows]
file = "rows.jsonl"
key = "id"
fields = {{ passage = "text", question = "question", options = ["a", "b", "c", "d"], answer = "answer" }}
[prompt]
body = "{{{{ passage }}}}\\n{{{{ question }}}}\\n{{{{ options_block }}}}\\nAnswer:"
delimiter = " "
labels = ["1", "2", "3", "4"]
[modes.direct]
[conditions]
base = {{ modes = ["direct"] }}
[evaluate]
data = "rows"
languages = "one"
kv = "F32"
[stages.converter]
program = "python3"
args = ["{{in.script}}", "{{out.llama}}"]
inputs = {{ script = "{stages}/converter.py" }}
outputs = {{ llama = "llama.cpp" }}
[stages.convert]
program = "python3"
args = [
    "{{in.script}}", "--converter", "{{in.converter}}", "--requirements", "{{in.requirements}}", "--name", "{{model}}",
    "--type", "f32", "--out", "{{out.gguf}}", "{{in.model}}", "{{in.config}}", "{{in.tokenizer}}", "{{in.tokenizer_config}}",
]
outputs = {{ gguf = "{{model}}.gguf" }}
matrix = {{ model = [{names}] }}
[stages.convert.inputs]
script = "{stages}/convert.py"
requirements = "{stages}/requirements.txt"
converter = "stage:converter"
model = "{{model}}/model.safetensors"
config = "{{model}}/config.json"
tokenizer = "{{model}}/tokenizer.json"
tokenizer_config = "{{model}}/tokenizer_config.json"
"""


def tokenizer(path: str) -> transformers.PreTrainedTokenizerFast:
    """SmolLM2's tokenizer, put together of the words and merges in a GGUF."""
    fields = gguf.GGUFReader(path).fields
    words = fields["tokenizer.ggml.tokens"].contents()
    merges = [tuple(merge.split(" ")) for merge in fields["tokenizer.ggml.merges"].contents()]
    kinds = fields["tokenizer.ggml.token_type"].contents()
    model = tokenizers.models.BPE({word: at for at, word in enumerate(words)}, merges)
    made = tokenizers.Tokenizer(model)
    made.pre_tokenizer = tokenizers.pre_tokenizers.Sequence(
        [tokenizers.pre_tokenizers.Digits(individual_digits=True), tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    made.decoder = tokenizers.decoders.ByteLevel()
    special = [word for word, kind in zip(words, kinds) if kind == gguf.TokenType.CONTROL]
    made.add_special_tokens([tokenizers.AddedToken(word, special=True, normalized=False) for word in special])
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, bos_token=words[1], eos_token=words[2], pad_token=words[2], unk_token=words[0]
    )


def rows() -> str:
    """Twenty questions; what they say does not matter."""
    scripts = ["the number of cups", "שלום לכולם", "كم عدد الكتب", "ሰላም ለዓለም", "çok güzel, değil mi?"]
    row = lambda at: dict(
        id=str(at), text=f"{scripts[at % 5]} {at * 37} -- {'again ' * (at % 7)}", question=f"Which of {at + 3}?", answer=1 + at % 4,
        a=f"one {at}", b="two", c=f"{at}{at}", d="none of these",
    )
    return "".join(json.dumps(row(at), ensure_ascii=False) + "\n" for at in range(ITEMS))


def lines(xlt: str, folder: pathlib.Path, *args: str) -> list[dict]:
    """What a command prints, an object a line."""
    text = subprocess.run([xlt, *args], cwd=folder, check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in text.splitlines()]


def compare(xlt: str, folder: pathlib.Path, name: str, words: transformers.PreTrainedTokenizerFast) -> tuple[float, float, int]:
    """Greatest and mean distance of a model's log-probabilities, and how many prompts have other tokens."""
    model = transformers.AutoModelForCausalLM.from_pretrained(folder / name, dtype=torch.float32).eval()
    answers = {item["key"]: item for item in lines(xlt, folder, "items", f"evaluate/{name}/base/eng_Latn/direct", "--json")}
    distances, other = [], 0
    for key, answer in answers.items():
        [shown] = lines(xlt, folder, "show", key, "--json", "--model", name)
        ids = [token["id"] for token in shown["prompt_tokens"]]
        other += words(shown["prompt"], add_special_tokens=False)["input_ids"] != ids
        with torch.no_grad():
            logits = model(torch.tensor([ids])).logits[0, -1].double()
        expected = torch.log_softmax(logits, -1)
        labels = [option["tokens"][-1]["id"] for option in shown["options"]]
        distances += [abs(got - expected[at].item()) for got, at in zip(answer["logprobs"], labels)]
    return max(distances), sum(distances) / len(distances), other


def main() -> None:
    xlt, vocabulary = os.path.abspath(sys.argv[1]), sys.argv[2]
    words = tokenizer(vocabulary)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        os.environ.update(XLT_CACHE=str(folder / "cache"), XLT_STATE=str(folder / "state"))
        os.environ["PATH"] = f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}"
        (folder / "rows.jsonl").write_text(rows())
        for name, make in KINDS.items():
            torch.manual_seed(1)
            make(len(words)).save_pretrained(folder / name)
            words.save_pretrained(folder / name)
        models = "\n".join(f'{name} = {{ file = "stage:convert", chat = "none" }}' for name in KINDS)
        names = ", ".join(f'"{name}"' for name in KINDS)
        (folder / "spec.toml").write_text(SPEC.format(models=models, names=names, stages=STAGES))
        subprocess.run([xlt, "run", "spec.toml", "--allow-commands"], cwd=folder, check=True, stdout=sys.stderr)
        print("| model | prompts | tokenized otherwise | greatest distance, nats | mean |\n|---|---:|---:|---:|---:|")
        for name in KINDS:
            most, mean, other = compare(xlt, folder, name, words)
            print(f"| {name} | {ITEMS} | {other} | {most:.1e} | {mean:.1e} |")


if __name__ == "__main__":
    main()
