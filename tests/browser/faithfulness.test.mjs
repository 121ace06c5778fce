// The panel that tests a map: what it asks, of how many workers, and what becomes of a worker that dies.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { makeUp } from "./made_up.mjs";
import { PATIENCE_MS, sampleFile } from "./page.mjs";
import { openSite } from "./site.mjs";

const site = openSite();
const N_MASKS = 122;

/** A machine with so many cores, and a record of the workers: what each was asked, and whether it ended. */
function onCores(nCores) {
  return (context) =>
    context.addInitScript((nCores) => {
      Object.defineProperty(navigator, "hardwareConcurrency", { get: () => nCores });
      const Native = Worker;
      window.workers = [];
      window.Worker = class extends Native {
        constructor(...options) {
          super(...options);
          this.asked = [];
          this.hasEnded = false;
          window.workers.push(this);
        }

        postMessage(message, ...rest) {
          this.asked.push(JSON.parse(message.head));
          super.postMessage(message, ...rest);
        }

        terminate() {
          this.hasEnded = true;
          super.terminate();
        }
      };
    }, nCores);
}

/** Waits until the panel is in one of `phases`, and returns which. */
async function phase(visit, ...phases) {
  const reached = await visit.page.waitForFunction(
    (phases) => {
      const { phase } = document.querySelector('[data-testid="faithfulness"]').dataset;
      return phases.includes(phase) ? phase : null;
    },
    phases,
    { timeout: PATIENCE_MS },
  );
  return reached.jsonValue();
}

/** Waits until some questions are answered, but not all. */
function begun(visit) {
  return visit.page.waitForFunction(
    () => Number(document.querySelector('[data-testid="faithfulness-progress"]')?.ariaValueNow) > 0,
    undefined,
    { timeout: PATIENCE_MS },
  );
}

/** The workers of the panel: how many masks each was asked about, and whether it ended. The first worker is the page's. */
function workers(visit) {
  return visit.page.evaluate(() =>
    window.workers.slice(1).map(({ asked, hasEnded }) => ({
      nMasks: asked.reduce((sum, head) => sum + (head.Check?.check.Masked?.masks.length ?? 0), 0),
      hasEnded,
    })),
  );
}

/** What the panel found. */
function found(visit) {
  return visit.page.evaluate(() => {
    const hook = (name) => [...document.querySelectorAll(`[data-testid="faithfulness-${name}"]`)];
    const data = (name) => hook(name).map(({ dataset }) => ({ ...dataset }));
    return { curves: data("curve"), verdict: data("verdict"), retina: data("retina"), words: data("words") };
  });
}

/** Opens a sample and its panel. */
async function opened(visit) {
  await visit.sample(0);
  await visit.hook("faithfulness-toggle").click();
}

