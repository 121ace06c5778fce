"""The yardstick: a plain torchvision ResNet-18, from scratch, on OCTDL at 128 × 128 pixels.

    pip install torch torchvision pillow scikit-learn
    python tests/yardstick/resnet18.py --octdl DIR --splits RUN/splits.json [--task diagnosis|condition|disease] [--seed N]

Trains on the run's `train` patients and prints figures for its `test` patients as JSON. `diagnosis` is AMD against
healthy; `condition` is healthy, drusen, suspected MNV, MNV; `disease` is all seven classes, for the splits of a run
with `--classes all`. The last epoch is reported and `val` is not looked at, so
nothing is chosen on held-back patients. Intervals are 95 % bootstraps over patients. Figures of one seed move by a few
scans from run to run and from one version of torch to another.
"""

import argparse
import csv
import json
import math
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torchvision
from PIL import Image
from sklearn.metrics import balanced_accuracy_score, recall_score, roc_auc_score
from torch.nn import functional as F

SIZE = 128
EPOCHS = 16
BATCH = 32
LEARNING_RATE = 1e-3
WEIGHT_DECAY = 0.05
WARMUP_STEPS = 50
N_BOOTSTRAPS = 1000
CONDITIONS = {"drusen": 1, "MNV_suspected": 2, "MNV": 3}
CLASSES = {
    "diagnosis": ["healthy", "AMD"],
    "condition": ["healthy", "drusen", "suspected MNV", "MNV"],
    "disease": ["healthy", "AMD", "DME", "ERM", "RAO", "RVO", "VID"],
}


def read(octdl: Path, splits: Path, task: str) -> dict:
    """Split → (grey scans (n, SIZE, SIZE) uint8, classes (n), patients (n)); each scan is stretched to the square."""
    patients = json.loads(splits.read_text())["patients"]
    parts: dict = {}
    for row in csv.DictReader((octdl / "OCTDL_labels.csv").open()):
        disease = "healthy" if row["disease"] == "NO" else row["disease"]
        if task != "disease" and disease not in ("healthy", "AMD"):
            continue
        label = CONDITIONS.get(row["condition"], 0) if task == "condition" else CLASSES[task].index(disease)
        split = patients.get(f"octdl/{row['patient_id'].strip()}")
        if split is None:
            sys.exit(f"patient {row['patient_id']} is in no split: {splits} was made for other data")
        path = octdl / row["disease"] / f"{row['file_name'].strip()}.jpg"
        scan = Image.open(path).convert("L").resize((SIZE, SIZE), Image.Resampling.BILINEAR)
        parts.setdefault(split, []).append((np.asarray(scan), label, row["patient_id"]))
    return {
        split: (np.stack([r[0] for r in rows]), np.array([r[1] for r in rows]), np.array([r[2] for r in rows]))
        for split, rows in parts.items()
    }


def views(scans: torch.Tensor, augment: bool) -> torch.Tensor:
    """uint8 (n, SIZE, SIZE) → float (n, 3, SIZE, SIZE); augmented by flip, 8 % shift, 10 % scale, 20 % brightness."""
    x = scans[:, None].float() / 255
    if augment:
        n = len(x)
        around = lambda largest, shape=(n,): (torch.rand(shape) * 2 - 1) * largest
        theta = torch.zeros(n, 2, 3)
        theta[:, 0, 0] = (1 + around(0.1)) * torch.where(torch.rand(n) < 0.5, -1.0, 1.0)
        theta[:, 1, 1] = 1 + around(0.1)
        # A grid spans -1…1, so a shift of 8 % of the width is 0.16.
        theta[:, :, 2] = around(0.16, (n, 2))
        grid = F.affine_grid(theta, list(x.shape), align_corners=False)
        x = F.grid_sample(x, grid, padding_mode="border", align_corners=False)
        x = (x * (1 + around(0.2, (n, 1, 1, 1)))).clamp(0, 1)
    x = (x - 0.5) / 0.25
    return x.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)


