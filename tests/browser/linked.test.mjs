// A finding is shown on the scan, and a region of it is hidden: picture and words answer each other. On drawn scans.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { noisePicture, sampleFile, samples } from "./page.mjs";
import { openSite } from "./site.mjs";

const site = openSite();

/** The fluid below the retina of the sample `fluid.png`, in scan pixels: x, y, width, height. */
const FLUID = [300, 215, 212, 65];

const fluid = () => sampleFile(samples().findIndex(({ file }) => file === "fluid.png"));

/** The pixels of the heatmap, summed up; 0 where nothing is drawn. */
const overlay = (visit) =>
  visit.hook("overlay").evaluate((canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const sums = [0, 0, 0, 0];
    data.forEach((value, i) => (sums[i % 4] += value));
    return sums;
  });

/** Draws a rectangle of scan pixels over the scan with the mouse. */
async function drag(visit, [x, y, width, height]) {
  const place = await visit.hook("hide-area").boundingBox();
  const [columns, rows] = await visit.hook("scan-canvas").evaluate((canvas) => [canvas.width, canvas.height]);
  const at = (px, py) => [place.x + (px / columns) * place.width, place.y + (py / rows) * place.height];
  await visit.page.mouse.move(...at(x, y));
  await visit.page.mouse.down();
  await visit.page.mouse.move(...at(x + width / 2, y + height / 2));
  await visit.page.mouse.move(...at(x + width, y + height));
  await visit.page.mouse.up();
}

/** Numbers of a row's attributes before and after. */
async function change(row) {
  return [Number(await row.getAttribute("data-before")), Number(await row.getAttribute("data-after"))];
}

describe("a finding", () => {
  test("is shown on the scan by a click, has two maps, and gives way to the class", () =>
    site.visiting({}, async (visit) => {
      await visit.choose(fluid());
      await visit.answer();
      const ofClass = await overlay(visit);
      const word = visit.page.locator('[data-testid="word"][data-finding]').first();
      const name = await word.getAttribute("data-finding");
      await word.click();
      await visit.hook("finding-map").waitFor();
      await visit.answer();
      assert.equal(await visit.attribute("finding-map", "data-finding"), name);
      assert.ok((await visit.hook("finding-map").innerText()).includes(name));
      assert.equal(await word.getAttribute("aria-pressed"), "true");
      const likeness = await overlay(visit);
      assert.notDeepEqual(likeness, ofClass);
      assert.ok(likeness[2] > likeness[0], "violet, where the class is red");
      await visit.screenshot("wide-finding");

      await visit.page.locator('[data-testid="finding-choice"][data-map="local"]').click();
      const local = await overlay(visit);
      assert.notDeepEqual(local, likeness);
      assert.deepEqual((await visit.report()).findings.map((saved) => saved.finding), [name]);

      await visit.page.keyboard.press("Escape");
      await visit.hook("finding-map").waitFor({ state: "detached" });
      assert.deepEqual(await overlay(visit), ofClass);

      await word.focus();
      await visit.page.keyboard.press("Enter");
      await visit.hook("finding-map").waitFor();
      await visit.hook("language").locator('[data-language="ko"]').click();
      assert.match(await visit.hook("finding-map").innerText(), /닮은 부위/u);
      await visit.hook("language").locator('[data-language="en"]').click();
      await word.focus();
      await visit.page.keyboard.press("Enter");
      await visit.hook("finding-map").waitFor({ state: "detached" });
      assert.deepEqual(visit.complaints, []);
    }));
});

describe("a region", () => {
  test("that holds the lesion is hidden with the mouse: class, caption and findings change", () =>
    site.visiting({}, async (visit) => {
      await visit.choose(fluid());
      await visit.answer();
      assert.equal(await visit.attribute("image-prediction", "data-label"), "AMD");
      await visit.hook("hide-region").click();
      assert.equal(await visit.attribute("hide-region", "aria-pressed"), "true");
      await drag(visit, FLUID);
      await visit.hook("hidden-card").waitFor();
      await visit.answer();

      const amd = await change(visit.page.locator('[data-testid="hidden-class"][data-class="AMD"]'));
      assert.ok(amd[0] > 0.9 && amd[1] < 0.1, `AMD ${amd}`);
      assert.match(await visit.attribute("hidden-caption", "data-before"), /^AMD/);
      assert.equal(await visit.attribute("hidden-caption", "data-after"), "healthy");
      const rows = visit.hook("hidden-change");
      assert.ok((await rows.count()) > 1);
      const [before, after] = await change(visit.page.locator('[data-testid="hidden-change"][data-finding="fluid"]'));
      assert.ok(before > 0 && after < before, `fluid ${before} → ${after}`);
      assert.match(await visit.hook("hidden-effect").innerText(), /answer changes/);
      assert.equal(await visit.attribute("image-prediction", "data-label"), "AMD", "the answer about the scan stands");
      const { hidden } = await visit.report();
      hidden.regions[0].forEach((value, i) => assert.ok(Math.abs(value - FLUID[i]) < 3, `${hidden.regions[0]}`));
      await visit.screenshot("wide-hidden-region");

      await visit.hook("show-again").click();
      await visit.hook("hidden-card").waitFor({ state: "detached" });
      assert.equal(await visit.hook("hidden-region").count(), 0);
      assert.equal((await visit.report()).hidden, undefined);
      assert.deepEqual(visit.complaints, []);
    }));

  test("is hidden with keys as well, and Escape leaves the tool", () =>
    site.visiting({}, async (visit) => {
      await visit.choose(fluid());
      await visit.answer();
      await visit.hook("hide-region").focus();
      await visit.page.keyboard.press("Enter");
      const draft = visit.page.locator(".region.draft");
      await draft.waitFor();
      const start = await draft.boundingBox();
      await visit.page.keyboard.press("ArrowRight");
      await visit.page.keyboard.press("Shift+ArrowDown");
      const moved = await draft.boundingBox();
      assert.ok(moved.x > start.x && moved.height > start.height);
      await visit.page.keyboard.press("Escape");
      await visit.hook("hide-area").waitFor({ state: "detached" });
      assert.equal(await visit.hook("hidden-card").count(), 0);

      await visit.hook("hide-region").focus();
      await visit.page.keyboard.press("Enter");
      await draft.waitFor();
      await visit.page.keyboard.press("Enter");
      await visit.hook("hidden-card").waitFor();
      await visit.answer();
      assert.deepEqual(visit.complaints, []);
    }));
});

test("nothing of it can be reached while an answer is folded", () =>
  site.visiting({ opensFolds: false }, async (visit) => {
    await visit.choose(await noisePicture(visit));
    await visit.answer();
    assert.equal(await visit.attribute("answer-fold", "aria-expanded"), "false");
    assert.ok(await visit.hook("hide-region").isDisabled());
    assert.equal(await visit.hook("word").filter({ visible: true }).count(), 0);
    await visit.hook("answer-fold").click();
    assert.ok(await visit.hook("hide-region").isEnabled());
    assert.deepEqual(visit.complaints, []);
  }));
