// Many scans at a glance: each with its answer and its doubt, sorted, filtered, saved and removed; nothing is lost unasked.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { makeUp } from "./made_up.mjs";
import { ROOT, host, models, sampleFile } from "./page.mjs";
import { png } from "./png.mjs";
import { openSite } from "./site.mjs";

/** Frames of the volume, and how many volumes make forty frames. */
const N_FRAMES = 5;
const N_VOLUMES = 8;
/** A patient's name, and the beginning of a formula. */
const NAMED = "=Kim Cheol-su, 1950.png";

const site = openSite();

function volume(name) {
  const bytes = readFileSync(join(ROOT, "tests", "fixtures", "trials", "vol", "volume.vol"));
  return { name, mimeType: "", buffer: bytes };
}

const broken = (name) => ({ name, mimeType: "image/png", buffer: Buffer.from("no picture") });

const count = (visit) => visit.hook("series-count").evaluate(({ dataset }) => [dataset.answered, dataset.total, dataset.failed].map(Number));
const rows = (visit) => visit.hook("series-row").evaluateAll((rows) => rows.map((row) => ({ ...row.dataset })));
const titles = (visit) => visit.hook("scan").evaluateAll((scans) => scans.map((scan) => scan.title));

async function openTable(visit) {
  if ((await visit.hook("series-table").count()) === 0) await visit.hook("series-open").click();
  await visit.hook("series-table").waitFor();
}

/** Cells of a CSV, without its mark. */
function cells(text) {
  assert.ok(text.startsWith("\ufeff"));
  const lines = [[""]];
  let isQuoted = false;
  for (const letter of text.slice(1)) {
    const line = lines.at(-1);
    if (letter === '"') isQuoted = !isQuoted;
    else if (letter === "," && !isQuoted) line.push("");
    else if (letter === "\n" && !isQuoted) lines.push([""]);
    else if (letter !== "\r") line[line.length - 1] += letter;
  }
  lines.pop();
  const [names, ...values] = lines;
  return values.map((line) => Object.fromEntries(line.map((cell, i) => [names[i], cell])));
}

