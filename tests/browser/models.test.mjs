// A visitor's own weights file, and the card of the model that answers.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";

import { DIST, models, sampleFile } from "./page.mjs";
import { openSite } from "./site.mjs";

const site = openSite();

/** Another model than the one that the page loads first. */
const other = () => models().find((model) => !model.default && (model.kind ?? "octlens") === "octlens");

const weights = (name, change = (bytes) => bytes) => ({
  name,
  mimeType: "application/octet-stream",
  buffer: change(readFileSync(join(DIST, "weights", other().file))),
});

const chosen = (visit) => visit.hook("model").locator("option:checked").textContent();

/** The page is loaded again; what it lists of own models. */
async function ownAfterReload(visit) {
  await visit.page.reload();
  await visit.phase("ready");
  // Kept files are listed as soon as the store has told of them.
  await visit.page.waitForTimeout(500);
  return visit.hook("model").locator("option", { hasText: /^own: / }).allTextContents();
}

describe("a model of the visitor's own", () => {
  test("is checked and answers, is not uploaded, and is kept only where that is wanted", () =>
    site.visiting({}, async (visit) => {
      const sent = [];
      visit.context.on("request", (request) => sent.push([request.method(), request.url(), request.postData()]));
      await visit.hook("own-model").setInputFiles(weights("mine.safetensors"));
      await visit.hook("keep-model").waitFor();
      await visit.phase("ready");
      assert.equal(await chosen(visit), "own: mine");
      await visit.choose(sampleFile(0));
      await visit.answer();
      assert.equal((await visit.report()).model.sha256, other().sha256);
      assert.ok(sent.every(([method, url, body]) => method === "GET" && body === null && !url.includes("mine")), `${sent}`);

      assert.deepEqual(await ownAfterReload(visit), [], "nobody asked to keep it");
      await visit.hook("own-model").setInputFiles(weights("mine.safetensors"));
      await visit.hook("keep-model").check();
      await visit.page.waitForFunction(async () => (await (await caches.open("octlens-own-weights-1")).keys()).length === 1);
      assert.deepEqual(await ownAfterReload(visit), ["own: mine"]);
      assert.equal(await visit.hook("keep-model").isChecked(), true);
      await visit.hook("model").selectOption({ label: "own: mine" });
      await visit.phase("ready");
      await visit.choose(sampleFile(0));
      await visit.answer();
      assert.equal((await visit.report()).model.sha256, other().sha256);
      await visit.screenshot("wide-own-model");

      await visit.hook("forget-model").click();
      await visit.answer();
      assert.notEqual((await visit.report()).model.sha256, other().sha256, "the site's model answers again");
      await visit.page.waitForFunction(async () => (await (await caches.open("octlens-own-weights-1")).keys()).length === 0);
      assert.deepEqual(await ownAfterReload(visit), []);
      assert.deepEqual(visit.complaints, []);
    }));

  test("that is damaged or none is refused with the reason, and the model before answers", () =>
    site.visiting({}, async (visit) => {
      const cut = weights("cut.safetensors", (bytes) => bytes.subarray(0, bytes.length - 4096));
      const flipped = weights("flipped.safetensors", (bytes) => {
        const copy = Buffer.from(bytes);
        copy[copy.length - 1000] ^= 1;
        return copy;
      });
      const picture = { ...sampleFile(0), name: "picture.safetensors" };
      for (const [file, reason] of [[cut, /cut.*damaged/s], [flipped, /flipped.*checksum/s], [picture, /picture.*(damaged|no weights file)/s]]) {
        await visit.bring("drop", file);
        await visit.hook("error").waitFor();
        assert.match(await visit.hook("error").innerText(), reason);
        assert.equal(await visit.hook("keep-model").count(), 0);
        await visit.choose(sampleFile(0));
        await visit.answer();
        await visit.hook("scan-remove").first().click();
      }
    }));
});

describe("the model card", () => {
  test("is short, tells what the model is for, and counts patients without naming them", () =>
    site.visiting({}, async (visit) => {
      const card = visit.hook("model-card");
      await card.locator("summary").click();
      const said = await card.innerText();
      for (const part of [/Intended use/, /Not for/, /Diagnosis/, /CC BY 4\.0/, /Training data/, /8-bit/, /never tested in a clinic/]) {
        assert.match(said, part);
      }
      assert.ok((await visit.hook("data-row").count()) >= 2);
      assert.match(await visit.hook("data-row").first().innerText(), /\d/);
      const { height } = await card.boundingBox();
      assert.ok(height < 1800, `${height} px`);
      assert.ok((await visit.hook("samples-note").innerText()).includes("Synthetic"));
      const json = JSON.parse((await visit.download("download-model-card")).toString("utf8"));
      const fields = json.AppliedModelCard;
      assert.equal(fields.BasicInfo.ModelName, models().find((model) => model.default).name);
      assert.ok(fields.KeyMetrics.UsefulnessUsabilityEfficacy.Results.MetricResult.length > 4);
      const { patients } = json.octlens.training;
      assert.ok(Object.values(patients).every((of) => Number.isInteger(of.train)), JSON.stringify(patients));
      assert.equal(typeof json.octlens.training.settings.epochs, "number");
      await card.scrollIntoViewIfNeeded();
      await visit.screenshot("wide-model-card");
    }));
});
