"""Reads the DICOM objects of `train explain --dicom` with highdicom, pydicom and dciodvfy, and compares them with the reports.

    pip install highdicom==0.28.2
    apt-get install dicom3tools            # dciodvfy; without it that check is left out, and said so
    python tests/yardstick/dicom_out.py --train TRAIN --weights FILE SCAN.dcm...

For each frame, with and without `--identified`: the segmentation's pixels are those of the report's heatmap, interpolated
here between the centres of its cells; it and the structured report refer to the frame; the structured report has the
report's probabilities as they are, labels, caption and model. Without `--identified` nothing of the patient is
in either file.
Prints counts; exits 1 if anything differs.
"""

import argparse
import collections
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import highdicom as hd
import numpy as np
import pydicom
from pydicom.sr.codedict import codes

# A value that lies between two levels may be rounded either way: here sums are of 64 bits, there of 32.
MAX_LEVELS_OFF = 1
CLASSES = {"AMD": "267718000", "healthy": "17621005"}
MIN_TEXT = 5
PATIENT = ("PatientName", "PatientID", "PatientBirthDate", "AccessionNumber", "StudyID", "ReferringPhysicianName")


def levels(heatmap: dict, width: int, height: int) -> np.ndarray:
    """The heatmap at the scan's size, 0…255, by bilinear interpolation; 0 outside its region."""
    cells = np.array(heatmap["values"], float).reshape(heatmap["rows"], heatmap["cols"])
    x, y, w, h = heatmap["region"]

    def along(n: int, start: float, length: float, n_cells: int):
        share = (np.arange(n) + 0.5 - start) / length
        at = np.clip(share * n_cells - 0.5, 0, n_cells - 1)
        low = at.astype(int)
        return low, np.minimum(low + 1, n_cells - 1), at - low, (share >= 0) & (share < 1)

    left, right, across, in_x = along(width, x, w, cells.shape[1])
    top, bottom, down, in_y = along(height, y, h, cells.shape[0])
    rows = cells[top] + (cells[bottom] - cells[top]) * down[:, None]
    values = rows[:, left] + (rows[:, right] - rows[:, left]) * across
    return np.floor(np.clip(values, 0, 1) * 255 + 0.5) * (in_y[:, None] & in_x)


class Checks:
    def __init__(self):
        self.n, self.failed, self.levels_off = collections.Counter(), [], 0

    def check(self, what: str, ok: bool, file: Path):
        self.n[what] += 1
        if not ok:
            self.failed.append(f"{file.name}: {what}")


def check_segmentation(checks: Checks, path: Path, report: dict, source: pydicom.Dataset) -> hd.seg.Segmentation:
    seg = hd.seg.segread(path)
    frame = report["input"]["frame"] + 1
    expected = levels(report["heatmap"], source.Columns, source.Rows)
    if int(source.get("NumberOfFrames", 1)) > 1:
        found = seg.get_pixels_by_source_frame(source.SOPInstanceUID, [frame], combine_segments=False, rescale_fractional=False)
    else:
        found = seg.get_pixels_by_source_instance([source.SOPInstanceUID], combine_segments=False, rescale_fractional=False)
    off = np.abs(found[0, :, :, 0].astype(int) - expected)
    checks.levels_off = max(checks.levels_off, int(off.max()))
    checks.check("pixels of the segmentation by source frame", off.max() <= MAX_LEVELS_OFF, path)
    raw = pydicom.dcmread(path).pixel_array
    checks.check("pixels by pydicom", np.array_equal(raw, found[0, :, :, 0]), path)
    uids = (source.StudyInstanceUID, source.SeriesInstanceUID, source.SOPInstanceUID)
    checks.check("source of the segmentation", seg.get_source_image_uids() == [uids], path)
    description = seg.get_segment_description(1)
    is_right = description.segment_label == f"Evidence for {report['heatmap']['target']} (GradCAM)"
    checks.check("label of the segment", is_right and description.algorithm_type.value == "AUTOMATIC", path)
    return seg


