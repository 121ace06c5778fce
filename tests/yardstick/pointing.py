"""The pointing game on real scans: is the AMD heatmap's peak on a lesion, more often than another scan's peak would be?

    train explain OCTDL/AMD/*.jpg --weights FILE --target AMD --out REPORTS
    python tests/yardstick/pointing.py REPORTS --splits RUN/splits.json [--split test]

octdl_lesions.json holds boxes [left, top, right, bottom], in pixels, around the clear lesions of 55 OCTDL scans, drawn
by a non-clinician; scans without a clear lesion and scans that are lesion all over were left out. `splits.json` says whose
scans were held back. Prints the share of scans whose peak (the centre of the hottest cell) lies in a box of its own scan,
and the mean share of all other scans' peaks that would, for boxes as drawn and widened by half a cell and by a cell.
"""

import argparse
import json
from pathlib import Path

MARGINS_CELLS = (0, 0.5, 1)


def peak(report: dict) -> tuple[float, float]:
    """The hottest cell's centre, as fractions of the scan's width and height."""
    heatmap, size = report["heatmap"], (report["input"]["width"], report["input"]["height"])
    row, col = divmod(max(range(len(heatmap["values"])), key=heatmap["values"].__getitem__), heatmap["cols"])
    x, y, width, height = heatmap["region"]
    return (
        (x + (col + 0.5) / heatmap["cols"] * width) / size[0],
        (y + (row + 0.5) / heatmap["rows"] * height) / size[1],
    )


def is_hit(report: dict, boxes: list, point: tuple[float, float], margin_cells: float) -> bool:
    heatmap = report["heatmap"]
    x, y = point[0] * report["input"]["width"], point[1] * report["input"]["height"]
    dx = margin_cells * heatmap["region"][2] / heatmap["cols"]
    dy = margin_cells * heatmap["region"][3] / heatmap["rows"]
    return any(left - dx <= x <= right + dx and top - dy <= y <= bottom + dy for left, top, right, bottom in boxes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("reports", type=Path, help="folder that train explain wrote")
    parser.add_argument("--splits", type=Path, required=True, help="splits.json of the run that made the weights")
    parser.add_argument("--split", default="test")
    args = parser.parse_args()

    lesions = json.loads(Path(__file__).with_name("octdl_lesions.json").read_text())
    patients = json.loads(args.splits.read_text())["patients"]
    held_back = [name for name in lesions if patients.get(f"octdl/{name.split('_')[1]}") == args.split]
    reports = {}
    for name in held_back:
        path = args.reports / f"{name}.json"
        if path.exists():
            reports[name] = json.loads(path.read_text())
    if len(reports) < 2:
        parser.error(f"{args.reports} holds too few reports of the {len(held_back)} marked scans of that split")
    peaks = {name: peak(report) for name, report in reports.items()}
    print(f"{len(reports)} scans")
    for margin in MARGINS_CELLS:
        def share(pairs: list) -> float:
            return sum(is_hit(reports[a], lesions[a], peaks[b], margin) for a, b in pairs) / len(pairs)

        own = share([(name, name) for name in reports])
        others = share([(a, b) for a in reports for b in reports if a != b])
        print(f"boxes wider by {margin} cells: own peak {own:.3f}, another scan's peak {others:.3f}")


if __name__ == "__main__":
    main()
