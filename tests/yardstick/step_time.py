"""Seconds per training step of the compact model or of CLIP's RN50, octlens beside PyTorch, on this machine's cores, by turns.

    python tests/yardstick/step_time.py --train TRAIN --model compact
    python tests/yardstick/step_time.py --train TRAIN --model rn50 --weights weights.pt --tokenizer bpe_simple_vocab_16e6.txt.gz

`weights.pt` is a state dict of open_clip's RN50 (`tests/bench/prepare` makes one). Both sides do whole steps in 32-bit floats with
frozen norms: both towers forward and backward, losses, optimiser. `compact` is trained as the shipped weights were last: 32 scans of
192 × 384, preset `octlens`. Times of octlens's steps are the distances of a run's events within an epoch; reading and
augmenting are in them, where the peer's data lies in memory. PyTorch is measured with both memory layouts.
"""

import argparse
import statistics
import struct
import subprocess
import tempfile
import time
from functools import partial
from pathlib import Path

import torch

from step_torch import CompactStep, Rn50Step

# Scans per step; phantoms, of which 70 % are trained on; options of `train finetune`.
MODELS = {
    "compact": (32, 320, ["--input", "192x384", "--freeze-bn", "true", "--learning-rate", "1e-5"]),
    "rn50": (16, 96, ["--preset", "paper"]),
}
LAYOUTS = {"PyTorch": False, "PyTorch, channels last": True}
# open_clip pads texts to CLIP's context; octlens stops at the longest text's end.
RN50_TOKENS = (77, 15)


def event_times(file: Path) -> list[tuple[int, float]]:
    """(step, seconds) of each event with scalars in a TensorBoard file: TFRecords of protobuf events."""
    data, at, times = file.read_bytes(), 0, {}
    while at < len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        event = data[at + 12 : at + 12 + length]
        at += 16 + length
        # wall_time (field 1, double), step (field 2, varint), summary (field 5).
        if event[9:10] != b"\x10":
            continue
        step = shift = 0
        for i, byte in enumerate(event[10:], 11):
            step |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        if event[i : i + 1] == b"\x2a":
            times.setdefault(step, struct.unpack_from("<d", event, 1)[0])
    return sorted(times.items())


class Octlens:
    def __init__(self, args: argparse.Namespace, folder: Path):
        self.train, self.folder = args.train, folder
        batch, n_phantoms, options = MODELS[args.model]
        half = str(n_phantoms // 2)
        self.run("phantom", "--out", str(folder / "phantoms"), "--healthy", half, "--amd", half, "--seed", "1")
        self.options = [*options, "--batch", str(batch), "--data", f"phantom:{folder / 'phantoms'}"]
        if args.model == "rn50":
            files = ["--weights", args.weights, "--tokenizer", args.tokenizer]
            self.run("import", *files, "--out", str(folder / "start"))
            self.options += ["--init", str(folder / "start")]

    def run(self, *arguments: str) -> None:
        subprocess.run([self.train, *arguments], check=True, capture_output=True)

    def start(self) -> Path:
        """A run with its initial weights."""
        self.run("finetune", *self.options, "--epochs", "0", "--out", str(self.folder / "initial"))
        return self.folder / "initial"

    def steps(self, turn: int) -> list[float]:
        out = self.folder / f"run{turn}"
        self.run("finetune", *self.options, "--epochs", "1", "--out", str(out))
        times = event_times(next(out.glob("events.out.tfevents.*")))
        return [after - before for (_, before), (_, after) in zip(times, times[1:])]


def peer_steps(step, n_steps: int) -> list[float]:
    step()
    seconds = []
    for _ in range(n_steps):
        start = time.monotonic()
        step()
        seconds.append(time.monotonic() - start)
    return seconds


def line(name: str, seconds: list[float]) -> str:
    low, high = min(seconds), max(seconds)
    return f"{name:28} {statistics.median(seconds):6.3f} s   ({low:.3f} to {high:.3f}, {len(seconds)} steps)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--train", required=True, help="the train binary")
    parser.add_argument("--model", choices=list(MODELS), default="compact")
    parser.add_argument("--weights", help="state dict of open_clip's RN50")
    parser.add_argument("--tokenizer", help="CLIP's merges, for RN50")
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--steps", type=int, default=3, help="PyTorch's steps of a turn and layout")
    args = parser.parse_args()
    batch = MODELS[args.model][0]
    with tempfile.TemporaryDirectory() as folder:
        octlens = Octlens(args, Path(folder))
        start = octlens.start() if args.model == "compact" else args.weights
        if args.model == "compact":
            peers_of = {name: partial(CompactStep, start, batch, last) for name, last in LAYOUTS.items()}
        else:
            peers_of = {
                f"{name}, {n} tokens": partial(Rn50Step, start, batch, last, n)
                for name, last in LAYOUTS.items()
                for n in RN50_TOKENS
            }
        ours, peers = [], {}
        for turn in range(args.turns):
            for name, step_of in peers_of.items():
                peers.setdefault(name, []).extend(peer_steps(step_of(), args.steps))
            ours += octlens.steps(turn)
    print(f"a step of {args.model}, {batch} scans; torch {torch.__version__}, {torch.get_num_threads()} threads")
    for name, seconds in {"octlens": ours, **peers}.items():
        print(line(name, seconds))
    for name, seconds in peers.items():
        print(f"ratio to {name}: {statistics.median(ours) / statistics.median(seconds):.2f}")


if __name__ == "__main__":
    main()
