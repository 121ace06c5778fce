// A file of several B-scans: its frames are answered one by one, chosen by click, keys and wheel, and summed up for the eye.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { ROOT, sampleFile } from "./page.mjs";
import { openSite } from "./site.mjs";

/** Frames of the volume. */
const N_FRAMES = 5;

const site = openSite();

/** The volume of the reader's tests, or its first bytes. */
function volume(name = "eye.vol", nBytes = undefined) {
  const bytes = readFileSync(join(ROOT, "tests", "fixtures", "trials", "vol", "volume.vol"));
  return { name, mimeType: "", buffer: bytes.subarray(0, nBytes ?? bytes.length) };
}

/** Waits until the frame of that number, from 0, is shown and answered. */
async function shows(visit, index) {
  await visit.page.locator(`[data-testid="frame"][data-index="${index}"][aria-pressed="true"]`).waitFor();
  await visit.answer();
}

describe("a volume", () => {
  let visit;
  before(async () => {
    visit = await site.visit();
    await visit.choose(sampleFile());
    await visit.answer();
    await visit.choose(volume());
    await visit.hook("frames").waitFor();
    await visit.answer();
  });
  after(() => visit?.close());

  test("its frames are listed below it, each with its answer", async () => {
    const frames = await visit.hook("frame").evaluateAll((frames) => frames.map((frame) => ({ ...frame.dataset })));
    assert.deepEqual(frames.map(({ index }) => index), ["0", "1", "2", "3", "4"]);
    for (const { label, probability } of frames) {
      assert.ok(["healthy", "AMD"].includes(label), label);
      assert.ok(Number(probability) >= 0.5 && Number(probability) <= 1, probability);
    }
    assert.equal(await visit.hook("scan").count(), 2, "frames are no files");
    await shows(visit, 0);
    const { input } = await visit.report();
    assert.deepEqual([input.name, input.frame, input.n_frames, input.laterality], ["eye.vol", 0, N_FRAMES, "OD"]);
    assert.deepEqual(input.um_per_pixel, [11.39, 3.872]);
    assert.match(await visit.hook("laterality").innerText(), /OD/);
    assert.match(await visit.hook("signs").innerText(), /\d+ × \d+/, "the heated region in µm");
    await visit.screenshot("frames");
  });

  test("they say together what the eye's answer is", async () => {
    const eye = await visit.hook("eye").evaluate((eye) => ({ text: eye.innerText, ...eye.dataset }));
    assert.ok(["healthy", "AMD"].includes(eye.label), eye.label);
    assert.ok(Number(eye.frame) < N_FRAMES && Number(eye.probability) <= 1);
    assert.match(eye.text, new RegExp(`frame ${Number(eye.frame) + 1} of ${N_FRAMES}`));
    assert.doesNotMatch(eye.text, /answered/);
  });

  test("a click, the arrow keys and the wheel choose one", async () => {
    const shown = async () => (await visit.report()).input.frame;
    await visit.hook("frame").nth(3).click();
    await shows(visit, 3);
    assert.equal(await shown(), 3);
    // Asking for the report took the focus to its button.
    const chosen = visit.page.locator('[data-testid="frame"][aria-pressed="true"]');
    await chosen.press("ArrowUp");
    await shows(visit, 2);
    assert.equal(await shown(), 2);
    // The focus goes with the choice: the keys go on from there.
    await chosen.press("End");
    await shows(visit, N_FRAMES - 1);
    await visit.page.keyboard.press("ArrowDown");
    await visit.page.keyboard.press("Home");
    await shows(visit, 0);
    await visit.hook("frames").hover();
    await visit.page.mouse.wheel(0, 120);
    await shows(visit, 1);
    assert.equal(await shown(), 1);
  });

  test("it is one scan of the list: another is shown and it is removed as a whole", async () => {
    await visit.hook("scan").nth(1).click();
    await visit.answer();
    assert.equal((await visit.report()).input.n_frames, 1);
    assert.equal(await visit.hook("frame").count(), N_FRAMES);
    await visit.page.locator(".open-scan", { has: visit.hook("scan").nth(0) }).first().hover();
    await visit.hook("scan-remove").first().click();
    assert.deepEqual([await visit.hook("frame").count(), await visit.hook("scan").count()], [0, 1]);
    assert.deepEqual(visit.complaints, []);
  });
});

