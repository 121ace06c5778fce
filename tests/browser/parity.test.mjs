// The same file through the page, through either worker, and through `train explain` gives the same report.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { DIST, Visit, defaultModel, host, launch, sampleFile, samples } from "./page.mjs";
import { png } from "./png.mjs";

/** The image tower's integers are the same everywhere; the floats behind it are added in another order. */
const PROBABILITY_TOLERANCE = 1e-5;
const LOGIT_TOLERANCE = 1e-4;
/** The heatmap is a gradient divided by its largest value: small differences grow. */
const HEATMAP_TOLERANCE = 1e-3;

const TRAIN = process.env.OCTLENS_TRAIN;

let browser;
let server;
let visit;
let folder;

before(async () => {
  assert.ok(TRAIN, "OCTLENS_TRAIN names the train program; `make test-browser` sets it");
  [browser, server] = [await launch(), await host()];
  visit = await Visit.start(browser, server.url);
  folder = mkdtempSync(join(tmpdir(), "octlens-"));
});

after(async () => {
  await browser?.close();
  await server?.close();
  if (folder) rmSync(folder, { recursive: true });
});

/** What `train explain` prints of one file; a list of one or the report itself. */
function explained(file) {
  const weights = join(DIST, "weights", defaultModel().file);
  const printed = execFileSync(TRAIN, ["explain", file, "--weights", weights, "--json"], {
    encoding: "utf8",
    maxBuffer: 1 << 26,
    stdio: ["ignore", "pipe", "inherit"],
  });
  return [JSON.parse(printed)].flat()[0];
}

function assertClose(actual, expected, tolerance, what) {
  assert.equal(actual.length, expected.length, what);
  actual.forEach((value, i) => {
    assert.ok(Math.abs(value - expected[i]) <= tolerance, `${what} ${i}: ${value} and ${expected[i]}`);
  });
}

function assertSameWarning(page, native) {
  const said = ({ warning }) => [warning.kind, warning.reasons];
  assert.deepEqual(said(page), said(native));
  assert.ok(Math.abs(page.warning.score - native.warning.score) <= PROBABILITY_TOLERANCE, "warning score");
}

for (const [i, { file }] of samples().entries()) {
  test(`page and train explain agree on ${file}`, async () => {
    const sample = sampleFile(i);
    const path = join(folder, sample.name);
    writeFileSync(path, sample.buffer);
    const native = explained(path);
    await visit.choose(sample);
    await visit.answer();
    const page = await visit.report();
    assert.deepEqual(page.model, native.model);
    assert.deepEqual(page.input, native.input);
    for (const head of ["image", "text"]) {
      assert.equal(page[head].label, native[head].label, head);
      const [ours, theirs] = [page[head].probabilities, native[head].probabilities];
      assert.deepEqual(Object.keys(ours), Object.keys(theirs));
      assertClose(Object.values(ours), Object.values(theirs), PROBABILITY_TOLERANCE, `${head} probability`);
      assertClose(page[head].logits, native[head].logits, LOGIT_TOLERANCE, `${head} logit`);
    }
    assert.equal(page.caption.text, native.caption.text);
    assert.equal(page.caption.source, native.caption.source);
    const { values, peak, ...map } = page.heatmap;
    const { values: nativeValues, peak: nativePeak, ...nativeMap } = native.heatmap;
    assert.deepEqual(map, nativeMap);
    assertClose(values, nativeValues, HEATMAP_TOLERANCE, "heatmap cell");
    assertClose([peak / nativePeak], [1], HEATMAP_TOLERANCE, "share of the peak");
    assert.deepEqual(
      page.tokens.words.map((word) => word.text),
      native.tokens.words.map((word) => word.text),
    );
    const scores = (report) => report.tokens.words.map((word) => word.score);
    assertClose(scores(page), scores(native), PROBABILITY_TOLERANCE, "word score");
    assertSameWarning(page, native);
  });
}

const odd = { black: png(400, 300), bright: png(400, 300, () => 255), stripes: png(400, 300, (x) => (x % 8) * 36) };
for (const [name, buffer] of Object.entries(odd)) {
  test(`page and train explain warn alike of a picture that is no scan: ${name}`, async () => {
    const path = join(folder, `${name}.png`);
    writeFileSync(path, buffer);
    await visit.choose({ name: `${name}.png`, mimeType: "image/png", buffer });
    await visit.answer();
    assertSameWarning(await visit.report(), explained(path));
  });
}

test("the workers with and without relaxed SIMD give the same bits", async () => {
  const plain = await Visit.start(browser, `${server.url}?kernels=simd128`);
  try {
    assert.equal(await plain.attribute("status", "data-kernels"), "simd128");
    assert.equal(await visit.attribute("status", "data-kernels"), "relaxed-simd");
    for (const i of samples().keys()) {
      const reports = [];
      for (const page of [visit, plain]) {
        await page.sample(i);
        const { timings_ms, ...report } = await page.report();
        reports.push(report);
      }
      assert.deepEqual(reports[0], reports[1]);
    }
  } finally {
    await plain.close();
  }
});

test("a browser without relaxed SIMD is given the worker that it can run", async () => {
  // A compiler that does not know the one instruction of relaxed SIMD that octlens asks for.
  const prepare = (context) =>
    context.addInitScript(() => {
      const { Module } = WebAssembly;
      const isRelaxed = (bytes) => bytes.some((byte, i) => byte === 0xfd && bytes[i + 1] === 0x93 && bytes[i + 2] === 0x02);
      WebAssembly.Module = function (bytes) {
        if (isRelaxed(bytes)) throw new WebAssembly.CompileError("invalid SIMD opcode");
        return new Module(bytes);
      };
      WebAssembly.Module.prototype = Module.prototype;
    });
  const old = await Visit.start(browser, server.url, { prepare });
  try {
    assert.equal(await old.attribute("status", "data-kernels"), "simd128");
    await old.sample(0);
    assert.ok((await old.report()).image.label);
  } finally {
    await old.close();
  }
});