describe("a mixed batch", () => {
  let visit;
  before(async () => {
    visit = await site.visit();
    await visit.choose([sampleFile(0, NAMED), broken("bad.png"), sampleFile(1, "b.png"), broken("worse.png"), sampleFile(2, "c.png")]);
    await visit.phase("done", "failed");
    await visit.page.waitForFunction(() => document.querySelector('[data-testid="series-count"]').dataset.answered === "3");
  });
  after(() => visit?.close());

  test("says how many are answered and how many failed, and goes on saying so", async () => {
    assert.deepEqual(await count(visit), [3, 5, 2]);
    assert.equal(await visit.hook("series-count").innerText(), "3 of 5 answered, 2 failed");
    assert.equal(await visit.hook("failed-scan").count(), 2);
    await visit.hook("scan").nth(1).click();
    await visit.answer();
    assert.deepEqual(await count(visit), [3, 5, 2]);
  });

  test("each thumbnail says class and probability, or its doubt", async () => {
    for (const text of await visit.hook("scan").locator("em").allInnerTexts()) {
      assert.match(text, /^(AMD|healthy) [<>]? ?\.\d\d$|^not sure$|^unfamiliar$|^no scan$/i, text);
    }
  });

  test("the table has a row for each, sorted by its headings", async () => {
    await openTable(visit);
    const all = await rows(visit);
    assert.deepEqual(all.map(({ index, status }) => [index, status]), [
      ["0", "answered"], ["1", "failed"], ["2", "answered"], ["3", "failed"], ["4", "answered"],
    ]);
    const table = visit.hook("series-table");
    assert.match(await table.locator("caption").innerText(), /3 of 5 answered, 2 failed/);
    assert.equal(await table.locator("th[scope=row]").count(), 5);
    assert.ok((await table.locator("thead th[scope=col]").count()) >= 6);
    await table.locator('[data-key="suspicion"]').click();
    assert.equal(await table.locator('th[aria-sort="descending"]').count(), 1);
    const sorted = await rows(visit);
    assert.deepEqual(sorted.slice(3).map(({ status }) => status), ["failed", "failed"]);
    await table.locator('[data-key="suspicion"]').click();
    assert.equal(await table.locator('th[aria-sort="ascending"]').count(), 1);
    const turned = await rows(visit);
    assert.deepEqual(turned.slice(0, 3).map(({ index }) => index), sorted.slice(0, 3).map(({ index }) => index).reverse());
    await visit.screenshot("series-table");
    await visit.hook("language").locator('[data-language="ko"]').click();
    assert.match(await table.locator("caption").innerText(), /5장 중 3장 분석됨, 실패 2장/);
    await visit.screenshot("series-table-ko");
    await visit.hook("language").locator('[data-language="en"]').click();
  });

  test("it is filtered, in the table and in the strip", async () => {
    await visit.hook("series-sort").selectOption("file");
    for (const label of ["AMD", "healthy"]) {
      await visit.hook("series-filter").selectOption(label.toLowerCase());
      const seen = await rows(visit);
      assert.ok(seen.every((row) => row.label === label), label);
      assert.equal(await visit.hook("scan").count(), seen.length);
    }
    await visit.hook("series-filter").selectOption("failed");
    assert.deepEqual((await rows(visit)).map(({ index }) => index), ["1", "3"]);
    assert.equal(await visit.hook("scan").count(), 0);
    await visit.hook("series-filter").selectOption("waiting");
    assert.equal((await rows(visit)).length, 0);
    assert.match(await visit.page.locator(".series").innerText(), /No scan of this kind/);
    await visit.hook("series-filter").selectOption("all");
  });

  test("arrow keys go through the rows, Enter opens one", async () => {
    const first = visit.hook("series-row").first().locator("th button");
    await first.focus();
    await visit.page.keyboard.press("End");
    await visit.page.keyboard.press("Enter");
    await visit.page.locator('[data-testid="scan"][title="c.png"][aria-pressed="true"]').waitFor();
    assert.equal(await visit.hook("series-table").count(), 0);
    assert.equal(await visit.page.evaluate(() => document.activeElement.dataset.testid), "series-open");
    await visit.answer();
  });

  test("arrow keys, Home and End go through the strip", async () => {
    const pressed = (title) => visit.page.locator(`[data-testid="scan"][title="${title}"][aria-pressed="true"]`).waitFor();
    await visit.hook("scan").last().focus();
    await visit.page.keyboard.press("Home");
    await pressed(NAMED);
    await visit.page.keyboard.press("ArrowDown");
    await pressed("b.png");
    await visit.page.keyboard.press("End");
    await pressed("c.png");
    assert.equal(await visit.page.evaluate(() => document.activeElement.title), "c.png");
  });

  test("the answer is said once more where it is only heard", async () => {
    const live = visit.hook("live-answer");
    assert.equal(await live.getAttribute("aria-live"), "polite");
    assert.match(await live.innerText(), /^c\.png: /);
  });

  test("the CSV has every result, no formula, and no person's name in its own name", async () => {
    await openTable(visit);
    const [download] = await Promise.all([visit.page.waitForEvent("download"), visit.hook("series-csv").click()]);
    assert.match(download.suggestedFilename(), /^octlens-results-\d{4}-\d\d-\d\d-v\d+\.\d+\.\d+\.csv$/);
    const csv = cells(readFileSync(await download.path(), "utf8"));
    assert.deepEqual(csv.map(({ file }) => file), [`'${NAMED}`, "bad.png", "b.png", "worse.png", "c.png"]);
    assert.deepEqual(csv.map(({ status }) => status), ["answered", "failed", "answered", "failed", "answered"]);
    for (const line of csv.filter(({ status }) => status === "answered")) {
      assert.ok(["healthy", "AMD"].includes(line.label));
      assert.ok(Math.abs(Number(line["p(healthy)"]) + Number(line["p(AMD)"]) - 1) < 1e-3);
      assert.match(line.model_sha256, /^[0-9a-f]{64}$/);
      assert.match(line.date, /^\d{4}-\d\d-\d\dT/);
      assert.ok(line.caption && line.words_label && line.warning);
    }
  });

  test("the JSON has the whole reports", async () => {
    const json = JSON.parse((await visit.download("series-json")).toString("utf8"));
    assert.equal(json.schema, "octlens.series/1");
    assert.equal(json.results.length, 5);
    assert.equal(json.results[2].report.schema, "octlens.report/1");
    assert.equal(json.results[2].report.input.name, "b.png");
    assert.equal(json.results[1].status, "failed");
  });

  test("one is removed and comes back, and so are all", async () => {
    await openTable(visit);
    await visit.hook("series-row").nth(2).getByTestId("remove-scan").click();
    assert.deepEqual(await count(visit), [2, 4, 2]);
    await visit.hook("undo-remove").click();
    assert.deepEqual(await count(visit), [3, 5, 2]);
    assert.deepEqual(await titles(visit), [NAMED, "b.png", "c.png"]);
    await visit.hook("remove-all").click();
    assert.deepEqual([await count(visit), await titles(visit)], [[0, 0, 0], []]);
    await visit.hook("undo-remove").press("Enter");
    assert.deepEqual([await count(visit), await titles(visit)], [[3, 5, 2], [NAMED, "b.png", "c.png"]]);
    await visit.answer();
    assert.deepEqual(visit.complaints, []);
  });
});