describe("a paused queue", () => {
  /** Volumes that are opened together, enough to be paused in between. */
  const N_VOLUMES = 4;
  let visit;
  before(async () => {
    visit = await site.visit();
  });
  after(() => visit?.close());

  const nHeldBack = async () => Number(await visit.attribute("paused", "data-scans"));
  const nAnswered = () => visit.page.locator('[data-testid="frame"][data-label]').count();

  test("it finishes the scan in work and begins no other", async () => {
    await visit.choose(Array.from({ length: N_VOLUMES }, (_, i) => volume(`${i}.vol`)));
    await visit.hook("pause").press("Enter");
    await visit.hook("frames").first().waitFor();
    await visit.answer();
    const [held, answered] = [await nHeldBack(), await nAnswered()];
    assert.ok(held >= N_VOLUMES, `${held} scans wait`);
    assert.match(await visit.hook("status").innerText(), /Paused, \d+ scans wait/);
    assert.equal(await visit.hook("pause").innerText(), "Resume");
    await new Promise((resolve) => setTimeout(resolve, 1000));
    assert.deepEqual([await nHeldBack(), await nAnswered()], [held, answered], "nothing goes on by itself");
  });

  test("a frame that is clicked is answered, and a file that comes waits", async () => {
    const [held, answered] = [await nHeldBack(), await nAnswered()];
    const last = visit.hook("frames").first().getByTestId("frame").last();
    assert.equal(await last.getAttribute("data-label"), null);
    await last.click();
    await visit.page.waitForFunction(
      (n) => document.querySelectorAll('[data-testid="frame"][data-label]').length === n, answered + 1,
    );
    assert.equal(await nHeldBack(), held - 1);
    await visit.choose(sampleFile());
    await visit.page.waitForFunction(
      (n) => document.querySelector('[data-testid="paused"]')?.dataset.scans === String(n), held,
    );
    assert.equal((await visit.report()).input.frame, N_FRAMES - 1, "what is shown stays");
    await visit.hook("language").locator('[data-language="ko"]').click();
    assert.match(await visit.hook("status").innerText(), /일시 정지됨/);
    await visit.screenshot("paused");
  });

  test("it goes on where it stopped, first with what came meanwhile", async () => {
    await visit.hook("pause").click();
    await visit.answer();
    assert.equal(await visit.hook("paused").count(), 0);
    assert.equal(await nAnswered(), N_VOLUMES * N_FRAMES);
    assert.equal((await visit.report()).input.name, sampleFile().name);
    assert.deepEqual(visit.complaints, []);
  });
});

test("a volume that is cut short shows what is there and says so, in every language", async () => {
  const visit = await site.visit();
  try {
    await visit.choose(volume("cut.vol", 100_000));
    await visit.answer();
    await visit.hook("frames").waitFor();
    const nFrames = await visit.hook("frame").count();
    assert.ok(nFrames > 1 && nFrames < N_FRAMES, String(nFrames));
    assert.match(await visit.hook("note").innerText(), new RegExp(`${nFrames} of its ${N_FRAMES}`));
    await visit.hook("language").locator('[data-language="ko"]').click();
    assert.match(await visit.hook("note").innerText(), /잘려/);
  } finally {
    await visit.close();
  }
});

test("a file that only its name tells is named", async () => {
  const visit = await site.visit();
  try {
    await visit.choose({ name: "P_PCIRRUS_512x128_OD_cube_z.img", mimeType: "", buffer: Buffer.alloc(2000, 7) });
    await visit.phase("failed");
    assert.match(await visit.hook("error").innerText(), /Zeiss Cirrus/);
  } finally {
    await visit.close();
  }
});
