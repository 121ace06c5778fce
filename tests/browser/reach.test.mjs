// The page for those who enlarge it, go by keys, hear it, see little motion or forced colours: everything is there for them too.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";

import { makeUp } from "./made_up.mjs";
import { PATIENCE_MS, ROOT, host, sampleFile, samples } from "./page.mjs";
import { openSite } from "./site.mjs";

const site = openSite();

/** A window of 1280 × 1024 pixels, enlarged to 400 %. */
const ENLARGED = { width: 320, height: 256 };
/** More presses of Tab than the page has stops. */
const MAX_STOPS = 250;

const indexOf = (file) => samples().findIndex((sample) => sample.file === file);
const press = (visit, tag) => visit.hook("language").locator(`[data-language="${tag}"]`).click();

const overflow = (visit) => visit.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

/** Controls that cannot be seen and pressed when they have the focus, each by its first words. */
const unreachable = (visit) =>
  visit.page.evaluate(() => {
    const faults = [];
    const controls = document.querySelectorAll("button, select, input, summary, a[href], [tabindex='0']");
    for (const control of controls) {
      const isOff = control.disabled || control.closest("[inert], [hidden], dialog:not([open])");
      if (isOff || !control.checkVisibility({ visibilityProperty: true }) || control.getClientRects().length === 0) continue;
      control.focus();
      control.scrollIntoView({ block: "center", inline: "center" });
      const { left, top, width, height } = control.getBoundingClientRect();
      const found = document.elementFromPoint(left + width / 2, top + height / 2);
      const isOwn = found !== null && (control.contains(found) || found.contains(control) || control.closest("label")?.contains(found));
      const isInside = left >= -1 && left + width <= innerWidth + 1;
      if (!isOwn || !isInside) {
        faults.push(`${control.dataset.testid ?? control.className} “${control.textContent.slice(0, 30)}” at ${left.toFixed(0)}, ${top.toFixed(0)}, ${width.toFixed(0)} × ${height.toFixed(0)} below ${found?.className || found?.tagName}`);
      }
    }
    return faults;
  });

describe("enlarged to 400 %", () => {
  for (const language of ["en", "ko"]) {
    test(`nothing is wider than the window and everything is reached, ${language}`, () =>
      site.visiting({ viewport: ENLARGED, opensFolds: false, prepare: (context) => makeUp(context, { hasFigures: true }) }, async (visit) => {
        const check = async (state) => {
          assert.ok((await overflow(visit)) <= 0, `${state}: the page is ${await overflow(visit)} px too wide`);
          assert.deepEqual(await unreachable(visit), [], state);
        };
        await press(visit, language);
        await check("start");
        await visit.choose(sampleFile(indexOf("fluid.png"), "unfamiliar.png"));
        await visit.answer();
        await check("folded");
        await visit.screenshot(`enlarged-${language}-folded`);
        await visit.unfold();
        await visit.page.locator("aside details").evaluateAll((all) => all.forEach((each) => (each.open = true)));
        await visit.hook("teach").click();
        await visit.hook("case-toggle").click();
        await visit.page.locator('[data-testid="case-panel"][data-phase="drawn"]').waitFor();
        await visit.answer();
        await check("answer, lecture");
        await visit.page.locator(".stage").scrollIntoViewIfNeeded();
        await visit.screenshot(`enlarged-${language}-answer`);
        for (const panel of ["display-panel", "compare-panel"]) {
          await visit.hook(panel).locator("summary").click();
          await check(panel);
          await visit.hook(panel).locator("summary").click();
        }
        await visit.hook("series-open").click();
        await check("table");
        await visit.hook("series-close").click();
        await visit.hook("keys").click();
        assert.ok((await overflow(visit)) <= 0);
        await visit.hook("keys-close").click();
        await visit.hook("tour").click();
        await visit.answer();
        await check("tour");
        await visit.screenshot(`enlarged-${language}-tour`);
      }));
  }
});

test("what has the focus is seen to have it, on the whole way through the page", () =>
  site.visiting({}, async (visit) => {
    await visit.sample(indexOf("fluid.png"));
    await visit.hook("teach").click();
    await visit.page.evaluate(() => document.activeElement.blur());
    const faults = [];
    const seen = new Set();
    let nStops = 0;
    for (; nStops < MAX_STOPS; nStops++) {
      await visit.page.keyboard.press("Tab");
      const stop = await visit.page.evaluate(() => {
        const control = document.activeElement;
        if (control === document.body) return null;
        if (control.dataset.wasStop) return "again";
        control.dataset.wasStop = "yes";
        const isMarked = (element) => {
          const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(element);
          return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2 && outlineColor !== "rgba(0, 0, 0, 0)";
        };
        const { top, bottom, left, right } = control.getBoundingClientRect();
        const isInView = bottom > 0 && top < innerHeight && right > 0 && left < innerWidth;
        const box = control.closest("label");
        const isSeen = isInView && (isMarked(control) || (box !== null && isMarked(box)));
        return { name: control.dataset.testid ?? control.textContent.slice(0, 30), isSeen };
      });
      if (stop === "again" || stop === null) break;
      seen.add(stop.name);
      if (!stop.isSeen) faults.push(stop.name);
    }
    assert.deepEqual(faults, []);
    assert.ok(nStops > 60 && nStops < MAX_STOPS, `${nStops} stops`);
    for (const hook of ["file-input", "scan", "sample", "surface", "method-image", "word", "lesion-toggle", "download-json", "theme"]) {
      assert.ok(seen.has(hook), hook);
    }
  }));

