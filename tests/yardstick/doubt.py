"""Odd pictures and the scans of validation patients: how many does a weights file warn of?

    python tests/yardstick/doubt.py --train TRAIN --weights FILE --octdl OCTDL --kermany KERMANY --photos PICTURES

TRAIN is the `train` program, PICTURES a folder of ordinary pictures (of PyPI's scikit-image: skimage/data). Needs numpy and
Pillow. The odd pictures are drawn here, by other code than the one that the detector was fitted with. The second table is
of the detector alone: the shares that other thresholds would warn of. Scans are of validation patients by the splits of
the weights file; of a set that it does not list, of the patients in --splits.
"""

import argparse
import csv
import json
import pathlib
import random
import struct
import subprocess
import tempfile
from collections import defaultdict

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

RNG = np.random.default_rng(0)
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)
SIZES = ((496, 512), (320, 640), (240, 640), (512, 512), (200, 500), (496, 768))
PER_KIND, PER_TURNED_KIND, PER_CALL = 12, 36, 40


def leaves(h, w):
    picture = Image.new("L", (w, h), int(RNG.integers(0, 255)))
    draw = ImageDraw.Draw(picture)
    for _ in range(400):
        r = 2 + min(h, w) * 0.4 * RNG.random() ** 4
        x, y, grey, k = RNG.random() * w, RNG.random() * h, int(RNG.integers(0, 256)), RNG.uniform(0.3, 3)
        if RNG.random() < 0.5:
            draw.ellipse([x - r, y - r, x + r, y + r], fill=grey)
        else:
            draw.rectangle([x - r * k, y - r / k, x + r * k, y + r / k], fill=grey)
    picture = picture.filter(ImageFilter.GaussianBlur(RNG.uniform(0, 2)))
    return np.array(picture, float) + RNG.normal(0, RNG.uniform(0, 10), (h, w))


