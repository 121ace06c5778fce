// What the built site is made of, without a browser.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";

import { DIST, ROOT } from "./page.mjs";

test("no file of the site names a folder of the machine that built it", () => {
  const { CARGO_HOME, RUSTUP_HOME, CARGO_TARGET_DIR, OCTLENS_CACHE } = process.env;
  const folders = [homedir(), ROOT, CARGO_HOME, RUSTUP_HOME, CARGO_TARGET_DIR, OCTLENS_CACHE].filter(Boolean);
  const files = readdirSync(DIST, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const isModule = (file) => file.name.endsWith(".bin");
  assert.equal(files.filter(isModule).length, 3, "page and workers");
  for (const file of files) {
    const path = join(file.parentPath, file.name);
    const bytes = readFileSync(path);
    const text = (isModule(file) ? gunzipSync(bytes) : bytes).toString("latin1");
    for (const folder of folders) {
      const n = text.split(join(folder, "/")).length - 1;
      assert.equal(n, 0, `${path} names ${folder} ${n} times`);
    }
  }
});