def check_report(checks: Checks, path: Path, report: dict, source: pydicom.Dataset, seg: hd.seg.Segmentation):
    sr = hd.sr.srread(path)
    content = sr.content
    groups = content.get_image_measurement_groups()
    checks.check("groups of the heads", len(groups) == 2 and isinstance(content, hd.sr.MeasurementReport), path)
    for group, head in zip(groups, (report["image"], report["text"])):
        found = {m.name.meaning: m.value for m in group.get_measurements()}
        # Reports have the shortest text of a 32-bit float, the object the float itself.
        expected = {f"Probability of {label}": float(np.float32(p)) for label, p in head["probabilities"].items()}
        checks.check("probabilities", found == expected, path)
        is_scan = report["warning"]["kind"] != "not_a_scan"
        finding = group.finding_type and group.finding_type.value
        checks.check("label", finding == (CLASSES.get(head["label"], finding) if is_scan else None), path)
    regions = content.get_planar_roi_measurement_groups(
        referenced_sop_instance_uid=seg.SOPInstanceUID, reference_type=codes.DCM.ReferencedSegmentationFrame
    )
    checks.check("group of the segmentation", len(regions) == 1, path)
    texts = [item.value for item in hd.sr.utils.find_content_items(sr, value_type=hd.sr.ValueTypeValues.TEXT, recursive=True)]
    checks.check("caption", report["caption"]["text"] in texts, path)
    observer = content.get_observer_contexts()[0].observer_identifying_attributes
    model = report["model"]
    is_model = (observer.model_name, observer.serial_number) == (model["name"], model["sha256"])
    checks.check("model as observer", is_model, path)
    images = {
        (i.referenced_sop_instance_uid, tuple(i.referenced_frame_numbers or ()))
        for i in hd.sr.utils.find_content_items(sr, value_type=hd.sr.ValueTypeValues.IMAGE, recursive=True)
    }
    number = (report["input"]["frame"] + 1,) if int(source.get("NumberOfFrames", 1)) > 1 else ()
    checks.check("references", images == {(source.SOPInstanceUID, number), (seg.SOPInstanceUID, (1,))}, path)
    evidence = {i.ReferencedSOPInstanceUID for s in sr.CurrentRequestedProcedureEvidenceSequence
                for r in s.ReferencedSeriesSequence for i in r.ReferencedSOPSequence}
    checks.check("evidence", evidence == {source.SOPInstanceUID, seg.SOPInstanceUID}, path)


def check_patient(checks: Checks, path: Path, source: pydicom.Dataset, identified: bool):
    made = pydicom.dcmread(path)
    if identified:
        same = all(made.get(name, "") == source.get(name, "") for name in (*PATIENT, "StudyInstanceUID"))
        checks.check("patient and study as the source", same, path)
        return
    checks.check("no attribute of the patient", not any(made.get(name) for name in PATIENT), path)
    # Shorter ones are found by chance in UIDs and pixels.
    texts = [str(source[name].value) for name in PATIENT if len(str(source.get(name, "")).strip("^")) >= MIN_TEXT]
    checks.check("no text of the patient", not any(text.encode() in path.read_bytes() for text in texts), path)
    checks.check("a study of its own", made.StudyInstanceUID != source.StudyInstanceUID, path)


def check_by_dciodvfy(checks: Checks, path: Path):
    said = subprocess.run(["dciodvfy", path], capture_output=True, text=True)
    errors = [line for line in (said.stdout + said.stderr).splitlines() if line.startswith("Error")]
    checks.check("no error of dciodvfy", not errors, path)
    for error in errors:
        print(f"{path.name}: {error}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--train", required=True, help="the train program")
    parser.add_argument("--weights", required=True)
    parser.add_argument("scans", nargs="+", type=Path, help="DICOM files")
    args = parser.parse_args()

    has_dciodvfy = shutil.which("dciodvfy") is not None
    checks, n_files, n_objects = Checks(), 0, 0
    for identified in (False, True):
        for scan in args.scans:
            with tempfile.TemporaryDirectory() as out:
                more = ["--identified"] if identified else []
                command = [args.train, "explain", scan, "--weights", args.weights, "--frame", "all", "--json", "--dicom", out, *more]
                answered = subprocess.run(command, capture_output=True, text=True)
                if answered.returncode:
                    print(f"left out, {scan.name}: {answered.stderr.strip()}")
                    continue
                reports = json.loads(answered.stdout)
                n_files += 1
                reports = [r for r in (reports if isinstance(reports, list) else [reports]) if "heatmap" in r]
                source = pydicom.dcmread(scan)
                seg_paths = sorted(Path(out).glob("*.seg.dcm"))
                checks.check("objects of every frame", len(seg_paths) == len(reports) == int(source.get("NumberOfFrames", 1)), scan)
                for report, path in zip(reports, seg_paths):
                    seg = check_segmentation(checks, path, report, source)
                    sr_path = path.with_name(path.name.replace(".seg.dcm", ".sr.dcm"))
                    check_report(checks, sr_path, report, source, seg)
                    for made in (path, sr_path):
                        n_objects += 1
                        check_patient(checks, made, source, identified)
                        if has_dciodvfy:
                            check_by_dciodvfy(checks, made)
    print(f"{n_objects} objects of {n_files // 2} files; highdicom {hd.__version__}, pydicom {pydicom.__version__}")
    for what, n in checks.n.items():
        print(f"{what}: {n - sum(failed.endswith(': ' + what) for failed in checks.failed)} of {n}")
    print(f"greatest difference of a pixel: {checks.levels_off} of 255 levels")
    if not has_dciodvfy:
        print("dciodvfy is not installed: not checked by it")
    if checks.failed:
        sys.exit("\n".join(checks.failed))


if __name__ == "__main__":
    main()
