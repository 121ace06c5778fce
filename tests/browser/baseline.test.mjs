// A listed baseline is compared with the model when a visitor switches it on, and is not fetched otherwise. Its weights
// are random, so its answers mean nothing, but page and `train explain` must give the same.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { DIST, PATIENCE_MS, Visit, defaultModel, host, launch, sampleFile } from "./page.mjs";
import { writeResnet50 } from "./resnet50.mjs";

/** Floats through fifty layers, added in another order. */
const TOLERANCE = 1e-4;
/** The heatmap is divided by its largest value: small differences grow. */
const HEATMAP_TOLERANCE = 1e-3;
const NAME = "resnet50";
const FILE = `weights/${NAME}.safetensors`;

const TRAIN = process.env.OCTLENS_TRAIN;

let browser;
let folder;
let weights;
let server;

function train(...args) {
  return execFileSync(TRAIN, args, { encoding: "utf8", maxBuffer: 1 << 26, stdio: ["ignore", "pipe", "ignore"] });
}

before(async () => {
  assert.ok(TRAIN, "OCTLENS_TRAIN names the train program; `make test-browser` sets it");
  folder = mkdtempSync(join(tmpdir(), "octlens-"));
  const at = (name) => join(folder, name);
  weights = at("weights");
  const data = ["--data", `phantom:${at("phantoms")}`];
  writeResnet50(at("backbone.safetensors"));
  train("phantom", "--out", at("phantoms"), "--healthy", "16", "--amd", "16", "--seed", "1");
  train("finetune", "--out", at("run"), ...data, "--epochs", "0");
  cpSync(join(DIST, "weights"), weights, { recursive: true });
  train("baseline", "--run", at("run"), ...data, "--resnet50", at("backbone.safetensors"), "--out", weights, "--name", NAME);
  [browser, server] = [await launch(), await hostWithBaseline()];
});

after(async () => {
  await browser?.close();
  await server?.close();
  if (folder) rmSync(folder, { recursive: true });
});

/** The page with the weights folder that the baseline was written to. */
function hostWithBaseline(options = {}) {
  return host({ mounts: { "weights/": weights }, ...options });
}

async function visiting(url, steps, options = {}) {
  const visit = await Visit.start(browser, url, options);
  try {
    return await steps(visit);
  } finally {
    await visit.close();
  }
}

/** Waits until the baseline can be asked. */
function present(visit) {
  return visit.page.waitForFunction(
    () => document.querySelector('[data-testid="baseline-toggle"]').dataset.presence === "here",
    undefined,
    { timeout: PATIENCE_MS },
  );
}

/** Switches the baseline on, waits for its answer, and returns how long both took, in ms. */
async function compare(visit) {
  const start = performance.now();
  await visit.hook("baseline-toggle").check();
  await present(visit);
  const here = performance.now();
  await visit.hook("baseline-prediction").waitFor({ timeout: PATIENCE_MS });
  await visit.answer();
  return { load: here - start, answer: performance.now() - here };
}

/** Checks that what the page shows of the baseline is what its report holds, and returns that report. */
async function assertCompared(visit) {
  const report = await visit.report();
  const { image, heatmap } = report.baseline;
  assert.equal(await visit.attribute("baseline-prediction", "data-label"), image.label);
  const shown = Number(await visit.attribute("baseline-prediction", "data-probability"));
  assert.ok(Math.abs(shown - image.probabilities[image.label]) < 1e-6, `${shown}`);
  assert.equal(heatmap.target, report.heatmap.target);
  for (const hook of ["overlay", "baseline-overlay"]) {
    assert.equal(await visit.attribute(hook, "data-target"), heatmap.target);
  }
  return report;
}

function assertClose(actual, expected, tolerance, what) {
  assert.equal(actual.length, expected.length, what);
  actual.forEach((value, i) => {
    assert.ok(Math.abs(value - expected[i]) <= tolerance, `${what} ${i}: ${value} and ${expected[i]}`);
  });
}

test("where no baseline is listed, none is offered", async () => {
  const plain = await host();
  await visiting(plain.url, async (visit) => {
    await visit.sample(0);
    for (const hook of ["baseline-toggle", "baseline-prediction", "baseline-overlay"]) {
      assert.equal(await visit.hook(hook).count(), 0, hook);
    }
    assert.ok(!("baseline" in (await visit.report())));
  });
  await plain.close();
});

