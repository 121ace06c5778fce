// Doubt first: in no state of the page, and at no place that it is scrolled to, is a class or a word seen of a doubtful answer
// without its warning and the map; words are never seen without the map. What is printed and saved keeps to the same.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";

import { REASONS, makeUp } from "./made_up.mjs";
import { ROOT, sampleFile } from "./page.mjs";
import { openSite } from "./site.mjs";

const site = openSite();
const SIZES = { wide: { width: 1280, height: 900 }, narrow: { width: 390, height: 844 } };
/** Warnings on the frames of the volume; the page's own rule says which of them decide for the eye. */
const FRAMES = ["unsure", "none", "unsure", "unfamiliar", "unsure"];

const madeUp = (setting) => (context) => makeUp(context, setting);
const press = (visit, tag) => visit.hook("language").locator(`[data-language="${tag}"]`).click();

/** What is wrong with what can be seen now. `isPrinted`: everything is on paper, wherever it is scrolled to. */
function faults(visit, isPrinted = false) {
  return visit.page.evaluate((isPrinted) => {
    const all = (selector) => [...document.querySelectorAll(selector)];
    const hook = (...names) => all(names.map((name) => `[data-testid="${name}"]`).join(", "));
    const isDrawn = (element) =>
      element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && element.getClientRects().length > 0;
    /** Some of it is inside the window and inside every box that scrolls or clips it. */
    const isSeen = (element) => {
      if (!isDrawn(element)) return false;
      if (isPrinted) return true;
      let { top, bottom, left, right } = element.getBoundingClientRect();
      const clip = (box) => {
        [top, left] = [Math.max(top, box.top), Math.max(left, box.left)];
        [bottom, right] = [Math.min(bottom, box.bottom), Math.min(right, box.right)];
      };
      clip({ top: 0, left: 0, bottom: innerHeight, right: innerWidth });
      for (let parent = element.parentElement; parent; parent = parent.parentElement) {
        if (getComputedStyle(parent).overflowY !== "visible") clip(parent.getBoundingClientRect());
      }
      return bottom - top > 1 && right - left > 1;
    };
    const faults = [];
    const labels = [...hook("image-prediction", "text-prediction", "baseline-prediction"), ...all(".verdict, .classes, figcaption")];
    const words = hook("word", "candidate");
    const [warning] = hook("warning");
    const [fold] = hook("answer-fold");
    const overlays = hook("overlay");
    const hasMap = overlays.some((overlay) => overlay.dataset.shown === "true" && isSeen(overlay));
    const hasSign = hook("doubt-sign").some(isSeen);
    if (document.documentElement.scrollWidth > innerWidth && !isPrinted) faults.push("the page is wider than the window");
    if (Boolean(warning) !== Boolean(fold)) faults.push("a warning without its button, or a button without a warning");
    if (words.some(isSeen) && !hasMap) faults.push("words without the map");
    if (warning) {
      if (!isDrawn(warning) || warning.innerText.trim() === "") faults.push("the warning is not drawn");
      if (warning.querySelectorAll("li").length === 0) faults.push("the warning has no reason");
      const isBefore = (element) => warning.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING;
      const later = [...labels, ...words, ...overlays];
      if (!later.every(isBefore)) faults.push("something stands before the warning");
      if (fold.getAttribute("aria-expanded") === "false") {
        if ([...labels, ...words].some(isDrawn)) faults.push("a folded answer is drawn");
        if (overlays.some((overlay) => overlay.dataset.shown === "true")) faults.push("a folded map is shown");
        const badges = all('[data-testid="scan"][aria-pressed="true"] em, [data-testid="frame"][aria-pressed="true"] em');
        const isOfFile = all('[data-testid="frame"]').length > 0;
        const own = isOfFile ? badges.filter((badge) => badge.closest('[data-testid="frame"]')) : badges;
        if (own.some((badge) => /\.\d\d/.test(badge.innerText))) faults.push("a thumbnail tells the folded answer");
      } else if ([...labels, ...words].some(isSeen) && !hasSign) {
        faults.push("an answer without the sign of doubt");
      }
    }
    for (const eye of hook("eye")) {
      const isWarned = eye.dataset.warning !== "none";
      if (isWarned && !eye.querySelector('[data-testid="scan-warning"]')) faults.push("an eye's answer without its doubt");
      if (eye.dataset.folded === "true" && /\.\d\d/.test(eye.innerText)) faults.push("a folded eye tells its answer");
    }
    for (const thumbnail of hook("scan", "frame")) {
      const mark = thumbnail.querySelector('[data-testid="scan-warning"]');
      const answer = thumbnail.querySelector("em");
      if (mark && answer && !(mark.compareDocumentPosition(answer) & Node.DOCUMENT_POSITION_FOLLOWING)) {
        faults.push("a thumbnail's answer stands before its doubt");
      }
    }
    return faults;
  }, isPrinted);
}