test("forty frames are counted, listed with their pictures, and sorted by suspicion; a warning hides none", () =>
  site.visiting({ prepare: (context) => makeUp(context, { frames: ["none", "unsure", "none", "unfamiliar", "none"] }) }, async (visit) => {
    await visit.choose(Array.from({ length: N_VOLUMES }, (_, i) => volume(`eye-${i}.vol`)));
    await visit.page.waitForFunction(
      (n) => document.querySelector('[data-testid="series-count"]').dataset.answered === String(n),
      N_VOLUMES * N_FRAMES,
    );
    assert.deepEqual(await count(visit), [40, 40, 0]);
    const painted = await visit.hook("frame").locator("canvas").evaluateAll((all) => all.filter((canvas) => canvas.width > 20 && canvas.height > 10 && canvas.height < 300).length);
    assert.equal(painted, 40);
    await visit.screenshot("series-forty");
    await openTable(visit);
    await visit.hook("series-sort").selectOption("suspicion");
    const sorted = await rows(visit);
    assert.equal(sorted.length, 40);
    const json = JSON.parse((await visit.download("series-json")).toString("utf8"));
    const suspicion = sorted.map(({ index }) => json.results[index].report.image.probabilities.AMD);
    assert.deepEqual(suspicion, suspicion.toSorted((a, b) => b - a));
    await visit.screenshot("series-forty-table");
    // Drawings stay where rows come and go.
    await visit.hook("series-filter").selectOption("warned");
    await visit.hook("series-filter").selectOption("all");
    const again = await visit.hook("frame").locator("canvas").evaluateAll((all) => all.filter((canvas) => canvas.width > 20 && canvas.height < 300).length);
    assert.equal(again, 40);
    assert.deepEqual(visit.complaints, []);
  }));