describe("a baseline that is listed", () => {
  let visit;
  before(async () => {
    visit = await Visit.start(browser, server.url);
  });
  after(() => visit?.close());

  test("train baseline lists it as one, and it is no model to choose", async () => {
    const { models } = JSON.parse(readFileSync(join(weights, "index.json"), "utf8"));
    const entry = models.find(({ name }) => name === NAME);
    assert.deepEqual([entry.kind, entry.labels, entry.default], ["baseline", ["healthy", "AMD"], false]);
    assert.equal(entry.bytes, statSync(join(folder, FILE)).size);
    const choices = await visit.hook("model").locator("option").evaluateAll((all) => all.map(({ value }) => value));
    assert.deepEqual(choices, models.filter(({ kind }) => kind !== "baseline").map(({ name }) => name));
  });

  test("it is off, says its size, and is not fetched until it is wanted", async () => {
    await visit.sample(0);
    assert.equal(await visit.hook("baseline-toggle").isChecked(), false);
    assert.match(await visit.page.locator("label:has([data-testid=baseline-toggle])").innerText(), /\d+\.\d MB/);
    assert.ok(!server.asked.includes(FILE));
    assert.equal(await visit.hook("baseline-overlay").count(), 0);
  });

  test("switched on, it says what train explain says", async (t) => {
    const sample = sampleFile(1);
    const path = join(folder, sample.name);
    writeFileSync(path, sample.buffer);
    const files = ["--weights", join(weights, defaultModel().file), "--baseline", join(folder, FILE)];
    const native = JSON.parse(train("explain", path, ...files, "--json"));
    await visit.choose(sample);
    await visit.answer();
    const { load, answer } = await compare(visit);
    t.diagnostic(`${load.toFixed(0)} ms to load it, ${answer.toFixed(0)} ms to ask it`);
    const report = await assertCompared(visit);
    const [ours, theirs] = [report.baseline, native.baseline];
    assert.deepEqual([ours.model, ours.image.label], [theirs.model, theirs.image.label]);
    const probabilities = ({ image }) => Object.values(image.probabilities);
    assertClose(probabilities(ours), probabilities(theirs), TOLERANCE, "probability");
    const { values, peak, ...map } = ours.heatmap;
    const { values: nativeValues, peak: nativePeak, ...nativeMap } = theirs.heatmap;
    assert.deepEqual(map, nativeMap);
    assertClose(values, nativeValues, HEATMAP_TOLERANCE, "heatmap cell");
    assertClose([peak / nativePeak], [1], HEATMAP_TOLERANCE, "share of the peak");
  });

  test("both heatmaps lie over the same scan, side by side and equally strong", async () => {
    const [own, other] = [await visit.overlay(), await visit.overlay("baseline-overlay")];
    assert.deepEqual([own.width, own.height], [other.width, other.height]);
    assert.ok(other.nShades > 16, `the overlay holds ${other.nShades} shades`);
    assert.notEqual(own.digest, other.digest);
    const scans = [await visit.overlay("scan-canvas"), await visit.overlay("baseline-scan-canvas")];
    assert.equal(scans[0].digest, scans[1].digest);
    const [left, right] = [await visit.hook("overlay").boundingBox(), await visit.hook("baseline-overlay").boundingBox()];
    assert.ok(left.x + left.width <= right.x && Math.abs(left.y - right.y) < 1, JSON.stringify([left, right]));
    assert.ok(Math.abs(left.width - right.width) < 1 && Math.abs(left.height - right.height) < 1);
    await visit.hook("opacity").fill("30");
    for (const hook of ["overlay", "baseline-overlay"]) {
      const opacity = await visit.hook(hook).evaluate((canvas) => Number(getComputedStyle(canvas).opacity));
      assert.ok(Math.abs(opacity - 0.3) < 0.01, `${hook}: ${opacity}`);
    }
    await visit.hook("opacity").fill("55");
  });

  test("another class explains both again, and changes neither answer", async (t) => {
    const before = await visit.report();
    const painted = [await visit.overlay(), await visit.overlay("baseline-overlay")];
    const target = Object.keys(before.image.probabilities).find((label) => label !== before.heatmap.target);
    const start = performance.now();
    await visit.hook("target-class").selectOption(target);
    await visit.answer();
    t.diagnostic(`${(performance.now() - start).toFixed(0)} ms for another class`);
    const report = await assertCompared(visit);
    assert.equal(report.heatmap.target, target);
    assert.deepEqual([report.image, report.baseline.image], [before.image, before.baseline.image]);
    assert.notDeepEqual(report.baseline.heatmap.values, before.baseline.heatmap.values);
    const repainted = [await visit.overlay(), await visit.overlay("baseline-overlay")];
    repainted.forEach(({ digest }, i) => assert.notEqual(digest, painted[i].digest));
  });

  test("a new scan and an earlier one are compared too", async () => {
    await visit.sample(2);
    const report = await assertCompared(visit);
    await visit.hook("baseline-toggle").uncheck();
    await visit.answer();
    await visit.sample(3);
    assert.ok(!("baseline" in (await visit.report())));
    const early = visit.hook("scan").filter({ hasText: report.input.name });
    await visit.hook("baseline-toggle").check();
    await early.click();
    await visit.answer();
    await visit.hook("baseline-prediction").waitFor();
    assert.deepEqual((await assertCompared(visit)).baseline, report.baseline);
  });

  test("the picture that is saved shows both", async () => {
    const wide = (await visit.download("download-png")).readUInt32BE(16);
    const { width } = (await visit.report()).input;
    assert.ok(wide > 2 * width, `${wide} pixels for two scans of ${width}`);
  });

  test("switched off, it is gone, and comes back without a download", async () => {
    await visit.hook("baseline-toggle").uncheck();
    await visit.answer();
    for (const hook of ["baseline-prediction", "baseline-overlay"]) assert.equal(await visit.hook(hook).count(), 0, hook);
    assert.ok(!("baseline" in (await visit.report())));
    await compare(visit);
    await visit.page.reload();
    await visit.phase("ready");
    await visit.sample(0);
    assert.equal(await visit.hook("baseline-toggle").isChecked(), false);
    await compare(visit);
    await assertCompared(visit);
    assert.equal(server.asked.filter((path) => path === FILE).length, 1);
  });

  test("a model with other classes is not compared with it", async () => {
    await visit.switchModel("seven");
    await visit.phase("done");
    assert.equal(await visit.hook("baseline-toggle").count(), 0);
    assert.equal(await visit.hook("baseline-prediction").count(), 0);
    assert.ok(!("baseline" in (await visit.report())));
  });

  test("the console holds no error", () => assert.deepEqual(visit.complaints, []));
});

