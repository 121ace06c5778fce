// Files of one eye: DICOM files that say so are summed up, others when the visitor says so, both eyes never.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { makeUp } from "./made_up.mjs";
import { ROOT, sampleFile } from "./page.mjs";
import { openSite } from "./site.mjs";

/** Laterality, of representation CS and two bytes: the side is the ninth. */
const LATERALITY = Buffer.from("\x20\x00\x60\x00CS\x02\x00", "latin1");

const site = openSite();

/** A DICOM file of the same study as all others, of one side; `salt` changes a pixel. */
function dicom(name, side, salt) {
  const buffer = readFileSync(join(ROOT, "tests", "fixtures", "dicom_out", "single.dcm"));
  buffer.write(side, buffer.indexOf(LATERALITY) + LATERALITY.length, "latin1");
  buffer[buffer.length - 1] ^= salt;
  return { name, mimeType: "application/dicom", buffer };
}

test("DICOM files of one study and side are summed up, the other eye is not among them", () =>
  // Without the warnings of a model that may not know such small pictures: a picture that is no scan counts for no eye.
  site.visiting({ prepare: (context) => makeUp(context) }, async (visit) => {
    await visit.choose([dicom("a.dcm", "L", 0), dicom("right.dcm", "R", 1), dicom("b.dcm", "L", 2)]);
    await visit.answer();
    const eye = await visit.hook("joined-eye").evaluate((eye) => ({ text: eye.innerText, ...eye.dataset }));
    assert.ok(["healthy", "AMD"].includes(eye.label), eye.label);
    assert.equal(eye.answered, "2");
    assert.match(eye.text, /, [ab]\.dcm (decided|looks most like disease)$/);
    assert.match(await visit.hook("same-eye").innerText(), /^2 files/);
    assert.equal(await visit.hook("one-eye").count(), 0);
    await visit.screenshot("one-eye");
    assert.deepEqual(visit.complaints, []);
  }));

test("pictures are summed up when the visitor says that they are of one eye, by keyboard too", () =>
  site.visiting({}, async (visit) => {
    await visit.choose([sampleFile(0, "1.png"), sampleFile(1, "2.png"), sampleFile(2, "3.png")]);
    await visit.answer();
    const button = visit.hook("one-eye");
    assert.deepEqual([await button.getAttribute("aria-pressed"), await visit.hook("joined-eye").count()], ["false", 0]);
    await button.press("Enter");
    assert.equal(await button.getAttribute("aria-pressed"), "true");
    const { answered, probability } = await visit.hook("joined-eye").evaluate((eye) => ({ ...eye.dataset }));
    assert.ok(answered === "3" && Number(probability) <= 1, `${answered} ${probability}`);
    await visit.hook("language").locator('[data-language="ko"]').click();
    assert.match(await visit.hook("joined-eye").innerText(), /안구/);
    await button.press("Enter");
    assert.equal(await visit.hook("joined-eye").count(), 0);
  }));

test("a right and a left eye are not even offered to be summed up", () =>
  site.visiting({}, async (visit) => {
    await visit.choose([dicom("left.dcm", "L", 0), dicom("right.dcm", "R", 1)]);
    await visit.answer();
    assert.deepEqual([await visit.hook("one-eye").count(), await visit.hook("joined-eye").count()], [0, 0]);
  }));
