"""Trains an adapter with a hosted service, here with Tinker's Python package, and brings it back in PEFT's form.

    service.py --training FOLDER --base NAME --out FOLDER [--key-file FILE]

Written along the interface of `tinker` 0.38 as it is published. It has never been run: nobody here has an account. NAME is the
service's name of the model whose GGUF is asked. A program of a stage sees no variables but a fixed few, and what stands in a spec is
no secret, so the key of the account is read from a file: by itself `~/.config/tinker/api_key`.

What such a service decides by itself: the first values of the adapter, its numerator alpha, and the order of its sums. Rank, rows,
steps, rates and AdamW's settings are those of `settings.json`.
"""

import argparse
import json
import os
import pathlib
import sys
import tarfile
import tempfile
import urllib.request

KEY = pathlib.Path("~/.config/tinker/api_key")


def switches(lora: dict) -> dict:
    """What the service is to adapt; it knows kinds of weights, not single ones."""
    if lora["dropout"] > 0:
        sys.exit("the service has no dropout; set `lora.dropout = 0`")
    kinds = {("all-linear",): (True, True), ("attention",): (False, True)}
    if tuple(lora["targets"]) not in kinds:
        sys.exit('the service adapts kinds of weights; set `lora.targets` to "all-linear" or "attention"')
    mlp, attention = kinds[tuple(lora["targets"])]
    return {"train_mlp": mlp, "train_attn": attention, "train_unembed": False}


def main() -> None:
    parser = argparse.ArgumentParser()
    for option in ["--training", "--base", "--out"]:
        parser.add_argument(option, required=True)
    parser.add_argument("--key-file", type=pathlib.Path, default=KEY)
    args = parser.parse_args()
    training, out = pathlib.Path(args.training), pathlib.Path(args.out)
    settings = json.loads((training / "settings.json").read_text())
    with open(training / "rows.jsonl", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    asked = switches(settings["lora"])
    try:
        import tinker
    except ImportError:
        sys.exit(f"{sys.executable} has no package `tinker`; install it there (`pip install tinker`), or put another first in PATH")
    key_file = args.key_file.expanduser()
    if not key_file.is_file():
        sys.exit(f"the account's key is not in {key_file}; write it there, readable by you alone, or name a file with `--key-file`")
    os.environ["TINKER_API_KEY"] = key_file.read_text().strip()

    service = tinker.ServiceClient()
    client = service.create_lora_training_client(
        base_model=args.base, rank=settings["lora"]["rank"], seed=settings["seed"], **asked
    ).result()
    with_adam = settings["optimizer"]
    for number, step in enumerate(settings["course"]):
        # The service sums what a step's data weigh: as large a share for each token that is asked for makes it their mean.
        share = 1.0 / sum(len(rows[row]["answer_tokens"]) for row in step["rows"])
        data = []
        for prompt, answer in [(rows[row]["prompt_tokens"], rows[row]["answer_tokens"]) for row in step["rows"]]:
            tokens = prompt + answer
            weights = [0.0] * (len(prompt) - 1) + [share] * len(answer)
            inputs = {"target_tokens": tokens[1:], "weights": weights}
            data.append(tinker.Datum(model_input=tinker.ModelInput.from_ints(tokens[:-1]), loss_fn_inputs=inputs))
        params = tinker.AdamParams(
            learning_rate=step["rate"], beta1=with_adam["betas"][0], beta2=with_adam["betas"][1], eps=with_adam["epsilon"],
            weight_decay=with_adam["weight_decay"], grad_clip_norm=with_adam["clip"] or 0.0,
        )
        # Both are under way before either is waited for, as the service wants it.
        passed, stepped = client.forward_backward(data, "cross_entropy"), client.optim_step(params)
        metrics = passed.result().metrics
        stepped.result()
        print(json.dumps({"step": number, "lr": step["rate"], **metrics}), file=sys.stderr)

    saved = client.save_weights_for_sampler("xlt").result()
    archive = service.create_rest_client().get_checkpoint_archive_url_from_tinker_path(saved.path).result()
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "adapter.tar"
        urllib.request.urlretrieve(archive.url, path)
        out.mkdir(parents=True)
        with tarfile.open(path) as files:
            files.extractall(out, filter="data")
    missing = [name for name in ["adapter_config.json", "adapter_model.safetensors"] if not (out / name).is_file()]
    if missing:
        sys.exit(f"what the service brought back lacks {' and '.join(missing)}")
    alpha = json.loads((out / "adapter_config.json").read_text()).get("lora_alpha")
    if alpha != settings["lora"]["alpha"]:
        print(f"the service's alpha is {alpha}, and the settings say {settings['lora']['alpha']}", file=sys.stderr)


if __name__ == "__main__":
    main()
