// Builds never mix: not where a host lets browsers keep everything for ever, and not where it keeps names and changes what is
// behind them.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { BROWSERS, DIST, Visit, host, launch } from "./page.mjs";
import { buildOf, nextBuild } from "./next.mjs";

const FOR_EVER = { "cache-control": "max-age=31536000" };

const isIndex = (path) => path === "";

/** The build of `dist/`, and one that is made of it. */
let build;
let next;
let ofNext;

before(async () => ({ build, next, ofNext } = await nextBuild()));
after(() => next?.remove());

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
        // Or the service worker would still ask for files of this build.
        await visit.kept();
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
      const change = (path, bytes) => (/^worker.*\.bin$/.test(path) ? ofNext(bytes) : bytes);
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
