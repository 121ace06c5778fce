// What the page fetches comes whole, or the page says what is wrong: hosts that once sent something damaged, fall silent, know
// no ranges, or are down.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Visit, defaultModel, host, launch, models, sampleFile } from "./page.mjs";
import { rangeStart, sendPart, sendRange } from "./server.mjs";

const INDEX = "weights/index.json";
/** Everything may be kept by the browser's HTTP cache. */
const FOR_EVER = { "cache-control": "max-age=31536000" };
const PAGE = Buffer.from("<!doctype html><title>not found</title>");

let browser;

before(async () => (browser = await launch()));
after(() => browser?.close());

function isWeights(path) {
  return path.startsWith("weights/") && path !== INDEX;
}

/** Serves by `options` and visits with `visitOptions`; closes both in any case. */
async function visiting(options, visitOptions, steps) {
  const own = await host(options);
  try {
    const visit = await Visit.start(browser, own.url, visitOptions);
    try {
      return await steps(visit, own);
    } finally {
      await visit.close();
    }
  } finally {
    await own.close();
  }
}

/** Opens a scan and asks about an edited caption: only a model that is loaded answers. */
async function assertAnswers(visit) {
  await visit.choose(sampleFile(0, "asked.png"));
  await visit.answer();
  await visit.hook("lesion-toggle").first().click();
  await visit.answer();
  assert.equal((await visit.report()).caption.source, "edited");
}

describe("a host that sent something else once, and allowed it to be kept", () => {
  const damages = {
    "a byte altered": (bytes) => {
      const damaged = Buffer.from(bytes);
      damaged[damaged.length >> 1] ^= 1;
      return damaged;
    },
    "another page": () => PAGE,
  };
  for (const [what, damage] of Object.entries(damages)) {
    test(`weights: ${what}`, async () => {
      let isBad = true;
      const change = (path, bytes) => (isWeights(path) && isBad ? damage(bytes) : bytes);
      await visiting({ change, headers: () => FOR_EVER }, { until: ["failed"] }, async (visit, own) => {
        assert.equal(own.asked.filter(isWeights).length, 2, "once by the HTTP cache, once past it");
        const reason = await visit.hook("error").innerText();
        assert.ok(reason.includes(defaultModel().file), reason);
        isBad = false;
        await visit.hook("error").getByRole("button").click();
        await visit.phase("ready");
        assert.equal(own.asked.filter(isWeights).length, 3, "what it had sent before came from the HTTP cache");
        await assertAnswers(visit);
      });
    });
  }

  test("the list: another page", async () => {
    let isBad = true;
    // A host that calls it unchanged whenever it is asked whether it is.
    const answer = (path, { request, response, type }) => {
      if (path !== INDEX || request.headers["if-none-match"] === undefined) return false;
      response.writeHead(304, { "content-type": type, etag: '"same"' }).end();
      return true;
    };
    const change = (path, bytes) => (path === INDEX && isBad ? PAGE : bytes);
    const headers = () => ({ ...FOR_EVER, etag: '"same"' });
    await visiting({ change, answer, headers }, { until: ["failed"] }, async (visit) => {
      isBad = false;
      await visit.hook("error").getByRole("button").click();
      await visit.phase("ready");
    });
  });

  test("the list: an older one, whose file is gone", async () => {
    const older = (bytes) => {
      const list = JSON.parse(bytes.toString("utf8"));
      const models = list.models.map((model) => ({ ...model, file: `older-${model.file}`, sha256: "0".repeat(64) }));
      return Buffer.from(JSON.stringify({ ...list, models }));
    };
    let nAsked = 0;
    const change = (path, bytes) => (path === INDEX && ++nAsked === 1 ? older(bytes) : bytes);
    await visiting({ change }, {}, async (visit) => {
      assert.equal(nAsked, 2);
      await assertAnswers(visit);
    });
  });
});

