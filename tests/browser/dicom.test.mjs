// An answer about a DICOM file is saved as DICOM: the same objects that `train explain --dicom` writes.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { attributes, unzipped } from "./dicom.mjs";
import { DIST, ROOT, defaultModel, sampleFile } from "./page.mjs";
import { openSite } from "./site.mjs";

/** The floats behind the integers are added in another order, see `parity.test.mjs`. */
const PROBABILITY_TOLERANCE = 1e-5;
/** A cell of the heatmap may be rounded to the next of 255 levels. */
const LEVEL_TOLERANCE = 1;
/** UIDs that are made from the content, which differs in the last bits of its floats. */
const DERIVED_UID = /^2\.25\.\d+$/;
/** The length of the meta information, UIDs included. */
const META_LENGTH = "00020000";

const TRAIN = process.env.OCTLENS_TRAIN;
const FIXTURES = join(ROOT, "tests", "fixtures", "dicom_out");

const site = openSite();
let folder;
before(() => {
  assert.ok(TRAIN, "OCTLENS_TRAIN names the train program; `make test-browser` sets it");
  folder = mkdtempSync(join(tmpdir(), "octlens-"));
});
after(() => folder && rmSync(folder, { recursive: true }));

function source(name) {
  return { name, mimeType: "application/dicom", buffer: readFileSync(join(FIXTURES, name)) };
}

/** The objects by their names that `train explain` writes about a frame, counted from 1. */
function explained(name, frame) {
  const out = join(folder, `${name}-${frame}`);
  const weights = join(DIST, "weights", defaultModel().file);
  const args = ["explain", join(FIXTURES, name), "--weights", weights, "--frame", String(frame), "--dicom", out, "--json"];
  execFileSync(TRAIN, args, { maxBuffer: 1 << 26, stdio: ["ignore", "pipe", "inherit"] });
  return Object.fromEntries(readdirSync(out).map((file) => [file, readFileSync(join(out, file))]));
}

/** Each derived UID of some files as the number of its first appearance, so that references can be compared. */
function numbered(files) {
  const uids = new Map();
  const number = (uid) => uids.set(uid, uids.get(uid) ?? uids.size).get(uid);
  return Object.keys(files).sort().map((name) =>
    attributes(files[name]).filter(({ path }) => path !== META_LENGTH).map(({ path, vr, value }) => {
      const text = value.toString("latin1").replace(/[ \0]+$/, "");
      return { path, vr, value, text: vr === "UI" && DERIVED_UID.test(text) ? `derived ${number(text)}` : text };
    }),
  );
}

function assertSameObjects(page, native) {
  assert.deepEqual(Object.keys(page).sort(), Object.keys(native).sort());
  const [ours, theirs] = [numbered(page), numbered(native)];
  ours.forEach((file, i) => {
    assert.deepEqual(file.map(({ path, vr }) => [path, vr]), theirs[i].map(({ path, vr }) => [path, vr]));
    file.forEach(({ path, vr, value, text }, j) => {
      const other = theirs[i][j];
      if (vr === "FD" || path.endsWith("0040a30a")) {
        const [a, b] = [[value, text], [other.value, other.text]].map(([bytes, text]) =>
          vr === "FD" ? bytes.readDoubleLE() : Number(text));
        assert.ok(Math.abs(a - b) <= PROBABILITY_TOLERANCE, `${path}: ${a} and ${b}`);
      } else if (path === "7fe00010") {
        assert.equal(value.length, other.value.length);
        assert.ok(value.every((level, at) => Math.abs(level - other.value[at]) <= LEVEL_TOLERANCE), "heatmap");
      } else {
        assert.equal(text, other.text, path);
      }
    });
  });
}

test("a frame's answer is saved as train explain --dicom writes it, twice the same", () =>
  site.visiting({}, async (visit) => {
    await visit.choose(source("volume.dcm"));
    await visit.answer();
    await visit.hook("keep-name").check();
    await visit.hook("frame").nth(1).click();
    await visit.page.locator('[data-testid="frame"][data-index="1"][aria-pressed="true"]').waitFor();
    await visit.answer();
    const archive = await visit.download("download-dicom");
    assertSameObjects(unzipped(archive), explained("volume.dcm", 2));
    assert.deepEqual(await visit.download("download-dicom"), archive);
    for (const secret of ["SECRET", "Secret", "Hong", "20240501"]) assert.ok(!archive.includes(secret), secret);
    await visit.screenshot("dicom");
    assert.deepEqual(visit.complaints, []);
  }));

test("a file of one frame is saved too, and the archive has its name", () =>
  site.visiting({}, async (visit) => {
    await visit.choose(source("single.dcm"));
    await visit.answer();
    await visit.hook("keep-name").check();
    const [download] = await Promise.all([visit.page.waitForEvent("download"), visit.hook("download-dicom").press("Enter")]);
    assert.equal(download.suggestedFilename(), "single.octlens.dicom.zip");
    assertSameObjects(unzipped(readFileSync(await download.path())), explained("single.dcm", 1));
  }));

test("what is no DICOM file, or cannot be referred to, is not saved so", () =>
  site.visiting({}, async (visit) => {
    await visit.choose(sampleFile());
    await visit.answer();
    assert.equal(await visit.hook("download-dicom").count(), 0);
    // The same attribute with a name that is no UID.
    const { buffer, ...file } = source("single.dcm");
    const at = buffer.indexOf(Buffer.from([0x20, 0x00, 0x0d, 0x00]));
    buffer.fill("x", at + 8, at + 8 + buffer.readUInt16LE(at + 6));
    await visit.choose({ ...file, buffer });
    await visit.answer();
    await visit.hook("download-dicom").click();
    await visit.phase("failed");
    assert.match(await visit.hook("error").innerText(), /single\.dcm: .*StudyInstanceUID/);
  }));
