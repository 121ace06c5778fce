// A screenshot is recognised, the part that is the scan can be used, and the whole shown again. The screenshots are drawn in the
// page from a sample, as the model is asked about them for real.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { models, sampleFile } from "./page.mjs";
import { openSite } from "./site.mjs";

const site = openSite();

/** A sample at the right of a drawn infrared picture (`beside`), or turned by 90° clockwise (`turned`), as a file; with its size. */
async function screenshot(visit, kind) {
  const sample = sampleFile();
  const drawn = await visit.page.evaluate(
    async ({ base64, kind }) => {
      const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
      const scan = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
      const canvas = document.createElement("canvas");
      const { width: w, height: h } = scan;
      [canvas.width, canvas.height] = kind === "turned" ? [h, w] : [h + w, h];
      const context = canvas.getContext("2d");
      if (kind === "turned") {
        context.setTransform(0, 1, -1, 0, h, 0);
        context.drawImage(scan, 0, 0);
      } else {
        // Darker towards the corners, a bright disc, dark vessels from it.
        const ground = context.createRadialGradient(h / 2, h / 2, 0, h / 2, h / 2, h * 0.72);
        ground.addColorStop(0, "#8c8c8c");
        ground.addColorStop(1, "#4a4a4a");
        context.fillStyle = ground;
        context.fillRect(0, 0, h, h);
        context.fillStyle = "#c8c8c8";
        context.beginPath();
        context.arc(h * 0.8, h / 2, h * 0.07, 0, 7);
        context.fill();
        context.strokeStyle = "#505050";
        for (const radius of [0.22, 0.3, 0.38]) {
          context.lineWidth = h * 0.012;
          context.beginPath();
          context.ellipse(h * 0.45, h / 2, h * 0.37, h * radius, 0, 0, 7);
          context.stroke();
        }
        context.drawImage(scan, h, 0);
      }
      return { data: canvas.toDataURL("image/png").split(",")[1], w, h };
    },
    { base64: sample.buffer.toString("base64"), kind },
  );
  const file = { name: `${kind}.png`, mimeType: "image/png", buffer: Buffer.from(drawn.data, "base64") };
  return { file, width: drawn.w, height: drawn.h };
}

/** Presses a button by the keyboard, and waits until the page has answered again. */
async function press(visit, hook, next) {
  await visit.hook(hook).focus();
  await visit.page.keyboard.press("Enter");
  await visit.hook(next).waitFor();
  await visit.answer();
}

const probability = async (visit) => Number(await visit.attribute("image-prediction", "data-probability"));

describe("a screenshot", () => {
  test("of a scan beside an infrared picture: its part is used and the whole shown again", () =>
    site.visiting({}, async (visit) => {
      await visit.choose(sampleFile(0, "plain.png"));
      await visit.answer();
      const label = await visit.attribute("image-prediction", "data-label");
      const plain = await probability(visit);
      assert.equal(await visit.hook("use-view").count(), 0);
      assert.equal(await visit.hook("undo-view").count(), 0);

      const { file, width, height } = await screenshot(visit, "beside");
      await visit.choose(file);
      await visit.answer();
      assert.ok(await visit.hook("warning").isVisible());
      const notice = visit.page.locator(".view-notice");
      assert.match(await notice.innerText(), /at the right/);
      await visit.hook("language").locator('[data-language="ko"]').click();
      assert.match(await notice.innerText(), /오른쪽/u);
      await visit.hook("language").locator('[data-language="en"]').click();
      await visit.screenshot("wide-view-suggested");

      await press(visit, "use-view", "undo-view");
      const report = await visit.report();
      assert.deepEqual(report.input.view.crop, [height, 0, width, height]);
      assert.deepEqual([report.input.width, report.input.height], [width, height]);
      assert.equal(await visit.attribute("image-prediction", "data-label"), label);
      assert.ok(Math.abs((await probability(visit)) - plain) < 0.02);
      assert.equal(await visit.hook("use-view").count(), 0);
      await visit.screenshot("wide-view-used");

      await press(visit, "undo-view", "use-view");
      assert.equal((await visit.report()).input.view, undefined);
      assert.deepEqual(visit.complaints, []);
    }));

  test("of a turned scan: it is put upright, and stays so with another scan or model shown between", () =>
    site.visiting({}, async (visit) => {
      const { file, width, height } = await screenshot(visit, "turned");
      await visit.choose(file);
      await visit.answer();
      await press(visit, "use-view", "undo-view");
      const { input } = await visit.report();
      assert.deepEqual([input.view.turn, input.width, input.height], ["left", width, height]);

      await visit.choose(sampleFile(1, "fine.png"));
      await visit.answer();
      assert.equal(await visit.hook("undo-view").count(), 0, "the view belongs to its scan");
      await visit.page.getByRole("button", { name: "turned.png" }).click();
      await visit.hook("undo-view").waitFor();

      const other = models().find((model) => !model.default && !model.baseline);
      if (other === undefined) return;
      await visit.switchModel(other.name);
      await visit.hook("undo-view").waitFor();
      await visit.answer();
      assert.equal((await visit.report()).input.view.turn, "left");
      assert.deepEqual(visit.complaints, []);
    }));
});
