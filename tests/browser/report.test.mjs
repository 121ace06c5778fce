// A report is saved as a page of its own: it opens without network and script, fits on one sheet, and names no patient. Saved JSON
// opens its scan again as it was asked about.

import assert from "node:assert/strict";
import { readFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";

import { makeUp } from "./made_up.mjs";
import { OUT, models, sampleFile, samples } from "./page.mjs";
import { openSite } from "./site.mjs";

const site = openSite();

/** A name as clinics give files. */
const NAME = "Kim Minji 1961-02-03 OD.png";

const drusen = (name) => sampleFile(samples().findIndex(({ file }) => file === "drusen.png"), name);

/** What a click on `hook` saves: its name and its text. */
async function saved(visit, hook) {
  const [download] = await Promise.all([visit.page.waitForEvent("download"), visit.hook(hook).click()]);
  return { name: download.suggestedFilename(), text: readFileSync(await download.path(), "utf8") };
}

/** Opens a saved page from a file, without network and script; `steps` gets it and what it asked for. */
async function offline({ text }, name, steps) {
  const path = join(OUT, `${name}.html`);
  mkdirSync(OUT, { recursive: true });
  writeFileSync(path, text);
  const context = await site.browser.newContext({ javaScriptEnabled: false, offline: true, viewport: { width: 900, height: 1200 } });
  const requests = [];
  context.on("request", (request) => requests.push(request.url()));
  try {
    const page = await context.newPage();
    await page.goto(pathToFileURL(path).href);
    assert.deepEqual(requests.filter((url) => !url.startsWith("data:")), [pathToFileURL(path).href]);
    return await steps(page);
  } finally {
    await context.close();
  }
}

/** How many sheets a page takes, and its PDF beside it. */
async function sheets(page, name) {
  const cdp = await page.context().newCDPSession(page);
  const { data } = await cdp.send("Page.printToPDF", { preferCSSPageSize: true, printBackground: true });
  const pdf = Buffer.from(data, "base64");
  writeFileSync(join(OUT, `${name}.pdf`), pdf);
  return pdf.toString("latin1").match(/\/Type\s*\/Page\b(?!s)/g).length;
}

async function part(page, name) {
  return page.locator(`[data-part="${name}"]`).innerText();
}

describe("a report that is saved to be read", () => {
  test("opens offline on one sheet, and names neither patient nor file", () =>
    site.visiting({}, async (visit) => {
      await visit.choose(drusen(NAME));
      await visit.answer();
      const json = await visit.savedReport();
      const file = await saved(visit, "download-report");
      assert.match(file.name, /^octlens-\d{4}-\d\d-\d\d-[0-9a-f]{8}\.html$/);
      // Pictures are base64, in which any three letters occur.
      const words = file.text.replaceAll(/data:image\/png;base64,[^"]*/g, "");
      assert.ok(!words.includes("Kim") && !words.includes("1961"));
      await offline(file, "report", async (page) => {
        assert.equal(await page.locator("html").getAttribute("lang"), "en");
        assert.match(await part(page, "notice"), /Research use only.*Not a medical device/);
        assert.match(await part(page, "agreement"), /one reading seen twice, no second opinion/);
        assert.match(await part(page, "answer"), /AMD/);
        const origin = await part(page, "made-by");
        for (const value of [json.model.sha256, json.input.sha256, json.model.name, "384 × 192", "GradCAM"]) {
          assert.ok(origin.includes(value), value);
        }
        const words = await part(page, "words");
        for (const { text } of json.tokens.words) assert.ok(words.includes(text), text);
        assert.equal(await page.locator("[data-part=warning]").count(), 0);
        const sizes = await page.locator("img").evaluateAll((images) => images.map((image) => image.naturalWidth));
        assert.ok(sizes.length === 2 && sizes.every((width) => width > 100), `${sizes}`);
        assert.equal(await page.locator("[data-shows=class] linearGradient stop").count(), 17);
        assert.equal(await page.locator("[data-other-class]").count(), 0);
        assert.equal(await sheets(page, "report"), 1);
        await page.screenshot({ path: join(OUT, "screenshots", "report.png"), fullPage: true });
      });
      assert.deepEqual(visit.complaints, []);
    }));

  test("holds warning, findings, hidden region and tests of the map on one sheet, in Korean too", () =>
    site.visiting({ prepare: (context) => makeUp(context) }, async (visit) => {
      const seven = models().find((model) => model.name === "seven");
      await visit.hook("model").selectOption(seven.name);
      await visit.phase("ready");
      await visit.choose(drusen("unfamiliar.png"));
      await visit.answer();
      const folded = await visit.hook("answer-fold").getAttribute("aria-expanded");
      assert.equal(folded, "true");
      const label = await visit.attribute("image-prediction", "data-label");
      await visit.hook("target-class").selectOption(label === "AMD" ? "healthy" : "AMD");
      await visit.answer();
      await visit.hook("lesion-toggle").first().check();
      await visit.answer();
      await visit.page.locator('[data-testid="word"][data-finding]').first().click();
      await visit.hook("finding-map").waitFor();
      await visit.hook("hide-region").focus();
      await visit.page.keyboard.press("Enter");
      await visit.page.locator(".region.draft").waitFor();
      await visit.page.keyboard.press("Enter");
      await visit.hook("hidden-card").waitFor();
      await visit.hook("faithfulness-toggle").click();
      await visit.page.locator('[data-testid="faithfulness"][data-phase="done"]').waitFor({ timeout: 240_000 });
      for (const language of ["en", "ko"]) {
        await visit.hook("language").locator(`[data-language="${language}"]`).click();
        const file = await saved(visit, "download-report");
        await offline(file, `report-${language}`, async (page) => {
          assert.equal(await page.locator("html").getAttribute("lang"), language);
          const first = page.locator("main > *").first();
          assert.equal(await first.getAttribute("data-kind"), "unfamiliar");
          assert.ok((await page.locator("[data-other-class]").innerText()).length > 5);
          assert.equal(await page.locator("figure").count(), 5);
          for (const name of ["findings", "hidden", "tests", "limits", "probabilities"]) {
            assert.ok((await part(page, name)).length > 20, name);
          }
          assert.equal(await sheets(page, `report-${language}`), 1);
          await page.screenshot({ path: join(OUT, "screenshots", `report-${language}.png`), fullPage: true });
        });
      }
    }));

  test("leaves a folded answer out", () =>
    site.visiting({ prepare: (context) => makeUp(context), opensFolds: false }, async (visit) => {
      await visit.choose(drusen("not_a_scan.png"));
      await visit.answer();
      await offline(await saved(visit, "download-report"), "report-folded", async (page) => {
        assert.equal(await page.locator("main > *").first().getAttribute("data-kind"), "not_a_scan");
        assert.equal(await page.locator("[data-part=answer], [data-part=words], [data-shows=class]").count(), 0);
        assert.equal(await sheets(page, "report-folded"), 1);
      });
    }));
});

describe("what is saved", () => {
  test("is named by date and hash, with a note of when and what for, and by its file only where that is wanted", () =>
    site.visiting({}, async (visit) => {
      await visit.choose(drusen(NAME));
      await visit.answer();
      for (const [hook, ending] of [["download-png", "png"], ["download-json", "json"]]) {
        const { name } = await saved(visit, hook);
        assert.match(name, new RegExp(`^octlens-\\d{4}-\\d\\d-\\d\\d-[0-9a-f]{8}\\.${ending}$`));
      }
      const json = await saved(visit, "download-json");
      assert.ok(!json.text.includes("Kim"));
      const report = JSON.parse(json.text);
      assert.match(report.saved.at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$/);
      assert.ok(Math.abs(new Date(report.saved.at) - Date.now()) < 60_000);
      assert.match(report.saved.notice, /Not a medical device/);
      assert.equal(report.input.name, `scan-${report.input.sha256.slice(0, 8)}.png`);
      await visit.hook("keep-name").check();
      for (const [hook, ending] of [["download-report", "html"], ["download-json", "json"], ["download-png", "png"]]) {
        assert.equal((await saved(visit, hook)).name, `Kim Minji 1961-02-03 OD.octlens.${ending}`);
      }
      assert.ok((await saved(visit, "download-report")).text.includes("Kim Minji"));
    }));
});

/** A saved report as a file that is dropped. */
const jsonFile = (text, name = "saved.json") => ({ name, mimeType: "application/json", buffer: Buffer.from(text) });

const done = (visit) => visit.page.locator('[data-testid="reproduced"][data-phase="done"]');

describe("a saved report", () => {
  test("opens its scan as it was asked about, and the same comes out to the bit", async () => {
    const text = await site.visiting({}, async (visit) => {
      await visit.choose(drusen(NAME));
      await visit.answer();
      await visit.hook("target-class").selectOption("healthy");
      await visit.answer();
      await visit.hook("method-image").selectOption("layer_cam");
      await visit.answer();
      await visit.hook("method-text").selectOption("leave_one_out");
      await visit.answer();
      await visit.hook("lesion-toggle").first().check();
      await visit.answer();
      await visit.page.locator('[data-testid="word"][data-finding]').first().click();
      await visit.hook("finding-map").waitFor();
      await visit.answer();
      return (await saved(visit, "download-json")).text;
    });
    await site.visiting({}, async (visit) => {
      await visit.choose([jsonFile(text), drusen("renamed.png")]);
      await done(visit).waitFor();
      assert.equal(await visit.attribute("reproduced", "data-same"), "true", await visit.hook("reproduced").innerText());
      assert.doesNotMatch(await visit.hook("reproduced").innerText(), /Not asked again/);
      const [then, now] = [JSON.parse(text), await visit.report()];
      assert.deepEqual(now.heatmap, then.heatmap);
      assert.deepEqual(now.tokens, then.tokens);
      assert.equal(now.caption.source, "edited");
      assert.equal(await visit.hook("target-class").inputValue(), "healthy");
      assert.equal(await visit.hook("method-image").inputValue(), "layer_cam");
      assert.equal(await visit.hook("method-text").inputValue(), "leave_one_out");
      await visit.screenshot("wide-reproduced");
      await visit.hook("target-class").selectOption("AMD");
      await visit.hook("reproduced").waitFor({ state: "detached" });
      assert.deepEqual(visit.complaints, []);
    });
  });

  test("without its scan says which file to add, and takes it when it comes", async () => {
    const text = await site.visiting({}, async (visit) => {
      await visit.choose(drusen(NAME));
      await visit.answer();
      return (await saved(visit, "download-json")).text;
    });
    await site.visiting({}, async (visit) => {
      await visit.bring("drop", jsonFile(text));
      await visit.hook("scan-missing").waitFor();
      const said = await visit.hook("scan-missing").innerText();
      assert.ok(said.includes(JSON.parse(text).input.sha256.slice(0, 8)), said);
      await visit.choose(sampleFile(1));
      await visit.answer();
      assert.equal(await visit.hook("reproduced").count(), 0, "that is another scan");
      await visit.choose(drusen("again.png"));
      await done(visit).waitFor();
      assert.equal(await visit.attribute("reproduced", "data-same"), "true");
      assert.equal(await visit.hook("scan-missing").count(), 0);
    });
    const changed = JSON.parse(text);
    changed.heatmap.values[3] += 1e-6;
    changed.model.sha256 = changed.model.sha256.replace(/^./, (digit) => (digit === "0" ? "1" : "0"));
    await site.visiting({}, async (visit) => {
      await visit.choose([drusen("a.png"), jsonFile(JSON.stringify(changed))]);
      await done(visit).waitFor();
      assert.equal(await visit.attribute("reproduced", "data-same"), "false");
      assert.match(await visit.hook("reproduced").innerText(), /Other weights answer[^]*heatmap/);
      await visit.choose(jsonFile("{}", "other.json"));
      await visit.hook("error").waitFor();
      assert.match(await visit.hook("error").innerText(), /other\.json.*no report/s);
    });
  });
});
