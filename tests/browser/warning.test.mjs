// A doubtful answer is marked as such wherever it is shown. Each kind of warning is put into the worker's answers, so that
// the page is tested apart from the model; pictures that are no scans show that the two work together.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { REASONS, makeUp } from "./made_up.mjs";
import { sampleFile } from "./page.mjs";
import { png } from "./png.mjs";
import { openSite } from "./site.mjs";

const site = openSite();

const warnByName = (context) => makeUp(context);
const press = (visit, tag) => visit.hook("language").locator(`[data-language="${tag}"]`).click();

describe("a warning", () => {
  for (const [kind, reasons] of Object.entries(REASONS)) {
    test(`${kind} stands with the answer, in both languages, and in what is saved`, () =>
      site.visiting({ opensFolds: false, prepare: warnByName }, async (visit) => {
        await visit.choose(sampleFile(0, `${kind}.png`));
        await visit.answer();
        const notice = visit.hook("warning");
        assert.equal(await notice.getAttribute("data-kind"), kind);
        assert.equal(await notice.getAttribute("role"), kind === "unsure" ? "status" : "alert");
        assert.equal(await notice.locator("li").count(), reasons.length);
        assert.ok(await notice.isVisible());
        const english = await notice.innerText();
        await press(visit, "ko");
        const korean = await notice.innerText();
        assert.match(korean, /[\uac00-\ud7a3]/u);
        assert.notEqual(korean, english);
        await press(visit, "en");

        const report = await visit.report();
        assert.deepEqual([report.warning.kind, report.warning.reasons], [kind, reasons]);
        // What tests and scripts read stays.
        assert.equal(await visit.attribute("image-prediction", "data-label"), report.image.label);
        assert.notEqual(await visit.attribute("image-prediction", "data-probability"), null);
        const verdict = visit.page.locator(".verdict");
        assert.equal(await verdict.count(), kind === "not_a_scan" ? 0 : 1);
        assert.equal(await visit.attribute("overlay", "data-shown"), "false", "it is folded with its answer");
        const mark = visit.hook("scan").getByTestId("scan-warning");
        assert.equal(await mark.getAttribute("data-kind"), kind);
        assert.ok(english.includes(await mark.getAttribute("aria-label")));
        await visit.screenshot(`wide-warning-${kind}`);
        assert.deepEqual(visit.complaints, []);
      }));
  }

  test("goes with its scan, and brings the heatmap back on the next one", () =>
    site.visiting({ opensFolds: false, prepare: warnByName }, async (visit) => {
      await visit.choose(sampleFile(0, "not_a_scan.png"));
      await visit.answer();
      await visit.choose(sampleFile(1, "fine.png"));
      await visit.answer();
      assert.equal(await visit.hook("warning").count(), 0);
      assert.equal(await visit.attribute("overlay", "data-shown"), "true");
      assert.equal(await visit.hook("scan-warning").count(), 1, "the other scan keeps its mark in the list");
      await visit.page.getByRole("button", { name: "not_a_scan.png" }).click();
      await visit.hook("warning").waitFor();
      assert.equal(await visit.attribute("overlay", "data-shown"), "false");
      assert.ok(await visit.hook("show-heat").isDisabled(), "it comes with the answer or not at all");
      await visit.hook("answer-fold").click();
      assert.equal(await visit.attribute("overlay", "data-shown"), "true", "it can be asked for");
    }));

  for (const colorScheme of ["dark", "light"]) {
    test(`fits a narrow ${colorScheme} window in Korean`, () =>
      site.visiting({ opensFolds: false, prepare: warnByName, viewport: { width: 360, height: 780 }, colorScheme, locale: "ko-KR" }, async (visit) => {
        await visit.choose(sampleFile(0, "unfamiliar.png"));
        await visit.answer();
        await visit.hook("warning").scrollIntoViewIfNeeded();
        const overflow = await visit.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(overflow <= 0, `the page is ${overflow} px too wide`);
        await visit.screenshot(`narrow-${colorScheme}-warning-korean`);
      }));
  }
});

describe("what is not a scan", () => {
  const noise = () => {
    let state = 1;
    return () => (state = (state * 48_271) % 2_147_483_647) % 256;
  };
  const pictures = {
    "a black picture": png(400, 300),
    "one grey": png(400, 300, () => 128),
    noise: png(400, 300, noise()),
    "a single pixel": png(1, 1, () => 255),
  };
  for (const [what, buffer] of Object.entries(pictures)) {
    test(`${what} is answered with a warning or refused`, () =>
      site.visiting({ opensFolds: false }, async (visit) => {
        await visit.choose({ name: "odd.png", mimeType: "image/png", buffer });
        if ((await visit.phase("done", "failed")) === "done") {
          assert.equal(await visit.hook("warning").count(), 1, "no warning");
          assert.equal(await visit.attribute("warning", "data-kind"), "not_a_scan");
          assert.equal((await visit.report()).warning.kind, "not_a_scan");
        }
      }));
  }
});