describe("a host that falls silent", () => {
  const N_BYTES = 2_000_000;

  /** Sends the first part only, the first time; then what it is asked for, if it `knowsRanges`. */
  async function halting({ knowsRanges, breaks }, steps) {
    const ranges = [];
    const answer = (path, exchange) => {
      if (!isWeights(path)) return false;
      ranges.push(rangeStart(exchange.request));
      if (ranges.length === 1) sendPart(exchange, { nBytes: N_BYTES, breaks });
      else if (knowsRanges) sendRange(exchange);
      else return false;
      return true;
    };
    await visiting({ answer }, {}, (visit) => steps(visit, ranges));
  }

  // At the same time: each takes as long as the page is patient.
  test("its download goes on, from where it stopped if the host can", () =>
    Promise.all([
      halting({ knowsRanges: true, breaks: false }, async (visit, ranges) => {
        assert.deepEqual(ranges, [null, N_BYTES]);
        await assertAnswers(visit);
      }),
      halting({ knowsRanges: false, breaks: false }, async (visit, ranges) => {
        assert.deepEqual(ranges, [null, N_BYTES]);
        await assertAnswers(visit);
      }),
      halting({ knowsRanges: true, breaks: true }, async (visit, ranges) => {
        assert.equal(ranges.length, 2);
        assert.ok(ranges[1] > 0 && ranges[1] <= N_BYTES, `${ranges}`);
        await assertAnswers(visit);
      }),
    ]));
});

describe("a host that is down", () => {
  /** The default model twice, under another name. */
  const withTwin = (bytes) => {
    const list = JSON.parse(bytes.toString("utf8"));
    const twin = { ...list.models.find((model) => model.default), default: false, name: "twin", title: "Twin" };
    return Buffer.from(JSON.stringify({ ...list, models: [...list.models, { ...twin, file: "twin.safetensors" }] }));
  };

  test("a switch fails, says so, and changes nothing", async () => {
    const change = (path, bytes) => (path === INDEX ? withTwin(bytes) : bytes);
    await visiting({ change }, {}, async (visit, own) => {
      await assertAnswers(visit);
      const before = await visit.report();
      await own.close();
      await visit.switchModel("twin");
      assert.equal(await visit.phase("failed"), "failed");
      assert.match(await visit.hook("error").innerText(), /Twin.*twin\.safetensors/);
      assert.deepEqual(await visit.report(), before);
      assert.equal(await visit.hook("model").inputValue(), defaultModel().name);
      // The model that stays still answers.
      await visit.hook("lesion-toggle").nth(1).click();
      await visit.answer();
      await assertAnswers(visit);
    });
  });

  for (const [what, sent] of [["refuses it", null], ["sends another page", PAGE]]) {
    test(`a model that is kept loads without the list: the host ${what}`, async () => {
      let isBad = false;
      const change = (path, bytes) => (path === INDEX && isBad ? sent : bytes);
      await visiting({ change }, {}, async (visit, own) => {
        isBad = true;
        await visit.page.reload();
        await visit.phase("ready");
        assert.equal(own.asked.filter(isWeights).length, 1, "the weights were kept");
        await assertAnswers(visit);
      });
    });
  }

  test("while another model comes, the one before answers", async () => {
    let goOn;
    const held = new Promise((resolve) => (goOn = resolve));
    const other = models().find((model) => !model.default);
    const change = async (path, bytes) => {
      if (path === `weights/${other.file}`) await held;
      return bytes;
    };
    await visiting({ change }, {}, async (visit) => {
      await assertAnswers(visit);
      await visit.switchModel(other.name);
      await visit.choose(sampleFile(1, "meanwhile.png"));
      await visit.page.locator('[data-testid="scan"][title="meanwhile.png"][aria-pressed="true"]').waitFor();
      assert.equal(await visit.attribute("status", "data-phase"), "loading");
      goOn();
      await visit.answer();
      const report = await visit.report();
      assert.deepEqual([report.model.name, report.input.name], [other.name, "meanwhile.png"]);
    });
  });
});
