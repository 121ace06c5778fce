"""Seconds per training step of CLIP's RN50 at 224 px, octlens beside PyTorch, on this machine's cores, by turns in one run.

    python tests/yardstick/step_time.py --train TRAIN --weights weights.pt --tokenizer bpe_simple_vocab_16e6.txt.gz

`weights.pt` is a state dict of open_clip's RN50 (`tests/bench/prepare` makes one). Both sides do a whole step of the
contrastive training in 32-bit floats: batch of scans and captions, both towers forward and backward, Adam. octlens's is
the time of an epoch in its log divided by its steps, reading and augmenting included; the peer's data lies in memory.
"""

import argparse
import json
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


def octlens_steps(args: argparse.Namespace, folder: Path) -> list[float]:
    """Seconds per step of each epoch."""
    run = lambda *a: subprocess.run([args.train, *a], check=True, capture_output=True)
    data = f"phantom:{folder / 'phantoms'}"
    run("phantom", "--out", str(folder / "phantoms"), "--healthy", "32", "--amd", "32", "--seed", "1")
    run("import", "--weights", args.weights, "--tokenizer", args.tokenizer, "--out", str(folder / "start"))
    options = ["--preset", "paper", "--batch", str(BATCH), "--init", str(folder / "start"), "--data", data]
    run("finetune", *options, "--epochs", str(N_TURNS), "--out", str(folder / "run"))
    lines = [json.loads(line) for line in (folder / "run" / "log.jsonl").read_text().splitlines()]
    lines = [line for line in lines if "epoch" in line]
    before = 0
    seconds = []
    for line in lines:
        seconds.append(line["seconds"] / (line["step"] - before))
        before = line["step"]
    return seconds


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
        peer_before = torch_steps(args)
        ours = octlens_steps(args, Path(folder))
        peer_after = torch_steps(args)
    peer = sorted(peer_before + peer_after)
    median = lambda values: sorted(values)[len(values) // 2]
    print(f"octlens {[round(s, 2) for s in ours]}, PyTorch {[round(s, 2) for s in peer]} seconds per step of {BATCH}")
    print(f"ratio of medians {median(ours) / median(peer):.2f}")


if __name__ == "__main__":
    main()