describe("work", () => {
  /** The dialogs that the browser opens, each answered by staying. */
  async function watch(visit) {
    const opened = [];
    visit.page.on("dialog", (dialog) => {
      opened.push(dialog.type());
      dialog.dismiss();
    });
    const session = await visit.context.newCDPSession(visit.page);
    await session.send("Page.enable");
    const seen = [];
    session.on("Page.javascriptDialogOpening", ({ type }) => seen.push(type));
    return { opened, seen };
  }

  test("a tab with unsaved answers asks before it is left, and not any more once they are saved", () =>
    site.visiting({}, async (visit) => {
      const dialogs = await watch(visit);
      await visit.choose([sampleFile(0, "a.png"), sampleFile(1, "b.png")]);
      await visit.page.waitForFunction(() => document.querySelector('[data-testid="series-count"]').dataset.answered === "2");
      // Browsers ask for a page only that was used.
      await visit.hook("scan").nth(1).click();
      await visit.answer();
      const leave = () => visit.page.evaluate(() => void setTimeout(() => location.reload()));
      await leave();
      await visit.page.waitForTimeout(1000);
      assert.deepEqual([dialogs.seen, dialogs.opened], [["beforeunload"], ["beforeunload"]]);
      assert.deepEqual(await count(visit), [2, 2, 0]);
      await openTable(visit);
      await visit.download("series-csv");
      await Promise.all([visit.page.waitForEvent("load"), leave()]);
      await visit.phase("ready");
      assert.deepEqual(dialogs.seen, ["beforeunload"]);
    }));

  test("a sample alone is a click away and holds nobody back", () =>
    site.visiting({}, async (visit) => {
      const dialogs = await watch(visit);
      await visit.sample(0);
      await visit.page.reload();
      await visit.phase("ready");
      assert.deepEqual(dialogs.seen, []);
    }));

  test("another model asks before answers are dropped, and stays away if told so", { skip: models().filter(({ kind }) => kind !== "baseline").length < 2 }, () =>
    site.visiting({}, async (visit) => {
      const other = models().find((model) => !model.default && model.kind !== "baseline");
      await visit.choose(sampleFile(0, "a.png"));
      await visit.answer();
      const before = await visit.hook("model").inputValue();
      // Saved for this test by no report: the answer is new again.
      await visit.hook("lesion-toggle").first().click();
      await visit.answer();
      await visit.hook("model").selectOption(other.name);
      const ask = visit.hook("ask-switch");
      await ask.waitFor();
      assert.match(await ask.innerText(), /1 answer is not saved/);
      await visit.screenshot("ask-switch");
      await visit.page.keyboard.press("Escape");
      await ask.waitFor({ state: "hidden" });
      assert.equal(await visit.hook("model").inputValue(), before);
      assert.equal(await visit.attribute("status", "data-phase"), "done");
      await visit.hook("model").selectOption(other.name);
      await ask.getByTestId("ask-yes").click();
      await visit.phase("loading", "analyzing");
      await visit.answer();
      assert.equal((await visit.report()).model.name, other.name);
    }));
});

