// The page starts, or says in plain words why it does not: never a blank page, never for ever "octlens …".

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";

import { BROWSERS, DIST, Visit, host, launch } from "./page.mjs";

/** Longer than the page waits before it shows by itself that it has not started. */
const SHOWN_MS = 15_000;

const isApp = (path) => /^app-.*\.js$/.test(path);
const isWorker = (path) => /^worker.*\.js$/.test(path);

for (const name of BROWSERS) {
  describe(`in ${name}`, () => {
    let browser;
    before(async () => (browser = await launch(name)));
    after(() => browser?.close());

    /** Opens the page as a host with `options` sends it, and returns the lines that a visitor reads. */
    async function lines({ url, prepare, ...options }, steps = () => {}) {
      const own = await host(options);
      const context = await browser.newContext();
      try {
        const page = await context.newPage();
        await prepare?.(page);
        await page.goto(url ?? own.url);
        const line = page.locator(".boot > p:not(.boot-wait)").filter({ visible: true });
        await line.waitFor({ timeout: SHOWN_MS });
        assert.equal(await page.locator(".app").count(), 0);
        await steps(own);
        return await line.allInnerTexts();
      } finally {
        await context.close();
        await own.close();
      }
    }

    /** One line, in English and in Korean. */
    function assertSays([line, ...others], english) {
      assert.deepEqual(others, []);
      assert.match(line, english);
      assert.match(line, /[가-힣]{2}/);
    }

    test("opened as a file", async () => {
      const url = pathToFileURL(join(DIST, "index.html")).href;
      assertSays(await lines({ url }), /opened as a file/);
    });

    test("boot.js is missing", async () => {
      assertSays(await lines({ change: (path, bytes) => (path === "boot.js" ? null : bytes) }), /has not started/);
    });

    test("a part of the app is missing: the page is reloaded once, then says so", async () => {
      const change = (path, bytes) => (isApp(path) ? null : bytes);
      const said = await lines({ change }, (own) => {
        assert.equal(own.asked.filter((path) => path === "").length, 2);
      });
      assertSays(said, /could not be fetched/);
    });

    test("a module of the app is another file", async () => {
      const change = (path, bytes) => (/^app-.*\.bin$/.test(path) ? Buffer.from("<!doctype html>") : bytes);
      assertSays(await lines({ change }), /could not be fetched/);
    });

    test("a part of the app was missing when it was asked for first", async () => {
      let nAsked = 0;
      const own = await host({ change: (path, bytes) => (path === "" && ++nAsked === 1 ? stale(bytes) : bytes) });
      const visit = await Visit.start(browser, own.url);
      assert.equal(nAsked, 2);
      await visit.close();
      await own.close();
    });

    test("a policy of the host forbids WebAssembly", async () => {
      const headers = () => ({ "content-security-policy": "script-src 'self'" });
      assertSays(await lines({ headers }), /forbids WebAssembly/);
    });

    test("the browser has no WebAssembly", async () => {
      const prepare = (page) => page.addInitScript(() => delete window.WebAssembly);
      assertSays(await lines({ prepare }), /lacks WebAssembly/);
    });

    test("the browser cannot unpack files", async () => {
      const prepare = (page) => page.addInitScript(() => delete window.DecompressionStream);
      assertSays(await lines({ prepare }), /lacks WebAssembly/);
    });

    const unstartable = {
      "its script is missing": { change: (path, bytes) => (isWorker(path) ? null : bytes) },
      "its module is missing": { change: (path, bytes) => (/^worker.*\.bin$/.test(path) ? null : bytes) },
      "a policy of the host forbids it": { headers: () => ({ "content-security-policy": "worker-src 'none'" }) },
    };
    for (const [what, options] of Object.entries(unstartable)) {
      test(`a worker never starts, as ${what}: the page is reloaded once, then says so`, async () => {
        const own = await host(options);
        const visit = await Visit.start(browser, own.url, { until: ["failed"] });
        assert.equal(own.asked.filter((path) => path === "").length, 2);
        const reason = await visit.hook("error").innerText();
        assert.match(reason, /did not start/);
        assert.doesNotMatch(reason, /stops working/);
        await visit.close();
        await own.close();
      });
    }
  });
}

/** An index.html that names an app of an earlier build. */
function stale(html) {
  return Buffer.from(html.toString("utf8").replaceAll(/app-[0-9a-f]+/g, "app-0000000000000000"));
}