def train(scans: torch.Tensor, labels: torch.Tensor, n_classes: int, epochs: int, seed: int) -> torch.nn.Module:
    torch.manual_seed(seed)
    model = torchvision.models.resnet18(weights=None, num_classes=n_classes)
    model = model.to(memory_format=torch.channels_last).train()
    counts = torch.bincount(labels, minlength=n_classes).float()
    class_weights = counts.sum() / (n_classes * counts)
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    n_steps = epochs * (len(scans) // BATCH)

    def factor(step: int) -> float:
        return min(1, (step + 1) / WARMUP_STEPS) * 0.5 * (1 + math.cos(math.pi * step / n_steps))

    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
    started = time.monotonic()
    for epoch in range(epochs):
        order, losses = torch.randperm(len(scans)), []
        for step in range(len(scans) // BATCH):
            batch = order[step * BATCH : (step + 1) * BATCH]
            loss = F.cross_entropy(model(views(scans[batch], augment=True)), labels[batch], class_weights)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        elapsed_s = time.monotonic() - started
        print(f"epoch {epoch + 1}/{epochs}: loss {np.mean(losses):.4f}, {elapsed_s:.0f} s", file=sys.stderr, flush=True)
    return model.eval()


def probabilities(model: torch.nn.Module, scans: torch.Tensor) -> np.ndarray:
    with torch.no_grad():
        return torch.cat([model(views(part, augment=False)).softmax(1) for part in scans.split(BATCH)]).numpy()


def figures(labels: np.ndarray, p: np.ndarray) -> dict:
    predicted = p.argmax(1)
    out = {
        "accuracy": float((predicted == labels).mean()),
        "balanced_accuracy": float(balanced_accuracy_score(labels, predicted)),
    }
    if p.shape[1] == 2:
        out["sensitivity"] = float(recall_score(labels, predicted, pos_label=1))
        out["specificity"] = float(recall_score(labels, predicted, pos_label=0))
        out["auroc"] = float(roc_auc_score(labels, p[:, 1]))
    else:
        out["macro_auroc"] = float(roc_auc_score(labels, p, multi_class="ovr", average="macro"))
    return out


def intervals(labels: np.ndarray, p: np.ndarray, patients: np.ndarray, seed: int) -> dict:
    """95 % percentile bootstrap over patients; draws that lack a class are drawn again."""
    rng = np.random.default_rng(seed)
    scans_of = [np.flatnonzero(patients == name) for name in np.unique(patients)]
    drawn: dict = {}
    n = 0
    while n < N_BOOTSTRAPS:
        rows = np.concatenate([scans_of[i] for i in rng.integers(len(scans_of), size=len(scans_of))])
        if len(np.unique(labels[rows])) < p.shape[1]:
            continue
        n += 1
        for name, value in figures(labels[rows], p[rows]).items():
            drawn.setdefault(name, []).append(value)
    return {name: [float(q) for q in np.percentile(values, [2.5, 97.5])] for name, values in drawn.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--octdl", type=Path, required=True, help="OCTDL's folder, which holds OCTDL_labels.csv")
    parser.add_argument("--splits", type=Path, required=True, help="splits.json of the run to compare with")
    parser.add_argument("--task", choices=list(CLASSES), default="diagnosis")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    parts = read(args.octdl, args.splits, args.task)
    classes = CLASSES[args.task]
    scans, labels, _ = parts["train"]
    started = time.monotonic()
    model = train(torch.from_numpy(scans), torch.from_numpy(labels), len(classes), args.epochs, args.seed)
    training_s = time.monotonic() - started
    scans, labels, patients = parts["test"]
    p = probabilities(model, torch.from_numpy(scans))
    confusion = np.zeros((len(classes), len(classes)), int)
    np.add.at(confusion, (labels, p.argmax(1)), 1)
    report = {
        "model": "torchvision resnet18, from scratch",
        "task": args.task,
        "seed": args.seed,
        "epochs": args.epochs,
        "size": SIZE,
        "n_train": len(parts["train"][0]),
        "n_test": len(scans),
        "n_test_patients": len(np.unique(patients)),
        "test": figures(labels, p),
        "test_ci95": intervals(labels, p, patients, args.seed),
        "classes": classes,
        "confusion_true_by_predicted": confusion.tolist(),
        "training_s": round(training_s, 1),
        "torch": torch.__version__,
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