/** Looks at the state from the top to the bottom of the page and of its columns, in both languages, and as it would be printed. */
async function holds(visit, state) {
  for (const language of ["en", "ko"]) {
    await press(visit, language);
    const places = await visit.page.evaluate(() => {
      const heights = [document.documentElement, document.querySelector("aside")].map((e) => e.scrollHeight);
      return Math.ceil(Math.max(...heights) / 300);
    });
    for (let place = 0; place < places; place++) {
      await visit.page.evaluate((top) => {
        window.scrollTo(0, top);
        document.querySelector("aside").scrollTop = top;
        return new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
      }, place * 300);
      assert.deepEqual(await faults(visit), [], `${state}, ${language}, ${place * 300} px down`);
    }
    await visit.page.evaluate(() => window.scrollTo(0, 0));
  }
  await press(visit, "en");
  await visit.page.emulateMedia({ media: "print" });
  assert.deepEqual(await faults(visit, true), [], `${state}, printed`);
  await visit.page.emulateMedia({ media: "screen" });
}

/** The texts that a saved picture holds, in the order in which they are drawn. */
async function savedTexts(visit) {
  await visit.page.evaluate(() => {
    window.drawn = [];
    const context = CanvasRenderingContext2D.prototype;
    const draw = (window.nativeFillText ??= context.fillText);
    context.fillText = function (text, ...where) {
      window.drawn.push(text);
      return draw.call(this, text, ...where);
    };
  });
  await visit.download("download-png");
  return visit.page.evaluate(() => window.drawn);
}

/** Opens a sample under another name and waits for its answer. */
async function open(visit, name, index = 0) {
  await visit.choose(sampleFile(index, name));
  await visit.answer();
}