test("its progress is shown", async () => {
  const slow = await hostWithBaseline({ isSlow: (path) => path === FILE });
  await visiting(slow.url, async (visit) => {
    await visit.sample(0);
    await visit.hook("baseline-toggle").check();
    const words = visit.page.locator("label:has([data-testid=baseline-toggle])");
    await words.filter({ hasText: /\d+\.\d MB \/ \d+\.\d MB/ }).waitFor();
    await visit.screenshot("wide-baseline-coming");
    await visit.hook("baseline-prediction").waitFor({ timeout: PATIENCE_MS });
  });
  await slow.close();
});

test("until it comes, scans are answered without it; one who no longer wants it is left alone", async () => {
  let release;
  const released = new Promise((resolve) => (release = resolve));
  const late = await hostWithBaseline({
    change: async (path, bytes) => {
      if (path === FILE) await released;
      return bytes;
    },
  });
  await visiting(late.url, async (visit) => {
    await visit.hook("baseline-toggle").check();
    await visit.sample(0);
    assert.equal(await visit.attribute("baseline-toggle", "data-presence"), "coming");
    assert.ok(!("baseline" in (await visit.report())));
    await visit.hook("baseline-toggle").uncheck();
    await visit.sample(1);
    release();
    await present(visit);
    assert.equal(await visit.hook("baseline-prediction").count(), 0);
    await compare(visit);
    await assertCompared(visit);
    assert.equal(late.asked.filter((path) => path === FILE).length, 1);
  });
  await late.close();
});

const damages = {
  "one byte altered": (bytes) => {
    bytes[bytes.length >> 1] ^= 1;
    return bytes;
  },
  "no file at all": () => null,
};
for (const [what, damage] of Object.entries(damages)) {
  test(`a baseline with ${what} is refused by name, and the model answers on`, async () => {
    const bad = await hostWithBaseline({ change: (path, bytes) => (path === FILE ? damage(bytes) : bytes) });
    await visiting(bad.url, async (visit) => {
      await visit.sample(0);
      // It may have failed, and be off again, before `check` looks.
      await visit.hook("baseline-toggle").click();
      await visit.phase("failed");
      const reason = await visit.hook("error").innerText();
      assert.ok(reason.includes(FILE.split("/")[1]), reason);
      assert.equal(await visit.hook("error").locator("p").count(), 1, reason);
      assert.equal(await visit.hook("baseline-toggle").isChecked(), false);
      await visit.sample(1);
      assert.equal(await visit.hook("error").count(), 0);
      assert.ok(!("baseline" in (await visit.report())));
    });
    await bad.close();
  });
}

describe("how the comparison looks", () => {
  for (const [width, height, size] of [[1440, 900, "wide"], [900, 1100, "middle"], [390, 844, "narrow"]]) {
    for (const colorScheme of ["dark", "light"]) {
      test(`${size} and ${colorScheme}, both heatmaps have their place`, () =>
        visiting(
          server.url,
          async (visit) => {
            await visit.sample(1);
            await visit.screenshot(`${size}-${colorScheme}-baseline-off`);
            await compare(visit);
            await visit.screenshot(`${size}-${colorScheme}-baseline`);
            const overflow = await visit.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
            assert.ok(overflow <= 0, `the page is ${overflow} px too wide`);
            const label = visit.page.locator("label:has([data-testid=baseline-toggle])");
            assert.ok(await label.evaluate((box) => box.scrollWidth <= box.clientWidth), "the switch's words are cut");
            const [own, other] = [
              await visit.hook("overlay").boundingBox(),
              await visit.hook("baseline-overlay").boundingBox(),
            ];
            const isStacked = other.y >= own.y + own.height;
            assert.equal(isStacked, size === "narrow");
            const { input } = await visit.report();
            const ratio = input.width / input.height;
            for (const box of [own, other]) assert.ok(Math.abs(box.width / box.height / ratio - 1) < 0.01);
          },
          { viewport: { width, height }, colorScheme },
        ));
    }
  }
});
