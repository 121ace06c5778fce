"""Seconds per training step of CLIP's RN50 at 224 px, octlens beside PyTorch, on this machine's cores, by turns in one run.

    python tests/yardstick/step_time.py --train TRAIN --weights weights.pt --tokenizer bpe_simple_vocab_16e6.txt.gz

`weights.pt` is a state dict of open_clip's RN50 (`tests/bench/prepare` makes one). Both sides do a whole step of the
contrastive training in 32-bit floats: batch of scans and captions, both towers forward and backward, Adam. octlens's epochs
also validate and save the run, so its step is the slope between epochs of few and of more steps; augmenting is
in it, where the peer's data lies in memory.
"""

import argparse
import json
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import open_clip
import torch
import torch.nn.functional as F

BATCH = 16
N_STEPS = 3
N_TURNS = 3
N_PHANTOMS = (32, 128)


def epochs(args: argparse.Namespace, folder: Path, n_phantoms: int) -> tuple[int, float]:
    """Steps and median seconds of an epoch on `n_phantoms`."""
    run = lambda *a: subprocess.run([args.train, *a], check=True, capture_output=True)
    phantoms, out = folder / f"phantoms{n_phantoms}", folder / f"run{n_phantoms}"
    half = str(n_phantoms // 2)
    run("phantom", "--out", str(phantoms), "--healthy", half, "--amd", half, "--seed", "1")
    options = ["--preset", "paper", "--batch", str(BATCH), "--init", str(folder / "start")]
    run("finetune", *options, "--data", f"phantom:{phantoms}", "--epochs", str(N_TURNS), "--out", str(out))
    lines = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    lines = [line for line in lines if "epoch" in line]
    return lines[-1]["step"] // len(lines), statistics.median(line["seconds"] for line in lines)


def octlens_step(args: argparse.Namespace, folder: Path) -> tuple[float, float]:
    """Seconds of a step, and of an epoch without its steps."""
    import_ = ["import", "--weights", args.weights, "--tokenizer", args.tokenizer, "--out", str(folder / "start")]
    subprocess.run([args.train, *import_], check=True, capture_output=True)
    (few, short), (more, long) = (epochs(args, folder, n) for n in N_PHANTOMS)
    print(f"octlens: epochs of {few} steps take {short:.1f} s, of {more} steps {long:.1f} s")
    step = (long - short) / (more - few)
    return step, short - few * step


def torch_steps(args: argparse.Namespace) -> list[float]:
    model = open_clip.create_model("RN50", pretrained=None)
    model.load_state_dict(torch.load(args.weights, weights_only=True), strict=False)
    model.train()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-5, betas=(0.9, 0.98), eps=1e-5, weight_decay=0.2)
    images, texts = torch.rand(BATCH, 3, 224, 224), torch.randint(1, 49000, (BATCH, 77))
    texts[:, 14] = 49407
    seconds = []
    for _ in range(N_TURNS):
        start = time.monotonic()
        for _ in range(N_STEPS):
            optimizer.zero_grad()
            image, text = F.normalize(model.encode_image(images)), F.normalize(model.encode_text(texts))
            logits = model.logit_scale.exp() * image @ text.T
            target = torch.arange(BATCH)
            ((F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2).backward()
            optimizer.step()
        seconds.append((time.monotonic() - start) / N_STEPS)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("train", "weights", "tokenizer"):
        parser.add_argument(f"--{name}", required=True)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        before = torch_steps(args)
        ours, rest = octlens_step(args, Path(folder))
        peer = before + torch_steps(args)
    print(f"seconds per step of {BATCH}: octlens {ours:.1f}, PyTorch {[round(s, 1) for s in sorted(peer)]}")
    print(f"ratio to PyTorch's median {ours / statistics.median(peer):.2f}; the rest of an epoch takes {rest:.1f} s")


if __name__ == "__main__":
    main()
