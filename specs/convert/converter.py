"""llama.cpp's own converter, taken out of a source archive of the Python package index.

    converter.py FOLDER

The crate that xlt builds llama.cpp of has `convert_hf_to_gguf.py` and not the modules that it imports; the source archive of
llama-cpp-python has all of them. Its version and its SHA-256 stand here, so it is the same converter on every machine.
Runs `pip download`, so `pip` belongs to the interpreter, and needs nothing else.
"""

import hashlib
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile

PACKAGE = "llama-cpp-python"
VERSION = "0.3.36"
SHA256 = "832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e"
INSIDE = "vendor/llama.cpp/"
# What the converter is made of; the rest of the archive is llama.cpp itself.
WANTED = ("convert_hf_to_gguf.py", "conversion/", "gguf-py/gguf/", "LICENSE")


def download(folder: str) -> pathlib.Path:
    """The archive, checked."""
    source = [f"{PACKAGE}=={VERSION}", "--no-deps", "--no-binary", PACKAGE, "--dest", folder]
    pip = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", *source]
    if subprocess.run(pip, stdout=sys.stderr).returncode != 0:
        sys.exit(f"{PACKAGE} {VERSION} could not be downloaded; `{sys.executable} -m pip download` says why above")
    archives = list(pathlib.Path(folder).glob("*.tar.gz"))
    if len(archives) != 1:
        sys.exit(f"pip brought {len(archives)} archives, not one")
    found = hashlib.sha256(archives[0].read_bytes()).hexdigest()
    if found != SHA256:
        sys.exit(f"{archives[0].name} has the SHA-256 {found}, not {SHA256}: it is not the archive that was looked at")
    return archives[0]


def unpack(archive: pathlib.Path, to: pathlib.Path) -> int:
    """Writes the converter's files below `to`, and says how many they are."""
    count = 0
    with tarfile.open(archive) as files:
        for member in files:
            path = member.name.partition("/")[2].removeprefix(INSIDE)
            inside = member.name.partition("/")[2].startswith(INSIDE) and path.startswith(WANTED)
            if not inside or not member.isfile() or ".." in pathlib.PurePosixPath(path).parts:
                continue
            place = to / path
            place.parent.mkdir(parents=True, exist_ok=True)
            with files.extractfile(member) as content, open(place, "wb") as out:
                shutil.copyfileobj(content, out)
            count += 1
    return count


def main() -> None:
    to = pathlib.Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        count = unpack(download(folder), to)
    if not (to / "convert_hf_to_gguf.py").exists():
        sys.exit("the archive does not hold the converter")
    print(f"{count} files of {PACKAGE} {VERSION}", file=sys.stderr)


if __name__ == "__main__":
    main()
