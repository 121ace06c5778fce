// The worker dies, hangs or is stopped: another one takes its place, and no scan is lost. Faults are put between page and
// worker, or into the worker's script, so that each comes when a test wants it.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { BROWSERS, Visit, host, launch, sampleFile } from "./page.mjs";
import { png } from "./png.mjs";

/** Sooner than the page misses the signs of life of a worker. */
const SOON_MS = 20_000;
/** Longer than the page waits for a worker that has a question to answer. */
const HANG_MS = 80_000;

let browser;
let server;

before(async () => {
  server = await host({
    change: (path, bytes) => (/^worker.*\.js$/.test(path) ? Buffer.concat([bytes, Buffer.from(`;(${plant})();`)]) : bytes),
  });
});

after(() => server?.close());

/** In the worker: questions about files named `loop….png` never end, those about `memory….png` find no memory. */
function plant() {
  addEventListener("message", ({ data }) => {
    const name = JSON.parse(data.head).Analyze?.name ?? "";
    if (name.startsWith("loop")) for (;;);
    if (!name.startsWith("memory")) return;
    // `wasm` are the exports of the program, in whose script this stands.
    for (let nPages = 1 << 15; nPages > 0; nPages >>= 1) {
      try {
        for (;;) wasm.memory.grow(nPages);
      } catch {
        // So many more there are not.
      }
    }
  });
}

/** Workers that lose questions about files named `hang….png`, and die of questions about `trap….png`. */
function breakByName(context) {
  return context.addInitScript(() => {
    const Native = Worker;
    window.workers = [];
    window.Worker = class extends Native {
      constructor(...options) {
        super(...options);
        window.workers.push(this);
      }

      postMessage(message, ...rest) {
        const name = JSON.parse(message.head).Analyze?.name ?? "";
        if (name.startsWith("hang")) return;
        if (name.startsWith("trap")) {
          this.terminate();
          setTimeout(() => this.dispatchEvent(new ErrorEvent("error", { message: "unreachable" })));
          return;
        }
        super.postMessage(message, ...rest);
      }
    };
  });
}

async function visiting(options, steps) {
  const visit = await Visit.start(browser, server.url, options);
  try {
    return await steps(visit);
  } finally {
    await visit.close();
  }
}

const nWorkers = (visit) => visit.page.evaluate(() => window.workers.length);
const listed = (visit) => visit.hook("scan").evaluateAll((scans) => scans.map((scan) => scan.title));

/** Edits the caption of the shown scan: only a worker that holds the scan answers. */
async function assertCanBeAsked(visit) {
  const toggle = visit.hook("lesion-toggle").first();
  const isTicked = await toggle.isChecked();
  await toggle.click();
  await visit.answer();
  assert.equal((await visit.report()).caption.source, "edited");
  assert.equal(await toggle.isChecked(), !isTicked);
}

for (const name of BROWSERS) describe(`a worker's life in ${name}`, () => {
  before(async () => (browser = await launch(name)));
  after(() => browser?.close());

  const ends = {
    "a trap": (worker) => {
      worker.terminate();
      worker.dispatchEvent(new ErrorEvent("error", { message: "unreachable" }));
    },
    "a panic": (worker) => {
      worker.terminate();
      const head = JSON.stringify({ Crashed: { failure: { kind: "Model", detail: null, message: "out of memory" } } });
      worker.dispatchEvent(new MessageEvent("message", { data: { head } }));
    },
    "a message that cannot be read": (worker) => {
      worker.terminate();
      worker.dispatchEvent(new MessageEvent("messageerror"));
    },
  };
  for (const [what, end] of Object.entries(ends)) {
    test(`after ${what} another worker answers, and the answer stays`, () =>
      visiting({ prepare: breakByName }, async (visit) => {
        await visit.choose(sampleFile(0, "first.png"));
        await visit.answer();
        const before = await visit.report();
        await visit.page.evaluate(`(${end})(window.workers.at(-1))`);
        await visit.phase("loading", "analyzing", "done");
        await visit.page.waitForFunction(() => window.workers.length === 2, null, { timeout: SOON_MS });
        await visit.answer();
        assert.deepEqual((await visit.report()).image, before.image);
        await assertCanBeAsked(visit);
        await visit.choose(sampleFile(1, "second.png"));
        await visit.answer();
        assert.deepEqual(await listed(visit), ["second.png", "first.png"]);
        assert.equal(await nWorkers(visit), 2);
      }));
  }

  test("a worker that is gone without a word is missed", () =>
    visiting({ prepare: breakByClock }, async (visit) => {
      await visit.choose(sampleFile(0, "first.png"));
      await visit.answer();
      await visit.page.evaluate(() => window.workers.at(-1).terminate());
      await visit.page.clock.runFor(HANG_MS);
      await visit.page.waitForFunction(() => window.workers.length >= 2);
      await visit.answer();
      await assertCanBeAsked(visit);
    }));

  test("a scan that kills the worker twice is given up by name, and the queue goes on", () =>
    visiting({ prepare: breakByName }, async (visit) => {
      await visit.choose([sampleFile(0, "trap.png"), sampleFile(1, "good.png")]);
      assert.equal(await visit.phase("failed"), "failed");
      assert.equal(await nWorkers(visit), 3);
      assert.deepEqual(await listed(visit), ["good.png"]);
      assert.match(await visit.hook("error").innerText(), /trap\.png/);
      assert.equal((await visit.report()).input.name, "good.png");
    }));

  test("a scan for which there is no memory is given up by name, and the next one is answered", () =>
    visiting({ prepare: breakByName }, async (visit) => {
      // Larger than what a scan before it may have left free.
      const large = { name: "memory.png", mimeType: "image/png", buffer: png(5000, 3000) };
      await visit.choose([large, sampleFile(1, "good.png")]);
      assert.equal(await visit.phase("failed"), "failed");
      assert.equal(await nWorkers(visit), 3);
      assert.match(await visit.hook("error").innerText(), /memory\.png/);
      assert.equal((await visit.report()).input.name, "good.png");
    }));

  test("Cancel ends a computation that does not end", () =>
    visiting({ prepare: breakByName }, async (visit) => {
      await visit.choose(sampleFile(0, "loop.png"));
      await visit.hook("cancel").click();
      await visit.phase("ready");
      await visit.choose(sampleFile(1, "good.png"));
      await visit.answer();
      assert.deepEqual(await listed(visit), ["good.png", "loop.png"]);
    }));

  test("Cancel ends what hangs; the scans stay, and the next one is answered", () =>
    visiting({ prepare: breakByName }, async (visit) => {
      await visit.choose([sampleFile(0, "hang.png"), sampleFile(1, "waits.png")]);
      await visit.hook("cancel").click();
      await visit.phase("ready");
      assert.deepEqual(await listed(visit), ["hang.png", "waits.png"]);
      await visit.page.getByRole("button", { name: "waits.png" }).click();
      await visit.answer();
      assert.equal((await visit.report()).input.name, "waits.png");
      assert.equal(await visit.hook("cancel").count(), 0);
    }));
});

/** The same, with a clock of the page that can be put forward. The worker's clock is its own. */
async function breakByClock(context, page) {
  await page.clock.install();
  await breakByName(context);
}