def text(h, w):
    paper, ink = (255, 0) if RNG.random() < 0.6 else (0, 255)
    picture = Image.new("L", (w, h), paper)
    draw, y, size = ImageDraw.Draw(picture), int(RNG.integers(4, 20)), int(RNG.integers(6, 24))
    while y < h - size:
        x = int(RNG.integers(2, 30))
        while x < w - size and RNG.random() > 0.03:
            if RNG.random() > 0.15:
                for _ in range(int(RNG.integers(2, 5))):
                    ends = RNG.random(4) * [size * 0.6, size, size * 0.6, size] + [x, y, x, y]
                    draw.line(list(ends), fill=ink, width=max(1, size // 8))
            x += int(size * 0.75)
        y += int(size * RNG.uniform(1.2, 1.8))
    return np.array(picture, float)


def fundus(h, w):
    y, x = np.mgrid[0:h, 0:w]
    r = np.hypot(y - h / 2, x - w / 2) / (min(h, w) * RNG.uniform(0.4, 0.6))
    picture = Image.fromarray((150 * np.clip(1 - 0.5 * r, 0, 1) * (r < 1)).astype("u1"))
    draw, cx, cy = ImageDraw.Draw(picture), w / 2 + RNG.choice([-1, 1]) * w * 0.15, h / 2
    for _ in range(14):
        angle, at = RNG.uniform(0, 2 * np.pi), (cx, cy)
        for k in range(12):
            angle += RNG.normal(0, 0.25)
            to = (at[0] + np.cos(angle) * h * 0.05, at[1] + np.sin(angle) * h * 0.05)
            draw.line([at, to], fill=int(RNG.integers(30, 70)), width=int(max(1, 5 - k // 3)))
            at = to
    draw.ellipse([cx - h * 0.06, cy - h * 0.07, cx + h * 0.06, cy + h * 0.07], fill=230)
    return np.array(picture.filter(ImageFilter.GaussianBlur(1)), float) + RNG.normal(0, 4, (h, w)) * (r < 1)


def clouds(h, w):
    f = np.hypot(np.fft.fftfreq(h)[:, None], np.fft.fftfreq(w)[None])
    f[0, 0] = 1
    noise = np.fft.ifft2(np.fft.fft2(RNG.normal(size=(h, w))) / f ** RNG.uniform(0.5, 2.2)).real
    return 110 + 50 * (noise - noise.mean()) / noise.std()


def ramp(h, w):
    y, x = np.mgrid[0:h, 0:w]
    across, down = RNG.uniform(-100, 100, 2)
    return 128 + across * (x / w * 2 - 1) + down * (y / h * 2 - 1)


def stripes(h, w):
    y, x = np.mgrid[0:h, 0:w]
    angle, period = RNG.uniform(0, 2 * np.pi), RNG.uniform(8, 120)
    return 128 + 120 * np.sign(np.sin((x * np.cos(angle) + y * np.sin(angle)) / period * 2 * np.pi))


def blocks(h, w):
    picture = np.full((h, w), float(RNG.integers(0, 60)))
    for _ in range(int(RNG.integers(1, 4))):
        rows, columns = int(RNG.integers(h // 10, h // 2)), int(RNG.integers(w // 20, w // 3))
        top, left = int(RNG.integers(0, h - rows)), int(RNG.integers(0, w - columns))
        picture[top : top + rows, left : left + columns] = RNG.integers(100, 255)
    return picture


def shuffled(scan):
    k, (h, w) = 8, (scan.shape[0] // 8, scan.shape[1] // 8)
    tiles = scan[: h * k, : w * k].reshape(k, h, k, w).transpose(0, 2, 1, 3).reshape(k * k, h, w)
    return tiles[RNG.permutation(k * k)].reshape(k, k, h, w).transpose(0, 2, 1, 3).reshape(h * k, w * k)


DRAWN = {
    "noise": lambda h, w: RNG.normal(RNG.uniform(20, 200), RNG.uniform(10, 90), (h, w)),
    "speckle": lambda h, w: RNG.exponential(RNG.uniform(20, 80), (h, w)),
    "clouds": clouds,
    "shapes": leaves,
    "text": text,
    "fundus": fundus,
    "ramp": ramp,
    "stripes": stripes,
    "blocks": blocks,
}
MADE = {
    "turned": lambda scan: np.rot90(scan, RNG.choice([1, 3])),
    "upside down": lambda scan: scan[::-1],
    "negative": lambda scan: 255 - scan,
    "tiles shuffled": shuffled,
    "an eighth": lambda scan: scan[:, : max(48, scan.shape[1] // 8)],
    "beside a fundus": lambda scan: np.hstack([fundus(scan.shape[0], scan.shape[0]), scan]),
}


def header(path):
    data = pathlib.Path(path).read_bytes()
    n = struct.unpack("<Q", data[:8])[0]
    fields = json.loads(data[8 : 8 + n])
    return fields, json.loads(fields["__metadata__"]["octlens"]), data[8 + n :]


def detector_alone(path, to):
    """A copy that doubts by the detector alone, from 0.5 on: its warning's score is the detector's probability."""
    fields, meta, tensors = header(path)
    meta["doubt"] |= {"oddity": 0.5, "another_disease": 1.0, "probability": 0.0, "similarity": -1.0}
    fields["__metadata__"]["octlens"] = json.dumps(meta)
    text = json.dumps(fields).encode()
    text += b" " * (-len(text) % 8)
    pathlib.Path(to).write_bytes(struct.pack("<Q", len(text)) + text + tensors)


def scans(options, patients):
    rows = []
    for row in csv.DictReader(open(f"{options.kermany}/labels.csv")):
        label = {"CNV": "AMD", "DRUSEN": "AMD", "NORMAL": "healthy"}.get(row["label"], "another disease")
        rows.append((f"{options.kermany}/{row['file']}", "kermany", label, row["patient"]))
    for row in csv.DictReader(open(f"{options.octdl}/OCTDL_labels.csv")):
        label = {"NO": "healthy", "AMD": "AMD"}.get(row["disease"], "another disease")
        path = f"{options.octdl}/{row['disease']}/{row['file_name']}.jpg"
        rows.append((path, "octdl", label, row["patient_id"]))
    return [row for row in rows if patients.get(f"{row[1]}/{row[3]}") == "val"]


def explain(train, weights, paths):
    reports = []
    for i in range(0, len(paths), PER_CALL):
        call = [train, "explain", "--weights", str(weights), "--json", *paths[i : i + PER_CALL]]
        found = json.loads(subprocess.run(call, capture_output=True, check=True).stdout)
        reports += found if isinstance(found, list) else [found]
    assert len(reports) == len(paths), "a picture was not answered"
    return reports


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("train", "weights", "octdl", "kermany"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--photos")
    parser.add_argument("--splits")
    options = parser.parse_args()
    random.seed(1)
    patients = json.load(open(options.splits))["patients"] if options.splits else {}
    patients |= header(options.weights)[1]["training"]["splits"]["patients"]
    known = scans(options, patients)
    with tempfile.TemporaryDirectory() as folder:
        odd = []

        def save(kind, pixels):
            path = f"{folder}/{len(odd)}.png"
            Image.fromarray(np.clip(pixels, 0, 255).astype("u1")).save(path)
            odd.append((path, kind))

        for kind, draw in DRAWN.items():
            for _ in range(PER_KIND):
                save(kind, draw(*random.choice(SIZES)))
        for kind, make in MADE.items():
            for path, *_ in random.sample(known, PER_TURNED_KIND):
                save(kind, make(np.array(Image.open(path).convert("L"), float)))
        for path in sorted(pathlib.Path(options.photos or folder).glob("*") if options.photos else []):
            if path.suffix in (".png", ".jpg", ".jpeg"):
                picture = Image.open(path).convert("L")
                if min(picture.size) >= 64:
                    picture.thumbnail((768, 768))
                    save("photograph", np.array(picture, float))

        groups = defaultdict(list)
        for (path, source, label, _), report in zip(known, explain(options.train, options.weights, [k[0] for k in known])):
            groups[f"{source}, {label}"].append((report, label))
        for (path, kind), report in zip(odd, explain(options.train, options.weights, [o[0] for o in odd])):
            groups[kind].append((report, None))
        print("| pictures | n | warned | right and warned | called AMD, not warned |\n|---|---|---|---|---|")
        for group, reports in groups.items():
            warned = [r["warning"]["kind"] != "none" for r, _ in reports]
            right = [w for (r, label), w in zip(reports, warned) if r["image"]["label"] == label]
            amd = np.mean([r["image"]["label"] == "AMD" and not w for (r, _), w in zip(reports, warned)])
            of_right = f"{np.mean(right):.2f}" if right else ""
            print(f"| {group} | {len(reports)} | {np.mean(warned):.2f} | {of_right} | {amd:.2f} |")

        alone = f"{folder}/alone.safetensors"
        detector_alone(options.weights, alone)
        scores = defaultdict(list)
        tasks = [(k[0], k[1]) for k in known if k[2] != "another disease"] + [(path, "odd pictures") for path, _ in odd]
        for (_, group), report in zip(tasks, explain(options.train, alone, [task[0] for task in tasks])):
            # Heads that disagree give a score of their own.
            if "heads_disagree" not in report["warning"]["reasons"]:
                scores[group].append(report["warning"]["score"])
        print("\n| detector's threshold | " + " | ".join(scores) + " |\n|---" + "|---" * len(scores) + "|")
        for threshold in THRESHOLDS:
            shares = [f"{np.mean(np.array(s) >= threshold):.3f}" for s in scores.values()]
            print(f"| {threshold} | " + " | ".join(shares) + " |")


if __name__ == "__main__":
    main()