for (const [size, viewport] of Object.entries(SIZES)) {
  describe(`in a ${size} window`, () => {
    test("before there is an answer, and with one that needs no warning", () =>
      site.visiting({ opensFolds: false, prepare: madeUp(), viewport, until: ["loading", "ready"] }, async (visit) => {
        assert.deepEqual(await faults(visit), [], "loading");
        await visit.phase("ready");
        await holds(visit, "ready");
        await open(visit, "fine.png");
        assert.equal(await visit.hook("warning").count(), 0);
        assert.ok(await visit.hook("word").first().isVisible());
        await holds(visit, "answered");
        await visit.hook("show-scan").click();
        assert.ok(await visit.hook("words-without-map").isVisible());
        await holds(visit, "answered, the map hidden");
        await visit.hook("show-heat").click();
        await visit.choose({ name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("drusen") });
        await visit.phase("failed");
        await holds(visit, "failed after an answer");
        assert.deepEqual(visit.complaints, []);
      }));

    for (const kind of Object.keys(REASONS)) {
      test(`${kind}: folded, opened, edited, without the map, folded again`, () =>
        site.visiting({ opensFolds: false, prepare: madeUp(), viewport }, async (visit) => {
          await open(visit, `${kind}.png`);
          const fold = visit.hook("answer-fold");
          assert.equal(await fold.getAttribute("aria-expanded"), "false");
          await holds(visit, "folded");
          await visit.page.keyboard.press("h");
          await holds(visit, "folded, after the key for the map");
          await visit.screenshot(`${size}-${kind}-folded`);
          await fold.click();
          assert.equal(await fold.getAttribute("aria-expanded"), "true");
          assert.ok(await visit.hook("image-prediction").isVisible());
          assert.equal(await visit.attribute("overlay", "data-shown"), "true");
          await holds(visit, "opened");
          await visit.screenshot(`${size}-${kind}-opened`);
          await visit.hook("lesion-toggle").first().click();
          await visit.answer();
          assert.equal(await visit.attribute("caption", "data-source"), "edited");
          await holds(visit, "opened, the caption edited");
          await visit.hook("show-scan").click();
          await holds(visit, "opened, the map hidden");
          await visit.hook("show-heat").click();
          await visit.choose({ name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("drusen") });
          await visit.phase("failed");
          await holds(visit, "failed after a doubtful answer");
          await fold.click();
          await holds(visit, "folded again");
          // Another scan has a fold of its own.
          await open(visit, `${kind}-2.png`, 1);
          assert.equal(await fold.getAttribute("aria-expanded"), "false");
          assert.deepEqual(visit.complaints, []);
        }));
    }

    test("a baseline beside it, and the map of another class", () =>
      site.visiting({ opensFolds: false, prepare: madeUp(), viewport }, async (visit) => {
        await open(visit, "unfamiliar-baseline.png");
        await holds(visit, "baseline, folded");
        await visit.hook("answer-fold").click();
        await visit.hook("baseline-prediction").waitFor();
        await holds(visit, "baseline, opened");
        assert.equal(await visit.hook("doubt-sign").count(), 2, "one on each picture");
        const other = await visit.hook("target-class").locator("option:not(:checked)").first().getAttribute("value");
        await visit.hook("target-class").selectOption(other);
        await visit.answer();
        await holds(visit, "the map of another class");
      }));

    test("a finding on the scan, a region that is hidden, and the fold closed over them", () =>
      site.visiting({ opensFolds: false, prepare: madeUp(), viewport }, async (visit) => {
        await open(visit, "unsure.png");
        const fold = visit.hook("answer-fold");
        await fold.click();
        await visit.page.locator('[data-testid="word"][data-finding]').first().click();
        await visit.hook("finding-map").waitFor();
        await visit.answer();
        await holds(visit, "the map of a finding");
        await visit.page.locator('[data-testid="finding-choice"][data-map="local"]').click();
        await holds(visit, "the other map of a finding");
        await visit.hook("finding-leave").click();
        await visit.hook("hide-region").click();
        await holds(visit, "choosing a region");
        await visit.hook("hide-area").focus();
        await visit.page.keyboard.press("Enter");
        await visit.hook("hidden-card").waitFor();
        await visit.answer();
        await holds(visit, "a region is hidden");
        await fold.click();
        await holds(visit, "folded over a hidden region");
        assert.equal(await visit.hook("hidden-class").isVisible(), false, "the change tells the folded answer");
        assert.deepEqual(visit.complaints, []);
      }));

    test("a file of several B-scans and the answer for the eye", () =>
      site.visiting({ opensFolds: false, prepare: madeUp({ frames: FRAMES }), viewport }, async (visit) => {
        const buffer = readFileSync(join(ROOT, "tests", "fixtures", "trials", "vol", "volume.vol"));
        await visit.choose({ name: "eye.vol", mimeType: "", buffer });
        await visit.hook("frames").waitFor();
        await visit.answer();
        await holds(visit, "frames");
        assert.notEqual(await visit.attribute("eye", "data-warning"), "none");
        for (const index of FRAMES.keys()) {
          await visit.hook("frame").nth(index).click();
          await visit.page.locator(`[data-testid="frame"][data-index="${index}"][aria-pressed="true"]`).waitFor();
          await visit.answer();
          await holds(visit, `frame ${index}`);
          if ((await visit.hook("answer-fold").count()) > 0) {
            await visit.hook("answer-fold").click();
            await holds(visit, `frame ${index}, opened`);
          }
        }
        assert.equal(await visit.attribute("eye", "data-folded"), "false", "the frame that decided was opened");
      }));
  });
}

describe("a saved picture", () => {
  test("has the warning on the picture and first below it, and nothing of a folded answer", () =>
    site.visiting({ opensFolds: false, prepare: madeUp() }, async (visit) => {
      await open(visit, "unfamiliar.png");
      const heading = await visit.hook("warning").locator("b").innerText();
      const report = await visit.report();
      const folded = await savedTexts(visit);
      assert.deepEqual(folded.slice(0, 2), [heading, heading]);
      assert.doesNotMatch(folded.join(" "), /Image says|Words say|GradCAM/);
      assert.ok(!folded.some((text) => text.includes(report.caption.text)));
      await visit.hook("answer-fold").click();
      const opened = await savedTexts(visit);
      assert.equal(opened[0], heading);
      const answer = opened.findIndex((text) => text.includes("Image says"));
      assert.ok(opened.lastIndexOf(heading) < answer && opened.some((text) => text.includes(report.caption.text)));
      await visit.hook("show-scan").click();
      const withoutMap = await savedTexts(visit);
      assert.match(withoutMap.join(" "), /Image says/);
      assert.doesNotMatch(withoutMap.join(" "), /Words say/);
    }));

  test("says by which scale its map is drawn, and of which class it is", () =>
    site.visiting({ opensFolds: false, prepare: madeUp({ hasFigures: true }) }, async (visit) => {
      await open(visit, "faint.png");
      assert.ok((await savedTexts(visit)).some((text) => /10 % of a strong map/.test(text)));
      await visit.hook("heat-scale").selectOption("relative");
      assert.ok((await savedTexts(visit)).some((text) => /relative to this scan/.test(text)));
      const other = await visit.hook("target-class").locator("option:not(:checked)").first().getAttribute("value");
      await visit.hook("target-class").selectOption(other);
      await visit.answer();
      const [first] = await savedTexts(visit);
      assert.ok(first.includes(other), first);
      assert.equal(first, await visit.hook("other-class").innerText());
    }));
});

