// Builds never mix: not where a host lets browsers keep everything for ever, and not where it keeps names and changes what is
// behind them.

import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { BROWSERS, DIST, Visit, host, launch } from "./page.mjs";

const FOR_EVER = { "cache-control": "max-age=31536000" };

const isIndex = (path) => path === "";

/** The build of `dist/`, and one that is made here: the same site with another build id, and other names by content. */
let build;
let next;

before(async () => {
  const browser = await launch();
  const own = await host();
  const visit = await Visit.start(browser, own.url);
  build = await buildOf(visit);
  await visit.close();
  await own.close();
  await browser.close();
  assert.match(build, /^[0-9a-f]{16}$/);
  next = { build: flip(build), folder: mkdtempSync(join(tmpdir(), "octlens-next-")) };
  cpSync(DIST, next.folder, { recursive: true });
  for (const file of readdirSync(next.folder).filter((file) => /^(app|worker).*\.(js|wasm)$/.test(file))) {
    const path = join(next.folder, file);
    if (file.endsWith(".wasm")) writeFileSync(path, ofNext(readFileSync(path)));
    renameSync(path, join(next.folder, renamed(file)));
  }
  const index = join(next.folder, "index.html");
  writeFileSync(index, readFileSync(index, "utf8").replaceAll(/(app|worker|worker_relaxed)-[0-9a-f]{16}/g, renamed));
});

after(() => rmSync(next.folder, { recursive: true, force: true }));

/** Another text of the same length. */
const flip = (hex) => [...hex].map((digit) => (15 - parseInt(digit, 16)).toString(16)).join("");
const renamed = (name) => name.replace(/-([0-9a-f]{16})/, (_, hash) => `-${flip(hash)}`);
const buildOf = (visit) => visit.attribute("build", "title");

/** A program of the other build. */
function ofNext(bytes) {
  const text = bytes.toString("latin1");
  assert.ok(text.includes(build), "a program names its build");
  return Buffer.from(text.replaceAll(build, next.build), "latin1");
}

for (const name of BROWSERS) {
  describe(`in ${name}`, () => {
    let browser;
    before(async () => (browser = await launch(name)));
    after(() => browser?.close());

    /** A host of which browsers keep everything; `site.folder` may change. */
    async function keeping(site, steps) {
      const own = await host({ folder: () => site.folder, headers: () => FOR_EVER });
      try {
        const visit = await Visit.start(browser, own.url);
        await steps(visit, own);
        await visit.close();
      } finally {
        await own.close();
      }
    }

    test("a site that is replaced is used whole, the earlier or the later one", async () => {
      const site = { folder: DIST };
      await keeping(site, async (visit, own) => {
        await visit.sample(0);
        assert.equal(await buildOf(visit), build);
        site.folder = next.folder;
        const nAsked = own.asked.length;
        // Everything comes from the HTTP cache, or everything anew.
        await visit.page.goto(own.url);
        await visit.phase("ready");
        await visit.sample(0);
        const isKept = (await buildOf(visit)) === build;
        assert.deepEqual(own.asked.slice(nAsked).filter((path) => /^(app|worker)/.test(path)).length > 0, !isKept);
        await visit.page.reload();
        await visit.phase("ready");
        await visit.sample(0);
        assert.equal(await buildOf(visit), next.build);
      });
    });

    test("a page that is new where the worker of an earlier one is kept has its own", async () => {
      const site = { folder: DIST };
      await keeping(site, async (visit, own) => {
        site.folder = next.folder;
        const nPages = own.asked.filter(isIndex).length;
        // By this URL the page was never asked for.
        await visit.page.goto(`${own.url}?anew`);
        await visit.phase("ready");
        await visit.sample(0);
        assert.equal(await buildOf(visit), next.build);
        assert.equal(own.asked.filter(isIndex).length, nPages + 1, "nothing of the earlier build was met");
      });
    });

    test("a page that is kept and whose worker is gone is reloaded as the later build", async () => {
      const site = { folder: DIST };
      await keeping(site, async (visit, own) => {
        site.folder = next.folder;
        // The other worker was never asked for: it is not kept.
        await visit.page.goto(`${own.url}?kernels=simd128`);
        await visit.phase("ready");
        assert.equal(await buildOf(visit), next.build);
        await visit.sample(0);
      });
    });

    test("a worker of another build behind the same name: the page is reloaded once, then says so", async () => {
      const change = (path, bytes) => (/^worker.*\.wasm$/.test(path) ? ofNext(bytes) : bytes);
      const own = await host({ change });
      const visit = await Visit.start(browser, own.url, { until: ["failed"] });
      assert.equal(own.asked.filter(isIndex).length, 2);
      const reason = await visit.hook("error").innerText();
      assert.ok([build, next.build, "reload"].every((part) => reason.includes(part)), reason);
      await visit.close();
      await own.close();
    });
  });
}
