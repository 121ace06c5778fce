"""Rules by which the B-scans of an eye give one answer, on the validation patients of a weights file.

    python tests/yardstick/eye.py --train TRAIN --weights weights/compact.safetensors --kermany DIR --octdl DIR

Two questions, since neither set has whole volumes:

1. Patients with three scans or more, as published (scans were chosen because they show the disease).
2. Composed volumes: a few AMD scans of one patient among healthy scans of other patients of the same set, and healthy scans
   alone; 50 draws.

The rule for choosing was written down before: the best AUROC of 1, ties to the simpler. See docs/results.md for what came of it.
"""

import argparse
import csv
import json
import random
import statistics
import struct
import subprocess
from collections import defaultdict
from pathlib import Path

N_DRAWS = 50


def noisy_or(values):
    none = 1.0
    for value in values:
        none *= 1 - value
    return 1 - none


def top_3(values):
    largest = sorted(values)[-3:]
    return sum(largest) / len(largest)


RULES = {
    "maximum": max,
    "mean": statistics.fmean,
    "median": statistics.median,
    "mean of the 3 largest": top_3,
    "noisy or": noisy_or,
}


def splits(weights):
    with open(weights, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
    return json.loads(header["__metadata__"]["octlens"])["training"]["splits"]["patients"]


def validation_scans(patients, kermany, octdl):
    """By patient: path and whether it shows AMD."""
    scans = defaultdict(list)
    for row in csv.DictReader(open(kermany / "labels.csv")):
        is_amd = {"CNV": True, "DRUSEN": True, "NORMAL": False}.get(row["label"])
        if is_amd is not None:
            scans[f"kermany/{row['patient']}"].append((kermany / row["file"], is_amd))
    for row in csv.DictReader(open(octdl / "OCTDL_labels.csv")):
        is_amd = {"AMD": True, "NO": False}.get(row["disease"])
        if is_amd is not None:
            path = octdl / row["disease"] / f"{row['file_name']}.jpg"
            scans[f"octdl/{row['patient_id']}"].append((path, is_amd))
    return {patient: found for patient, found in scans.items() if patients.get(patient) == "val"}


def answers(train, weights, paths):
    """By path: p(AMD) where the scan counts, None where it is no scan or unfamiliar."""
    command = [train, "explain", "--json", "--words", "gradient_x_activation", "--weights", weights, *paths]
    reports = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    counts = lambda report: report["warning"]["kind"] not in ("not_a_scan", "unfamiliar")
    return {p: r["image"]["probabilities"]["AMD"] if counts(r) else None for p, r in zip(paths, reports, strict=True)}


def auroc(values, is_amd):
    amd = [v for v, a in zip(values, is_amd) if a]
    healthy = [v for v, a in zip(values, is_amd) if not a]
    return sum((a > h) + (a == h) / 2 for a in amd for h in healthy) / len(amd) / len(healthy)


def figures(volumes):
    """Of (probabilities, is AMD): by rule AUROC, and sensitivity and specificity at 0.5."""
    is_amd = [amd for _, amd in volumes]
    result = {}
    for name, rule in RULES.items():
        values = [rule(values) for values, _ in volumes]
        sensitivity = statistics.fmean(v >= 0.5 for v, a in zip(values, is_amd) if a)
        specificity = statistics.fmean(v < 0.5 for v, a in zip(values, is_amd) if not a)
        result[name] = [auroc(values, is_amd), sensitivity, specificity]
    return result


def show(title, rows):
    print(f"\n{title}\n")
    for name, (area, sensitivity, specificity) in rows.items():
        print(f"| {name} | {area:.3f} | {sensitivity:.2f} | {specificity:.2f} |")


def composed(scans, p, n_frames, n_amd, rng):
    pool = defaultdict(list)
    for patient, found in scans.items():
        pool[patient.split("/")[0]] += [(patient, path) for path, is_amd in found if not is_amd]
    volumes = []
    for patient, found in scans.items():
        amd = [path for path, is_amd in found if is_amd]
        own = rng.choices(amd, k=n_amd) if amd else [path for path, _ in found][:n_frames]
        others = [path for other, path in pool[patient.split("/")[0]] if other != patient]
        paths = own + rng.choices(others, k=n_frames - len(own))
        values = [p[path] for path in paths if p[path] is not None]
        if values:
            volumes.append((values, bool(amd)))
    return volumes


def main():
    parser = argparse.ArgumentParser()
    for name in ["--train", "--weights", "--kermany", "--octdl"]:
        parser.add_argument(name, type=Path, required=True)
    args = parser.parse_args()
    scans = validation_scans(splits(args.weights), args.kermany, args.octdl)
    p = answers(args.train, args.weights, [path for found in scans.values() for path, _ in found])

    several = {patient: found for patient, found in scans.items() if len(found) >= 3}
    volumes = [
        (values, any(is_amd for _, is_amd in found))
        for found in several.values()
        if (values := [p[path] for path, _ in found if p[path] is not None])
    ]
    n_scans = sum(len(found) for found in several.values())
    show(f"{len(volumes)} patients ({sum(a for _, a in volumes)} AMD), {n_scans} scans, as published", figures(volumes))
    for n_frames, n_amd in [(25, 1), (25, 3), (25, 8), (49, 5)]:
        draws = [figures(composed(scans, p, n_frames, n_amd, random.Random(seed))) for seed in range(N_DRAWS)]
        rows = {name: [statistics.fmean(draw[name][i] for draw in draws) for i in range(3)] for name in RULES}
        show(f"{len(scans)} composed volumes, {n_amd} of {n_frames} B-scans AMD, or none", rows)


if __name__ == "__main__":
    main()