describe("the scale of the heat", () => {
  /** The sum of what the overlay covers. */
  const cover = (visit) =>
    visit.hook("overlay").evaluate((canvas) => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      let sum = 0;
      for (let i = 3; i < data.length; i += 4) sum += data[i];
      return sum;
    });

  test("is the same for all scans where the card has peaks: a faint map is pale, a strong one is as by its own maximum", () =>
    site.visiting({ opensFolds: false, prepare: madeUp({ hasFigures: true }) }, async (visit) => {
      await open(visit, "strong.png");
      assert.equal(await visit.attribute("drawn-scale", "data-scale"), "absolute");
      const strong = await cover(visit);
      await visit.hook("heat-scale").selectOption("relative");
      assert.equal(await visit.attribute("drawn-scale", "data-scale"), "relative");
      assert.equal(await cover(visit), strong);
      await open(visit, "faint.png");
      assert.equal(await cover(visit), strong, "relative to its own maximum, it looks as strong");
      await visit.hook("heat-scale").selectOption("absolute");
      const faint = await cover(visit);
      assert.ok(faint > 0 && faint < strong / 3, `${faint} and ${strong}`);
      assert.match(await visit.hook("drawn-scale").innerText(), /10 %/);
      await open(visit, "empty.png");
      assert.equal(await cover(visit), 0);
      assert.match(await visit.hook("empty-map").innerText(), /no place/);
      assert.equal(await visit.hook("drawn-scale").count(), 0);
      assert.deepEqual(visit.complaints, []);
    }));

  test("is the scan's own, and says so, where the card has none", () =>
    site.visiting({ opensFolds: false, prepare: madeUp() }, async (visit) => {
      await open(visit, "faint.png");
      const scales = await visit.hook("heat-scale").locator("option").evaluateAll((all) => all.map(({ value }) => value));
      assert.deepEqual(scales, ["relative"]);
      assert.equal(await visit.attribute("drawn-scale", "data-scale"), "relative");
      assert.match(await visit.hook("drawn-scale").innerText(), /own maximum/);
    }));

  test("the map of another class has other colours, a pattern and a label", () =>
    site.visiting({ opensFolds: false, prepare: madeUp() }, async (visit) => {
      await open(visit, "fine.png");
      const own = await visit.overlay();
      assert.equal(await visit.hook("other-class").count(), 0);
      const other = await visit.hook("target-class").locator("option:not(:checked)").first().getAttribute("value");
      await visit.hook("target-class").selectOption(other);
      await visit.answer();
      assert.equal(await visit.attribute("other-class", "data-target"), other);
      assert.notEqual((await visit.overlay()).digest, own.digest);
      await visit.screenshot("wide-other-class");
      await press(visit, "ko");
      assert.match(await visit.hook("other-class").innerText(), /[\uac00-\ud7a3]/u);
    }));
});

describe("what such answers turned out to be", () => {
  test("is told by device, with and without a warning, and of an edited caption nothing agrees", () =>
    site.visiting({ opensFolds: false, prepare: madeUp({ hasFigures: true }) }, async (visit) => {
      await open(visit, "fine.png");
      const rows = () => visit.hook("track-record-row").evaluateAll((rows) => rows.map((row) => ({ ...row.dataset })));
      const unwarned = await rows();
      assert.ok(unwarned.length > 0 && unwarned.every(({ right, scans }) => right === "188" && scans === "200"));
      assert.match(await visit.hook("track-record").innerText(), /94 %/);
      const agreement = () => visit.hook("agreement").innerText();
      const retrieved = await agreement();
      assert.doesNotMatch(retrieved, /✓|trust/);
      await visit.hook("lesion-toggle").first().click();
      await visit.answer();
      assert.notEqual(await agreement(), retrieved);
      assert.match(await agreement(), /person/);
      await open(visit, "unsure.png");
      await visit.hook("answer-fold").click();
      assert.ok((await rows()).every(({ right, scans }) => right === "26" && scans === "40"));
      await visit.screenshot("wide-track-record");
    }));

  test("is not told where the card has no such figures", () =>
    site.visiting({ opensFolds: false, prepare: madeUp() }, async (visit) => {
      await open(visit, "fine.png");
      assert.ok(await visit.hook("agreement").isVisible());
      assert.equal(await visit.hook("track-record").count(), 0);
    }));
});