describe("the test of a map", () => {
  test("begins with a click, and finds the same by one worker and by two", async () => {
    const results = [];
    for (const nCores of [1, 2]) {
      await site.visiting({ prepare: onCores(nCores) }, async (visit) => {
        await visit.sample(0);
        assert.equal((await workers(visit)).length, 0, "nothing runs before the click");
        assert.equal(await visit.attribute("faithfulness-toggle", "aria-expanded"), "false");
        await visit.hook("faithfulness-toggle").click();
        await begun(visit);
        assert.equal(await visit.attribute("faithfulness-progress", "role"), "progressbar");
        assert.equal(await phase(visit, "done", "failed"), "done");
        const asked = await workers(visit);
        assert.equal(asked.length, nCores);
        assert.equal(asked.reduce((sum, { nMasks }) => sum + nMasks, 0), N_MASKS, "every mask is asked about once");
        assert.ok(asked.every(({ nMasks }) => nMasks >= N_MASKS / 8), JSON.stringify(asked));
        results.push(await found(visit));
        await visit.screenshot(`faithfulness-${nCores}`);
        assert.deepEqual(visit.complaints, []);
      });
    }
    assert.deepEqual(results[1], results[0]);
    const [{ curves, verdict, retina, words }] = results;
    assert.deepEqual(curves.map(({ kind }) => kind), ["deletion", "insertion"]);
    for (const { area, scores } of curves) {
      const numbers = scores.split(" ").map(Number);
      assert.equal(numbers.length, 17);
      assert.ok(numbers.every((score) => score >= 0 && score <= 1));
      const trapezoids = numbers.slice(1).reduce((sum, score, i) => sum + (score + numbers[i]) / 32, 0);
      assert.ok(Math.abs(trapezoids - Number(area)) < 0.01, `${area}: ${trapezoids}`);
    }
    assert.equal(curves[0].scores.split(" ")[0], curves[1].scores.split(" ")[16], "nothing is hidden at both ends");
    assert.ok(["better", "partly", "no-better", "unmoved"].includes(verdict[0].standing));
    assert.ok(Number(retina[0].share) > 0 && Number(retina[0].share) <= 1);
    assert.ok(Number.isFinite(Number(words[0].sufficiency)) && Number.isFinite(Number(words[0].comprehensiveness)));
  });

  test("stops where it is cancelled, goes on, and draws maps of random weights on demand", async () => {
    await site.visiting({ prepare: onCores(2) }, async (visit) => {
      await opened(visit);
      await begun(visit);
      await visit.hook("faithfulness-cancel").click();
      assert.equal(await phase(visit, "cancelled", "done"), "cancelled");
      assert.ok((await workers(visit)).every(({ hasEnded }) => hasEnded));
      // The page's own worker answers all along.
      assert.equal(await visit.attribute("status", "data-phase"), "done");
      await visit.hook("faithfulness-resume").click();
      assert.equal(await phase(visit, "done", "failed"), "done");
      await visit.hook("faithfulness-randomize").click();
      await visit.hook("faithfulness-random-last-stage").waitFor();
      assert.equal(await phase(visit, "done", "failed"), "done");
      const maps = await visit.page.evaluate(() =>
        ["shown-map", "random-head", "random-last-stage"].map((name) => {
          const canvas = document.querySelector(`[data-testid="faithfulness-${name}"] canvas + canvas`);
          return canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.join();
        }),
      );
      assert.equal(new Set(maps).size, 3, "three different maps");
      const agreement = await visit.hook("faithfulness-random-last-stage").locator("..").getAttribute("data-agreement");
      assert.ok(Number(agreement) < 0.9, agreement);
      await visit.screenshot("faithfulness-random");
      await visit.hook("faithfulness-toggle").click();
      assert.equal(await phase(visit, "closed"), "closed");
      assert.ok((await workers(visit)).every(({ hasEnded }) => hasEnded));
      assert.deepEqual(visit.complaints, []);
    });
  });

  test("goes on with the others when a worker dies, and says one line when none is left", async () => {
    await site.visiting({ prepare: onCores(2) }, async (visit) => {
      const kill = (index) =>
        visit.page.evaluate((index) => {
          const worker = window.workers.slice(1)[index];
          worker.terminate();
          worker.dispatchEvent(new ErrorEvent("error", { message: "unreachable" }));
        }, index);
      await opened(visit);
      await begun(visit);
      await kill(0);
      assert.equal(await phase(visit, "done", "failed"), "done");
      assert.equal(await visit.attribute("faithfulness", "data-workers"), "1");
      assert.equal((await found(visit)).curves.length, 2);
      await visit.hook("faithfulness-toggle").click();
      await visit.hook("faithfulness-toggle").click();
      await begun(visit);
      await kill(2);
      await kill(3);
      assert.equal(await phase(visit, "done", "failed"), "failed");
      assert.match(await visit.hook("faithfulness-failure").innerText(), /^[^\n]*unreachable[^\n]*$/);
    });
  });

  test("ends with the scan that it is about, and is out of reach while the answer is folded", async () => {
    await site.visiting(
      {
        prepare: async (context) => {
          // First, because it changes what the native class inherits.
          await makeUp(context);
          await onCores(2)(context);
        },
      },
      async (visit) => {
        await opened(visit);
        await begun(visit);
        await visit.choose(sampleFile(1, "unsure.png"));
        await visit.page.waitForFunction(() => document.querySelector('[data-testid="warning"]'));
        assert.equal(await phase(visit, "closed"), "closed");
        assert.ok((await workers(visit)).every(({ hasEnded }) => hasEnded));
        assert.equal(await visit.hook("faithfulness-toggle").isVisible(), false);
        await visit.hook("answer-fold").click();
        await visit.hook("faithfulness-toggle").click();
        await begun(visit);
        await visit.hook("answer-fold").click();
        assert.equal(await phase(visit, "closed"), "closed");
        assert.equal(await visit.hook("faithfulness").isVisible(), false);
      },
    );
  });
});