describe("what a control is for", () => {
  test("stands in no title alone, in any state", () =>
    site.visiting({ opensFolds: false, prepare: (context) => makeUp(context, { hasFigures: true }) }, async (visit) => {
      const faults = () =>
        visit.page.evaluate(() =>
          [...document.querySelectorAll("[title]")]
            // The build that runs is for those who report a fault; it explains nothing.
            .filter((element) => element.dataset.testid !== "build" && !element.textContent.includes(element.title))
            .map((element) => `${element.tagName}.${element.className}: ${element.title}`),
        );
      const states = {
        start: () => {},
        doubtful: async () => {
          await visit.choose(sampleFile(0, "unsure.png"));
          await visit.answer();
        },
        baseline: async () => {
          await visit.choose(sampleFile(indexOf("fluid.png"), "baseline.png"));
          await visit.answer();
        },
        lecture: () => visit.hook("teach").click(),
        table: () => visit.hook("series-open").click(),
      };
      for (const [state, steps] of Object.entries(states)) {
        await steps();
        for (const language of ["ko", "en"]) {
          await press(visit, language);
          assert.deepEqual(await faults(), [], state);
        }
      }
    }));

  test("is seen at the pointer, by keys and by a click, stays while it is read, and goes by Escape", () =>
    site.visiting({}, async (visit) => {
      const hint = visit.hook("hint");
      await visit.sample(indexOf("fluid.png"));
      await visit.page.mouse.move(700, 500);
      assert.equal(await hint.count(), 0);

      const hide = visit.hook("hide-region");
      await hide.hover();
      await hint.waitFor();
      assert.equal((await hint.innerText()).trim(), await hide.getAttribute("aria-description"));
      // The pointer can go to it and rest there.
      const box = await hint.boundingBox();
      await visit.page.mouse.move(box.x + 20, box.y + box.height / 2, { steps: 8 });
      await visit.page.waitForTimeout(500);
      assert.equal(await hint.count(), 1);
      await visit.screenshot("wide-hint");
      await visit.page.keyboard.press("Escape");
      assert.equal(await hint.count(), 0);
      await visit.page.mouse.move(700, 500);

      await visit.hook("target-class").focus();
      await visit.page.keyboard.press("Tab");
      await visit.page.keyboard.press("Shift+Tab");
      await hint.waitFor();
      assert.equal((await hint.innerText()).trim(), await visit.attribute("target-class", "aria-description"));
      await visit.page.keyboard.press("Tab");
      await visit.hook("theme").focus();
      await visit.page.keyboard.press("Shift+Tab");
      await visit.page.keyboard.press("Tab");
      await hint.waitFor();
      assert.equal((await hint.innerText()).trim(), await visit.attribute("theme", "aria-label"), "a sign says its name");

      const chip = visit.page.locator(".chip.private");
      await chip.click();
      await hint.waitFor();
      assert.equal((await hint.innerText()).trim(), await chip.getAttribute("aria-description"));
      const place = await hint.boundingBox();
      assert.ok(place.x >= 0 && place.x + place.width <= 1440);
      await press(visit, "ko");
      await chip.click();
      assert.match(await hint.innerText(), /[\uac00-\ud7a3]/u);
      assert.deepEqual(visit.complaints, []);
    }));

  test("a thumbnail says its answer in full, but not before a class has voted", () =>
    site.visiting({}, async (visit) => {
      await visit.sample(indexOf("fluid.png"));
      const hint = () => visit.hook("scan").first().getAttribute("data-hint");
      assert.match(await hint(), /^fluid\.png: .*AMD/);
      await visit.hook("teach").click();
      await visit.hook("guess-first").click();
      assert.equal(await hint(), "fluid.png");
    }));
});

