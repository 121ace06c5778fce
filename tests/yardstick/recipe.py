"""What each choice of preset `octlens` gains: the recipe with one choice changed at a time, from one start.

    train phantom --out PHANTOMS --healthy 600 --amd 1000 --seed 1
    python tests/yardstick/recipe.py --train TRAIN --octdl OCTDL --phantoms PHANTOMS --out RUNS [--jobs 2] [--only NAME …]

The start is the compact model after ten epochs on phantoms alone. From it every variant takes four epochs on OCTDL and
phantoms, trains its heads, and is measured, in floats, on the same test patients. Prints a Markdown table, whose first row
is the recipe itself under three seeds: mean, lowest and highest, so that noise can be told from gain. A variant that is in
RUNS already is not trained again, and one that was stopped continues.
"""

import argparse
import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

START = {"--epochs": "10", "--warmup-steps": "50", "--ema-decay": "0.99"}
# 240 steps leave no room for the preset's 100 steps of warm-up and its long average.
SHORT = {"--epochs": "4", "--warmup-steps": "20", "--ema-decay": "0.98", "--head-views": "2"}
SEEDS = {f"preset octlens, seed {seed}": {"--seed": str(seed)} for seed in (42, 43, 44)}
VARIANTS = {
    **SEEDS,
    "preset paper": {"--preset": "paper", "--warmup-steps": "0", "--ema-decay": "0"},
    "the published rate, 5e-5": {"--learning-rate": "5e-5"},
    "CLIP's loss, not several positives": {"--contrast": "scans"},
    "no augmentation": {"--augment": "0"},
    "no local loss": {"--local-weight": "0"},
    "no loss of single findings": {"--finding-weight": "0"},
    "captions as they come, not balanced": {"--caption-balance": "1"},
    "class word never dropped": {"--class-word-dropout": "0"},
    "batch norm's statistics frozen": {"--freeze-bn": "true"},
    "layer-wise rates, 0.7 a stage": {"--layer-decay": "0.7"},
    "constant rate without warm-up": {"--warmup-steps": "0", "--schedule": "constant"},
    "no average of weights": {"--ema-decay": "0"},
}
# Column → where in the figures of export.
COLUMNS = {
    "image AUROC": ("octdl", "image", "auroc"),
    "image balanced": ("octdl", "image", "balanced_accuracy"),
    "text AUROC": ("octdl", "text", "auroc"),
    "text balanced": ("octdl", "text", "balanced_accuracy"),
    "condition balanced": ("octdl", "condition", "balanced_accuracy"),
    "lesions micro-F1": ("phantom", "lesions", "micro_f1"),
    "peak on a lesion": ("phantom", "lesions", "pointing_game"),
    "class word's share": ("octdl", "class_word_share"),
}


class Recipe:
    """Every step of every variant; a step whose result is there is not taken again."""

    def __init__(self, args: argparse.Namespace):
        self.train, self.out = args.train, args.out
        self.phantoms = ["--data", f"phantom:{args.phantoms}"]
        self.data = ["--data", f"octdl:{args.octdl}", *self.phantoms]

    def run(self, *arguments: str, settings: dict | None = None) -> str:
        options = [part for option in (settings or {}).items() for part in option]
        return subprocess.run([self.train, *arguments, *options], check=True, stdout=subprocess.PIPE, text=True).stdout

    def folder(self, name: str) -> Path:
        return self.out / "".join(c if c.isalnum() else "-" for c in name)

    def start(self) -> None:
        """Trains on phantoms alone, then splits OCTDL's patients once for all variants."""
        start, split = self.folder("start"), self.folder("split")
        self.run("finetune", "--out", str(start), *self.phantoms, settings=START)
        self.run("finetune", "--out", str(split), "--init", str(start), *self.data, settings={"--epochs": "0"})

    def variant(self, name: str) -> None:
        run = self.folder(name)
        figures = run / "figures.json"
        if figures.exists():
            return
        settings = {**SHORT, **VARIANTS[name]}
        self.run("finetune", "--out", str(run), "--init", str(self.folder("split")), *self.data, settings=settings)
        self.run("heads", "--run", str(run), *self.data)
        weights = ["--out", str(run / "weights"), "--precision", "float", "--json"]
        figures.write_text(self.run("export", "--run", str(run), *self.data, *weights))

    def figures(self, name: str) -> list[float]:
        figures = json.loads((self.folder(name) / "figures.json").read_text())["float"]
        values = []
        for keys in COLUMNS.values():
            value = figures
            for key in keys:
                value = value[key]
            values.append(value["value"] if isinstance(value, dict) else value)
        return values

    def table(self, names: list[str]) -> str:
        columns = list(zip(*(self.figures(name) for name in names if name in SEEDS)))
        lines = [f"| | {' | '.join(COLUMNS)} |", "|---" * (len(COLUMNS) + 1) + "|"]
        if columns:
            cells = [f"{sum(c) / len(c):.3f} ({min(c):.3f}–{max(c):.3f})" for c in columns]
            lines.append(f"| preset octlens, seeds: {len(columns[0])} | {' | '.join(cells)} |")
        for name in names:
            if name not in SEEDS:
                lines.append(f"| {name} | {' | '.join(f'{value:.3f}' for value in self.figures(name))} |")
        return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--train", required=True, help="the train binary")
    parser.add_argument("--octdl", type=Path, required=True)
    parser.add_argument("--phantoms", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder for the runs, some 150 MB each")
    parser.add_argument("--jobs", type=int, default=1, help="variants trained side by side")
    parser.add_argument("--only", nargs="+", choices=list(VARIANTS), default=list(VARIANTS))
    args = parser.parse_args()

    recipe = Recipe(args)
    recipe.start()
    with ThreadPoolExecutor(args.jobs) as pool:
        list(pool.map(recipe.variant, args.only))
    print(recipe.table(args.only))


if __name__ == "__main__":
    main()
