// The wasm kernels compute the integers, and every bit of the floats, that the native ones do (`tests/kernels.rs`).

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { loadBareWasm } from "./bare_wasm.mjs";
import { ROOT, launch } from "./page.mjs";

const expected = JSON.parse(readFileSync(join(ROOT, "tests", "fixtures", "kernel_digests.json"), "utf8"));

let browser;

before(async () => {
  assert.ok(process.env.OCTLENS_KERNELS, "OCTLENS_KERNELS names the folder of the modules; `make test-browser` sets it");
  browser = await launch();
});

after(() => browser?.close());

for (const build of ["simd128", "relaxed-simd"]) {
  test(`${build} computes what the native kernels do`, async () => {
    const page = await browser.newPage();
    await loadBareWasm(page, join(process.env.OCTLENS_KERNELS, `${build}.wasm`));
    const digests = await page.evaluate(() =>
      Array.from({ length: window.wasm.n_layers() }, (_, i) => window.wasm.digest(i) >>> 0),
    );
    assert.deepEqual(digests, expected);
  });
}