describe("what is opened", () => {
  test("files that are dropped while the model loads are acknowledged at once", async () => {
    let goOn;
    const held = new Promise((resolve) => (goOn = resolve));
    const change = async (path, bytes) => {
      if (/^weights\/.*\.safetensors$/.test(path)) await held;
      return bytes;
    };
    const own = await host({ change });
    try {
      await site.visiting({ url: own.url, until: ["loading"] }, async (visit) => {
        await visit.bring("drop", sampleFile(0, "early.png"));
        await visit.hook("series-taken").waitFor();
        assert.match(await visit.hook("series-taken").innerText(), /1 file added, answered when the model is loaded/);
        assert.deepEqual(await count(visit), [0, 1, 0]);
        await visit.screenshot("series-taken");
        goOn();
        await visit.answer();
        assert.deepEqual([await count(visit), await visit.hook("series-taken").count()], [[1, 1, 0], 0]);
        // While one is answered, others are acknowledged too; what is answered is not dimmed.
        await visit.choose([sampleFile(1, "x.png"), sampleFile(2, "y.png"), sampleFile(3, "z.png")]);
        const dimmed = await visit.page.evaluate(() => {
          const all = [...document.querySelectorAll('aside .card, .stack, [data-testid="scan"]:first-child canvas')];
          return all.filter((part) => Number(getComputedStyle(part).opacity) < 0.8).length;
        });
        assert.equal(dimmed, 0);
        await visit.answer();
      });
    } finally {
      goOn();
      await own.close();
    }
  });

  for (const [name, viewport] of Object.entries({ wide: { width: 1280, height: 720 }, zoomed: { width: 1024, height: 576 }, narrow: { width: 360, height: 740 } })) {
    test(`a sample stays under the pointer and a double click adds one, ${name}`, () =>
      site.visiting({ viewport }, async (visit) => {
        const sample = visit.hook("sample").first();
        await sample.scrollIntoViewIfNeeded();
        const place = await sample.boundingBox();
        await visit.page.mouse.dblclick(place.x + place.width / 2, place.y + place.height / 2);
        await visit.answer();
        assert.equal(await visit.hook("scan").count(), 1);
        assert.deepEqual(await sample.boundingBox(), place);
        await visit.screenshot(`series-sample-${name}`);
        if (name === "narrow") return;
        // The answer is seen without scrolling.
        const { y, height } = await visit.page.locator(".verdict, .folded").first().boundingBox();
        assert.ok(y >= 0 && y + height <= viewport.height, `${y}`);
        const prediction = await visit.hook("image-prediction").boundingBox();
        if (prediction) assert.ok(prediction.y + prediction.height <= viewport.height, `${prediction.y}`);
      }));
  }

  test("the thumbnail of a tall scan shows its retina", () =>
    site.visiting({}, async (visit) => {
      // A bright band far below the middle.
      const tall = png(512, 1024, (x, y) => (y > 760 && y < 900 ? 170 + ((x * 7 + y * 13) % 60) : 12 + ((x * 31 + y * 17) % 20)));
      await visit.choose({ name: "tall.png", mimeType: "image/png", buffer: tall });
      await visit.phase("done", "failed");
      const bright = await visit.hook("scan").locator("canvas").evaluate((canvas) => {
        const { width, height } = canvas;
        const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
        let bright = 0;
        for (let i = 0; i < data.length; i += 4) bright += data[i] > 120 ? 1 : 0;
        return bright / (width * height);
      });
      assert.ok(bright > 0.2, `${bright}`);
      await visit.screenshot("series-tall");
    }));
});

test("a caption without a finding says that the words have nothing to go by", () =>
  site.visiting({}, async (visit) => {
    await visit.sample(1);
    for (const toggle of await visit.page.locator('[data-testid="lesion-toggle"]:checked').all()) {
      await toggle.click();
      await visit.answer();
    }
    const retrieved = await visit.page.locator('[data-testid="lesion-toggle"]:checked').count();
    assert.equal(retrieved, 0);
    assert.equal(await visit.attribute("caption", "data-source"), "edited");
    assert.match(await visit.hook("agreement").innerText(), /names no finding, so the words have nothing to go by/);
    await visit.hook("language").locator('[data-language="ko"]').click();
    assert.match(await visit.hook("agreement").innerText(), /소견이 없어/);
  }));

test("what is printed has its bars, its scale and its limits", () =>
  site.visiting({}, async (visit) => {
    await visit.sample(1);
    await visit.page.emulateMedia({ media: "print" });
    const shown = await visit.page.evaluate(() => {
      const part = (selector) => document.querySelector(selector);
      const isSeen = (selector) => part(selector)?.getClientRects().length > 0;
      return {
        track: getComputedStyle(part(".head .track i")).printColorAdjust,
        bar: part(".head .track i").getBoundingClientRect().width,
        scale: isSeen(".colours"),
        state: isSeen(".state"),
        limits: isSeen('[data-testid="limits"]'),
        cut: [...document.querySelectorAll(".card, aside, main, .app, body")].filter((box) => box.scrollHeight > box.clientHeight + 2 && getComputedStyle(box).overflowY !== "visible").length,
      };
    });
    assert.deepEqual([shown.track, shown.scale, shown.state, shown.limits, shown.cut], ["exact", true, true, true, 0]);
    assert.ok(shown.bar > 20, `${shown.bar}`);
    await visit.screenshot("print");
  }));
