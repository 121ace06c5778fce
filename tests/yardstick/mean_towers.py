"""The mean of the towers of two runs, as a run that heads are trained on (Wortsman et al. 2022, "Model soups").

    python tests/yardstick/mean_towers.py runs/s runs/d --out runs/m

What is not towers is copied from the second run; model, patients of splits and tokenizer must be the same in both. The file of the mean has no
checksum, as files of octlens had none at first: octlens reads it. Needs PyPI's numpy and safetensors.
"""

import argparse
import json
import shutil
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

TOWERS = "towers.safetensors"
KEPT = ["model.json", "settings.json", "splits.json", "start.json", "tokenizer.json"]


def mixed(runs):
    """What the runs do not have in common and must."""
    patients = [json.loads((run / "splits.json").read_text())["patients"] for run in runs]
    tokenizers = [(run / "tokenizer.json").read_bytes() for run in runs]
    same = {"patients of splits": patients, "tokenizers": tokenizers}
    return [name for name, values in same.items() if values[0] != values[1]]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs=2, type=Path)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    if differing := mixed(args.runs):
        raise SystemExit(f"the runs have different {' and '.join(differing)}: give two runs on the same data")
    first, second = (load_file(run / TOWERS) for run in args.runs)
    if {name: t.shape for name, t in first.items()} != {name: t.shape for name, t in second.items()}:
        raise SystemExit("the towers have other tensors or shapes: give two runs of one model")
    kept = [name for name in KEPT if (args.runs[1] / name).exists()]
    args.out.mkdir(parents=True)
    for name in kept:
        shutil.copy(args.runs[1] / name, args.out)
    mean = {name: np.asarray((first[name] + second[name]) / 2, first[name].dtype) for name in first}
    save_file(mean, args.out / TOWERS)


if __name__ == "__main__":
    main()
