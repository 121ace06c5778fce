// A first visit waits for one thing at a time only: app, worker, list and weights are asked for side by side, and each once.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { BROWSERS, Visit, defaultModel, host, launch, sampleFile } from "./page.mjs";

const INDEX = "weights/index.json";
const WEIGHTS = `weights/${defaultModel().file}`;

const isApp = (path) => /^app-.*\.js$/.test(path);

/** A promise, and what fulfils it. */
function signal() {
  let give;
  const given = new Promise((resolve) => (give = resolve));
  return { given, give };
}

for (const name of BROWSERS) {
  describe(`in ${name}`, () => {
    let browser;
    before(async () => (browser = await launch(name)));
    after(() => browser?.close());

    test("the app and the worker come when the weights have been asked for", async () => {
      const asked = signal();
      const change = async (path, bytes) => {
        if (path === WEIGHTS) asked.give();
        if (/^(app|worker).*\.bin$/.test(path)) await asked.given;
        return bytes;
      };
      const own = await host({ change });
      const visit = await Visit.start(browser, own.url);
      for (const path of [INDEX, WEIGHTS]) {
        assert.equal(own.asked.filter((one) => one === path).length, 1, `${path} is asked for once`);
      }
      await visit.choose(sampleFile(0, "ahead.png"));
      await visit.answer();
      await visit.close();
      await own.close();
    });

    test("what the worker says before the app has come is heard", async () => {
      const ready = signal();
      const change = async (path, bytes) => {
        if (isApp(path)) await ready.given;
        return bytes;
      };
      const own = await host({ change });
      const prepare = async (context, page) => {
        await page.exposeFunction("workerSpeaks", ready.give);
        await page.addInitScript(() => {
          window.Worker = class extends Worker {
            constructor(...options) {
              super(...options);
              this.addEventListener("message", () => window.workerSpeaks());
            }
          };
        });
      };
      const visit = await Visit.start(browser, own.url, { prepare });
      assert.deepEqual(visit.complaints, []);
      await visit.close();
      await own.close();
    });

    test("weights that are kept are not asked for", async () => {
      const own = await host();
      const visit = await Visit.start(browser, own.url);
      await visit.page.reload();
      await visit.phase("ready");
      assert.equal(own.asked.filter((path) => path === WEIGHTS).length, 1);
      await visit.close();
      await own.close();
    });
  });
}
