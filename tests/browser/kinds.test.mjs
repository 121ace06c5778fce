// One file of each kind of format, and of each kind that is refused: the page says of it what `train explain` says.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";

import { ROOT } from "./page.mjs";
import { openSite } from "./site.mjs";

const TRIALS = join(ROOT, "tests", "fixtures", "trials");
const TRAIN = process.env.OCTLENS_TRAIN;
/** Probabilities are rounded differently by the two programs' printing only. */
const TOLERANCE = 1e-4;

const ANSWERED = [
  "pictures/png16_12_bits.png", "pictures/jpeg_cmyk.jpg", "pictures/jpeg_orientation6.jpg", "pictures/tiff_white_zero.tif",
  "pictures/bmp.bmp", "pictures/gif.gif", "pictures/webp.webp", "pictures/jpeg2000.jp2", "pictures/pgm.pgm",
  "dicom/12_of_16.dcm", "dicom/frames_jpeg.dcm", "dicom/j2k.dcm", "vol/volume.vol",
];
const REFUSED = [
  "pictures/jpeg_cut.jpg", "pictures/jpeg_arithmetic.jpg", "pictures/heic.heic", "pictures/pdf.pdf", "pictures/zip.zip",
  "pictures/png_claims_400_megapixels.png", "pictures/tiff_claims_2G.tif", "pictures/empty.jpg", "dicom/DICOMDIR",
  "dicom/claims_4g.dcm", "dicom/claims_precincts.dcm", "dicom/encrypted.dcm", "dicom/jls.dcm", "dicom/cut.dcm",
];

const site = openSite();

/** What the command line says: a report, or a reason. */
function explained(path) {
  const options = ["explain", path, "--json", "--weights", join(ROOT, "weights", "compact.safetensors")];
  const { status, stdout, stderr } = spawnSync(TRAIN, options, { encoding: "utf8", maxBuffer: 1 << 26 });
  return status === 0 ? { report: JSON.parse(stdout) } : { reason: stderr.trim().split("\n").at(-1) };
}

const file = (path) => ({ name: basename(path), mimeType: "", buffer: readFileSync(path) });

for (const name of ANSWERED) {
  test(`${name} is answered as by the command line`, () => site.visiting({}, async (visit) => {
    const { report, reason } = explained(join(TRIALS, name));
    assert.ok(report, reason);
    await visit.choose(file(join(TRIALS, name)));
    await visit.answer();
    const theirs = await visit.report();
    assert.deepEqual(theirs.input, report.input);
    assert.deepEqual(theirs.warning.reasons, report.warning.reasons);
    for (const [label, probability] of Object.entries(report.image.probabilities)) {
      assert.ok(Math.abs(theirs.image.probabilities[label] - probability) < TOLERANCE, label);
    }
  }));
}

for (const name of REFUSED) {
  test(`${name} is refused for the same reason`, () => site.visiting({}, async (visit) => {
    const { reason, report } = explained(join(TRIALS, name));
    assert.equal(report, undefined);
    await visit.choose(file(join(TRIALS, name)));
    assert.equal(await visit.phase("failed"), "failed");
    const said = (await visit.hook("error").innerText()).split("\n").find((line) => line.startsWith(basename(name)));
    const why = said.slice(`${basename(name)}: `.length);
    assert.ok(why.length > 20 && reason.includes(why), `${reason}\n${why}`);
    // The next file is answered: the worker lives.
    await visit.choose(file(join(TRIALS, "pictures", "base.png")));
    await visit.answer();
  }));
}
