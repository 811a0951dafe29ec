"""Trains an adapter with PEFT as xlt would train it, on whatever machine this runs on.

    peft.py --training FOLDER --base MODEL --out FOLDER [--device cuda] [--dtype float32]

FOLDER is an input `training:ADAPTER` of a command stage: `rows.jsonl` and `settings.json`, which docs/elsewhere.md describes. MODEL
is a folder (or a name on the hub) that transformers loads; or a GGUF of one of the architectures that transformers reads, whose
weights are brought to full precision. Rows, steps, rates and the first values of the adapter are those of xlt's own training, so on
the same weights the two differ by rounding alone; only dropout draws otherwise.
"""

import argparse
import json
import pathlib
import sys

# This file is called like the package: its own folder must not be searched.
sys.path = [path for path in sys.path if pathlib.Path(path or ".").resolve() != pathlib.Path(__file__).resolve().parent]

import torch
import torch.nn.functional
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM
from transformers.utils.logging import disable_progress_bar

sys.path.append(str(pathlib.Path(__file__).resolve().parent))
from initial import draws


def load(base: str, dtype: torch.dtype, device: str) -> torch.nn.Module:
    """The model that is trained on."""
    path = pathlib.Path(base)
    # An artifact of the cache is not named after its type.
    if path.is_file() and path.open("rb").read(4) == b"GGUF":
        path = path.resolve()
        model = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=dtype)
    else:
        model = AutoModelForCausalLM.from_pretrained(base, dtype=dtype)
    return model.to(device)


def with_adapter(model: torch.nn.Module, settings: dict) -> torch.nn.Module:
    """The model with an adapter that changes nothing yet; its A are drawn as xlt draws them."""
    if settings["adapted"] is None:
        sys.exit(f"the modules of `{settings['architecture']}` are not known; give `target_modules` here by hand")
    lora, modules = settings["lora"], {}
    for pair in settings["adapted"]:
        for expert, module in enumerate(pair["modules"]):
            modules[module] = (pair["tensor"], expert, len(pair["modules"]))
    missing = sorted(set(modules) - {name for name, _ in model.named_modules()})
    if missing:
        sys.exit(f"the model has no module {', '.join(missing[:5])}: it is not the one that the rows were written for")
    config = LoraConfig(
        r=lora["rank"], lora_alpha=lora["alpha"], lora_dropout=lora["dropout"], target_modules=list(modules), task_type="CAUSAL_LM"
    )
    model = get_peft_model(model, config)
    for name, module in model.named_modules():
        name = name.removeprefix("base_model.model.")
        if name in modules:
            tensor, expert, experts = modules[name]
            matrix = module.lora_A["default"].weight
            drawn = draws(settings["seed"], tensor, experts * matrix.numel()).reshape(experts, *matrix.shape)[expert]
            with torch.no_grad():
                matrix.copy_(torch.from_numpy((2 * drawn - 1) / matrix.shape[1] ** 0.5))
    return model


def train(model: torch.nn.Module, rows: list[dict], settings: dict, device: str) -> None:
    """All steps, each with its rows and its rate. A step's loss is the mean over the tokens that it asks for."""
    with_adam = settings["optimizer"]
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(
        trained, lr=0.0, betas=tuple(with_adam["betas"]), eps=with_adam["epsilon"], weight_decay=with_adam["weight_decay"]
    )
    model.train()
    for number, step in enumerate(settings["course"]):
        asked = sum(len(rows[row]["answer_tokens"]) for row in step["rows"])
        total = 0.0
        for row in step["rows"]:
            prompt, answer = rows[row]["prompt_tokens"], rows[row]["answer_tokens"]
            tokens = torch.tensor([prompt + answer], device=device)
            logits = model(tokens).logits[0, len(prompt) - 1 : -1].float()
            loss = torch.nn.functional.cross_entropy(logits, tokens[0, len(prompt) :], reduction="sum") / asked
            loss.backward()
            total += loss.item()
        norm = torch.nn.utils.clip_grad_norm_(trained, with_adam["clip"] or float("inf"))
        optimizer.param_groups[0]["lr"] = step["rate"]
        optimizer.step()
        optimizer.zero_grad()
        print(json.dumps({"step": number, "loss": total, "lr": step["rate"], "gradient_norm": norm.item()}), file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser()
    for option in ["--training", "--base", "--out"]:
        parser.add_argument(option, required=True)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--dtype", default="float32", choices=["float32", "bfloat16"])
    args = parser.parse_args()
    disable_progress_bar()
    training = pathlib.Path(args.training)
    settings = json.loads((training / "settings.json").read_text())
    if settings["format"] != "xlt training 1":
        sys.exit(f"the settings are of the format {settings['format']!r}, which this script does not know")
    with open(training / "rows.jsonl", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    torch.manual_seed(settings["seed"])
    model = with_adapter(load(args.base, getattr(torch, args.dtype), args.device), settings)
    train(model, rows, settings, args.device)
    # The name of the base is a path here, which says nothing elsewhere.
    model.peft_config["default"].base_model_name_or_path = None
    model.save_pretrained(args.out, safe_serialization=True)


if __name__ == "__main__":
    main()
