// After one visit the page opens and answers without its host. A new version comes whole, is announced, and waits for its visitor.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { BROWSERS, DIST, PATIENCE_MS, ROOT, Visit, defaultModel, host, launch, models, plainUrl, sampleFile, samples } from "./page.mjs";
import { buildOf, nextBuild, siteFiles } from "./next.mjs";
import { pngSize } from "./png.mjs";

/** Longer than a page takes that reloads by itself. */
const RELOADING_MS = 1500;

let build;
let next;

before(async () => {
  ({ build, next } = await nextBuild());
  next.withServiceWorker();
});
after(() => next?.remove());

/** The ids of the builds that are kept. */
async function keptBuilds(visit) {
  const names = await visit.page.evaluate(() => caches.keys());
  return names.filter((name) => name.startsWith("octlens-site ")).map((name) => name.split(" ")[2]);
}

/** Waits until nothing is kept but one build. */
async function onlyKept(visit, id) {
  const end = Date.now() + PATIENCE_MS;
  while ((await keptBuilds(visit)).join() !== id) {
    assert.ok(Date.now() < end, `${await keptBuilds(visit)} are kept`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The id of a site's build, as its service worker is told. */
function idOf(folder) {
  return /^const BUILD = "([0-9a-f]{16})";$/m.exec(readFileSync(join(folder, "sw.js"), "utf8"))[1];
}

for (const name of BROWSERS) {
  describe(`in ${name}`, () => {
    let browser;
    before(async () => (browser = await launch(name)));
    after(() => browser?.close());

    /** A host, whose `site.folder` may change, and a visit after which the site is kept. */
    async function visiting(steps, { site = { folder: DIST }, ...options } = {}) {
      const own = await host({ folder: () => site.folder, ...options });
      try {
        const visit = await Visit.start(browser, own.url);
        await visit.kept();
        await steps({ visit, own, site });
        await visit.close();
      } finally {
        await own.close();
      }
    }

    /** Another tab of the same browser. */
    async function tabBeside(visit) {
      const page = await visit.context.newPage();
      const beside = Object.assign(new Visit(), { ...visit, page });
      await page.goto(visit.url);
      await beside.phase("ready");
      return beside;
    }

    const updateReady = (visit) => visit.hook("update-ready").waitFor();
    /** Asks for a new version, as a tab does that is looked at again after an hour. */
    const check = (visit) =>
      visit.page.evaluate(async () => (await navigator.serviceWorker.ready).active.postMessage({ ask: "update" }));
    /** Loads what waits, and waits until the page is of that build. */
    async function loadNext(visit) {
      await visit.hook("update-now").click();
      await visit.page.locator(`[data-testid="build"][title="${next.build}"]`).waitFor();
      await visit.phase("ready");
    }

    test("without its host the page opens again, and answers as before", () =>
      visiting(async ({ visit, own }) => {
        await visit.sample(0);
        const { image, caption, heatmap } = await visit.report();
        const other = models().find((model) => !model.default);
        await visit.hook("model").selectOption(other.name);
        await visit.answer();
        await own.close();
        await visit.page.reload();
        await visit.phase("ready");
        assert.equal(await visit.hook("sample").count(), samples().length);
        await visit.sample(0);
        const again = await visit.report();
        assert.equal(again.model.name, defaultModel().name);
        assert.deepEqual([again.image, again.caption, again.heatmap], [image, caption, heatmap]);
        await visit.hook("model").selectOption(other.name);
        await visit.answer();
        assert.equal((await visit.report()).model.name, other.name);
        // By another URL of the page too, in a new tab.
        const beside = await tabBeside(visit);
        await beside.page.goto(`${visit.url}index.html?anew`);
        await beside.phase("ready");
      }));

    test("samples that were never opened are answered without the host", () =>
      visiting(async ({ visit, own }) => {
        await own.close();
        await visit.sample(samples().length - 1);
      }));

    test("a host whose proxy answers that it is down", async () => {
      let isDown = false;
      const answer = (_, { response }) => isDown && Boolean(response.writeHead(502).end("down"));
      await visiting(
        async ({ visit }) => {
          isDown = true;
          await visit.page.reload();
          await visit.phase("ready");
          await visit.sample(0);
        },
        { answer },
      );
    });

    test("a new version is announced, waits, and is loaded whole by a click; nothing of the earlier one stays", () =>
      visiting(async ({ visit, own, site }) => {
        await visit.sample(0);
        await visit.page.evaluate(() => (window.isSame = true));
        site.folder = next.folder;
        await check(visit);
        await updateReady(visit);
        assert.match(await visit.hook("update-ready").innerText(), /closes the open scans/);
        await new Promise((resolve) => setTimeout(resolve, RELOADING_MS));
        assert.equal(await visit.page.evaluate(() => window.isSame), true, "it did not reload by itself");
        assert.equal(await buildOf(visit), build);
        await loadNext(visit);
        await visit.kept();
        await visit.sample(0);
        await onlyKept(visit, idOf(next.folder));
        await own.close();
        await visit.page.reload();
        await visit.phase("ready");
        assert.equal(await buildOf(visit), next.build);
        await visit.sample(0);
      }));

    test("a reload brings the new version, which is then the one that is kept", () =>
      visiting(async ({ visit, own, site }) => {
        site.folder = next.folder;
        await visit.page.reload();
        await visit.phase("ready");
        assert.equal(await buildOf(visit), next.build);
        await onlyKept(visit, idOf(next.folder));
        assert.equal(await visit.hook("update-ready").count(), 0);
        await own.close();
        await visit.page.reload();
        await visit.phase("ready");
        assert.equal(await buildOf(visit), next.build);
        await visit.sample(0);
      }));

    test("another tab stays what it was, with its files, until it is closed", () =>
      visiting(async ({ visit, site }) => {
        const beside = await tabBeside(visit);
        site.folder = next.folder;
        await check(visit);
        await updateReady(visit);
        await loadNext(visit);
        assert.equal((await keptBuilds(visit)).length, 2);
        // The earlier build's worker is not on the host any more.
        const files = Object.keys(siteFiles()).filter((path) => /^worker.*\.js$/.test(path));
        const found = await beside.page.evaluate((paths) => Promise.all(paths.map(async (path) => (await fetch(path)).ok)), files);
        assert.ok(found.includes(true), `${found}`);
        assert.equal(await buildOf(beside), build);
        await beside.page.close();
        await visit.page.reload();
        await visit.phase("ready");
        await onlyKept(visit, idOf(next.folder));
      }));

    test("a site that is half copied is not kept in place of a whole one", async () => {
      let isHalf = false;
      // The list is new, one program of it is not there yet.
      const change = (path, bytes) => (isHalf && /^app-.*\.bin$/.test(path) ? null : bytes);
      await visiting(
        async ({ visit, own, site }) => {
          [isHalf, site.folder] = [true, next.folder];
          await check(visit);
          await new Promise((resolve) => setTimeout(resolve, RELOADING_MS));
          assert.equal(await visit.hook("update-ready").count(), 0);
          await own.close();
          await visit.page.reload();
          await visit.phase("ready");
          assert.equal(await buildOf(visit), build);
          await visit.sample(0);
        },
        { change },
      );
    });

    test("the browser keeps the site, the models and the settings, and nothing of a scan", () =>
      visiting(async ({ visit, own }) => {
        await visit.choose(sampleFile(0, "of a patient.png"));
        await visit.answer();
        await visit.hook("language").locator('[data-language="ko"]').click();
        const kept = await visit.page.evaluate(async () => ({
          settings: Object.keys(localStorage),
          session: Object.keys(sessionStorage),
          cookies: document.cookie,
          databases: (await indexedDB.databases()).map(({ name }) => name),
          caches: await caches.keys(),
          urls: (
            await Promise.all((await caches.keys()).map(async (name) => (await (await caches.open(name)).keys()).map(({ url }) => url)))
          ).flat(),
        }));
        assert.deepEqual(kept.settings, ["octlens.language"]);
        assert.deepEqual([kept.session, kept.cookies, kept.databases], [[], "", []]);
        // Nothing is in the cache of the visitor's own weights: its files would be among the addresses below.
        assert.deepEqual(kept.caches.filter((name) => !/^octlens-((own-)?weights-1$|site )/.test(name)), []);
        const files = new Set(Object.keys(siteFiles()).map((path) => own.url + path));
        const isWeights = (url) => /^weights\/(index\.json|\w+\.safetensors\?v=[0-9a-f]{12})$/.test(url.slice(own.url.length));
        assert.deepEqual(kept.urls.filter((url) => !files.has(url) && !isWeights(url)), []);
      }));

    test("a site that keeps nothing works as before: its service worker is missing, or forbidden by the host", async () => {
      const hosts = [
        { change: (path, bytes) => (path === "sw.js" ? null : bytes) },
        { headers: () => ({ "content-security-policy": "worker-src blob:" }) },
        { change: (path, bytes) => (path === "offline.js" ? null : bytes) },
      ];
      for (const options of hosts) {
        const own = await host(options);
        const visit = await Visit.start(browser, own.url);
        await visit.sample(0);
        assert.equal(await visit.hook("offline-ready").count(), 0);
        await visit.close();
        await own.close();
      }
    });
  });
}

describe("installing", () => {
  let browser;
  let own;
  before(async () => ([browser, own] = await Promise.all([launch(), host()])));
  after(async () => {
    await browser?.close();
    await own?.close();
  });

  test("Chromium offers to install the page", async () => {
    const visit = await Visit.start(browser, own.url);
    await visit.kept();
    const devtools = await visit.context.newCDPSession(visit.page);
    const { data, errors } = await devtools.send("Page.getAppManifest");
    assert.deepEqual(errors, []);
    assert.equal(JSON.parse(data).start_url, "./");
    const { installabilityErrors } = await devtools.send("Page.getInstallabilityErrors");
    // A profile that leaves nothing behind cannot install anything.
    assert.deepEqual(installabilityErrors.filter(({ errorId }) => errorId !== "in-incognito"), []);
    await visit.close();
  });

  test("icons have the sizes that the manifest says", () => {
    const { icons } = JSON.parse(readFileSync(join(DIST, "manifest.webmanifest"), "utf8"));
    const sized = icons.filter(({ type }) => type === "image/png");
    assert.ok(sized.length >= 3 && icons.some(({ purpose }) => purpose === "maskable"));
    for (const { src, sizes } of sized) {
      assert.equal(pngSize(readFileSync(join(DIST, src))).join("x"), sizes, src);
    }
  });

  test("on plain http nothing is kept, and nothing said of it", async () => {
    const plain = await host();
    const visit = await Visit.start(browser, plainUrl(plain.url));
    await visit.sample(0);
    assert.equal(await visit.hook("offline-ready").count(), 0);
    assert.deepEqual(visit.complaints, []);
    await visit.close();
    await plain.close();
  });
});

test("page and service worker tell the two workers apart by the same module", () => {
  const bytes = (text, start) => {
    const [, body] = new RegExp(`${start} = \\[([^\\]]*)\\]`).exec(text);
    const own = body.match(/0x[0-9a-f]{2}/g);
    return body.includes("...EMPTY_MODULE") ? [...bytes(text, "EMPTY_MODULE"), ...own] : own;
  };
  const files = [join(ROOT, "www", "boot.js"), join(DIST, "sw.js")];
  const [page, worker] = files.map((file) => bytes(readFileSync(file, "utf8"), "RELAXED_MODULE"));
  assert.equal(page.length, 37);
  assert.deepEqual(worker, page);
});
