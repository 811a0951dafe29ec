"""A published model of safetensors as GGUF, by llama.cpp's own converter.

    convert.py --converter FOLDER --requirements FILE --name NAME --type TYPE --out FILE INPUT...

FOLDER is what `converter.py` made. An INPUT is a file of the repository, or a folder with some of them. `--requirements` lists
packages with exact versions: an interpreter that has others is refused, since they are part of what makes the file.
"""

import argparse
import importlib.metadata
import pathlib
import subprocess
import sys
import tempfile


def wrong_packages(requirements: pathlib.Path) -> list[str]:
    """What the interpreter has otherwise than the list says, a sentence each."""
    wrong = []
    for line in requirements.read_text().splitlines():
        name, _, version = line.partition("#")[0].strip().partition("==")
        if not name:
            continue
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found = "none"
        # A build for one kind of device has a local version behind the plus sign.
        if version not in (found, found.partition("+")[0]):
            wrong.append(f"{name} {version} is asked for, and {found} is there")
    return wrong


def gather(inputs: list[str], folder: pathlib.Path) -> None:
    """Links all files of the repository into one folder."""
    for given in map(pathlib.Path, inputs):
        for path in sorted(given.iterdir()) if given.is_dir() else [given]:
            # A single file is linked under its input's name.
            name = path.name
            if (folder / name).exists():
                sys.exit(f"two inputs bring a file {name}")
            (folder / name).symlink_to(path.resolve())


def main() -> None:
    parser = argparse.ArgumentParser()
    for option in ["--converter", "--requirements", "--name", "--type", "--out"]:
        parser.add_argument(option, required=True)
    parser.add_argument("inputs", nargs="+")
    args = parser.parse_args()
    if wrong := wrong_packages(pathlib.Path(args.requirements)):
        sys.exit(
            f"{sys.executable} is not what the conversion was written for:\n  " + "\n  ".join(wrong)
            + "\n  make an environment with `pip install -r requirements.txt` and put its `bin` first in PATH, or change the list"
        )
    with tempfile.TemporaryDirectory() as folder:
        model = pathlib.Path(folder) / args.name
        model.mkdir()
        gather(args.inputs, model)
        script = pathlib.Path(args.converter).resolve() / "convert_hf_to_gguf.py"
        # `-B`: the converter is an artifact, and nothing is written beside it.
        command = [sys.executable, "-B", script, model, "--outtype", args.type, "--outfile", pathlib.Path(args.out).resolve()]
        sys.exit(subprocess.run(command).returncode)


if __name__ == "__main__":
    main()