test("the words are a table for those who hear them, each with its share and its side", () =>
  site.visiting({}, async (visit) => {
    await visit.sample(indexOf("fluid.png"));
    const table = visit.hook("words-table");
    assert.equal(await table.locator("thead th[scope=col]").count(), 3);
    const report = await visit.report();
    const rows = await table.locator("tbody tr").evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent)));
    assert.equal(rows.length, report.tokens.words.length);
    for (const { text, score } of report.tokens.words) {
      const row = rows.find(([phrase]) => phrase === text);
      assert.ok(row, text);
      assert.equal(row[1], `${score < 0 ? "−" : ""}${Math.abs(score).toFixed(2).replace("0.", ".")}`);
      if (text !== "AMD") assert.match(row[2], score < 0 ? /against/ : /for/);
    }
    // Heard, not seen, and not where words are not shown.
    const { width, height } = await table.locator("xpath=..").boundingBox();
    assert.ok(width <= 1 && height <= 1);
    await visit.hook("show-scan").click();
    assert.ok(!(await table.evaluate((table) => table.checkVisibility({ visibilityProperty: true }))));
    await visit.hook("show-heat").click();
    const live = visit.hook("live-answer");
    assert.equal(await live.getAttribute("role"), "status");
    assert.match(await live.innerText(), /fluid\.png: .*AMD/);
  }));

test("where motion is to be little, nothing moves while the model loads and scans are answered", async () => {
  let goOn;
  const held = new Promise((resolve) => (goOn = resolve));
  const own = await host({
    change: async (path, bytes) => {
      if (/^weights\/.*\.safetensors$/.test(path)) await held;
      return bytes;
    },
  });
  const watch = (context) =>
    context.addInitScript(() => {
      window.moved = new Set();
      const look = () => {
        for (const { effect, playState, animationName, transitionProperty } of document.getAnimations()) {
          // What comes at once and stays, as a line that appears, does not move.
          if (playState === "running" && effect.getComputedTiming().activeDuration > 0) {
            window.moved.add(`${animationName ?? transitionProperty} of ${effect.target.className}`);
          }
        }
        requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    });
  try {
    for (const reducedMotion of ["reduce", "no-preference"]) {
      await site.visiting({ url: own.url, until: ["loading", "ready"], reducedMotion, prepare: watch }, async (visit) => {
        await visit.page.waitForTimeout(300);
        goOn();
        await visit.phase("ready");
        await visit.choose([0, 1, 2, 3].map((i) => sampleFile(i)));
        await visit.answer();
        await visit.hook("show-scan").click();
        await visit.hook("show-heat").click();
        const moved = await visit.page.evaluate(() => [...window.moved]);
        if (reducedMotion === "reduce") assert.deepEqual(moved, []);
        else assert.ok(moved.length > 0, "the test sees what moves");
      });
    }
  } finally {
    goOn();
    await own.close();
  }
});

test("where colours are forced, selection, bars, words and scale are still told apart", () =>
  site.visiting({ forcedColors: "active" }, async (visit) => {
    const bytes = readFileSync(join(ROOT, "tests", "fixtures", "trials", "vol", "volume.vol"));
    await visit.choose([sampleFile(indexOf("fluid.png"), "a.png"), { name: "eye.vol", mimeType: "", buffer: bytes }]);
    await visit.page.waitForFunction(() => document.querySelector('[data-testid="series-count"]').dataset.answered === "6", null, { timeout: PATIENCE_MS });
    await visit.hook("frame").nth(1).click();
    await visit.page.locator('[data-testid="frame"][data-index="1"][aria-pressed="true"]').waitFor();
    await visit.answer();
    const style = (locator, property) => locator.first().evaluate((element, property) => getComputedStyle(element)[property], property);
    const differs = async (chosen, other, property) =>
      assert.notEqual(await style(visit.page.locator(chosen), property), await style(visit.page.locator(other), property), `${chosen} and ${other}`);
    await differs('[data-testid="scan"][aria-pressed="true"]', '[data-testid="scan"][aria-pressed="false"]', "outlineStyle");
    await differs('[data-testid="frame"][aria-pressed="true"]', '[data-testid="frame"][aria-pressed="false"]', "backgroundColor");
    // What stands on the chosen frame is read on its ground.
    await differs('[data-testid="frame"][aria-pressed="true"] em', '[data-testid="frame"][aria-pressed="false"] em', "color");
    await differs(".head .track i", ".head .track", "backgroundColor");
    const scale = visit.hook("colour-bar");
    assert.equal(await style(scale, "color"), await style(visit.page.locator("body"), "color"));
    const bar = await visit.page.locator(".head .track i").first().boundingBox();
    assert.ok(bar.width > 10 && bar.height >= 6);
    await differs('[data-testid="show-heat"]', '[data-testid="show-scan"]', "backgroundColor");
    const um = visit.page.locator(".um").first();
    await differs(".um", ".stack", "borderBottomColor");
    assert.equal(await style(um, "forcedColorAdjust"), "none");
    assert.ok(parseFloat(await style(um, "borderBottomWidth")) >= 2);
    const word = visit.page.locator('[data-testid="word"][data-finding]');
    if ((await word.count()) > 0) assert.ok(parseFloat(await style(word, "borderBottomWidth")) >= 1);
    await visit.screenshot("wide-forced-colours-volume");
    await visit.hook("series-open").click();
    await differs('[data-testid="series-row"].on', '[data-testid="series-row"]:not(.on)', "outlineStyle");
    await visit.screenshot("wide-forced-colours-table");
  }));
