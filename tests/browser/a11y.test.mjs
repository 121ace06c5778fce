// Every state of the page is asked about by axe-core, in both themes and both languages: it finds nothing, of whatever impact.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";

import { faults } from "./axe.mjs";
import { makeUp } from "./made_up.mjs";
import { PATIENCE_MS, ROOT, defaultModel, host, models, noisePicture, sampleFile, samples } from "./page.mjs";
import { openSite } from "./site.mjs";

const site = openSite();

/** What depends on the theme alone. */
const OF_COLOURS = ["color-contrast", "link-in-text-block"];

const indexOf = (file) => samples().findIndex((sample) => sample.file === file);
const sample = (file, name) => sampleFile(indexOf(file), name);
const press = (visit, language) => visit.hook("language").locator(`[data-language="${language}"]`).evaluate((button) => button.click());

function volume(name) {
  const bytes = readFileSync(join(ROOT, "tests", "fixtures", "trials", "vol", "volume.vol"));
  return { name, mimeType: "", buffer: bytes };
}

/** Goes through the states, each a name and the steps to it, and asks about each in both themes and both languages. */
async function audit(visit, states) {
  const found = [];
  for (const [name, steps] of Object.entries(states)) {
    try {
      await steps();
    } catch (error) {
      throw new Error(`${name}: ${error.message}\n${found.join("\n")}`, { cause: error });
    }
    for (const [language, colorScheme, rules] of [["en", "dark"], ["en", "light", OF_COLOURS], ["ko", "light"], ["ko", "dark", OF_COLOURS]]) {
      await visit.page.emulateMedia({ colorScheme });
      await press(visit, language);
      for (const fault of await faults(visit.page, { rules })) found.push(`${name}, ${language}, ${colorScheme}: ${fault}`);
    }
    await press(visit, "en");
  }
  assert.equal(found.length, 0, `\n${found.join("\n")}`);
}

/** Without motion: a colour on its way to another is neither. */
const still = { reducedMotion: "reduce", opensFolds: false, prepare: (context) => makeUp(context, { hasFigures: true, frames: ["none", "unsure", "none", "unfamiliar", "none"] }) };

describe("axe-core finds nothing", () => {
  test("before and in an answer, however it is looked at", () =>
    site.visiting(still, async (visit) => {
      const word = visit.page.locator('[data-testid="word"][data-finding]').first();
      const panel = (name) => visit.hook(name).locator("summary").click();
      await audit(visit, {
        start: async () => {},
        answer: () => visit.sample(indexOf("fluid.png")),
        "all details": () => visit.page.locator("aside details").evaluateAll((all) => all.forEach((each) => (each.open = true))),
        "another class": async () => {
          await visit.hook("target-class").selectOption("healthy");
          await visit.answer();
        },
        "a finding on the map": async () => {
          await word.click();
          await visit.hook("finding-map").waitFor();
          await visit.answer();
        },
        "an edited caption": async () => {
          await visit.hook("caption-input").fill("a purple elephant");
          await visit.hook("caption-apply").click();
          await visit.page.locator('[data-testid="lesion-toggle"]').first().click();
          await visit.answer();
        },
        display: () => panel("display-panel"),
        comparison: async () => {
          await visit.page.keyboard.press("Escape");
          await panel("compare-panel");
          await visit.hook("keep-map").click();
          await visit.hook("layout").selectOption("kept-swipe");
        },
        "beside each other": async () => {
          await visit.hook("layout").selectOption("outlines");
          await visit.hook("layout").selectOption("scan-beside");
          await visit.page.keyboard.press("Escape");
        },
        "lengths and outlines": async () => {
          await visit.page.keyboard.press("m");
          await visit.hook("surface").last().focus();
          for (const key of ["Enter", "Shift+ArrowRight", "Enter", "o"]) await visit.page.keyboard.press(key);
        },
        loupe: async () => {
          await visit.page.keyboard.press("l");
          await visit.hook("surface").last().focus();
          await visit.page.keyboard.press("ArrowLeft");
        },
        "the sheet of keys": () => visit.page.keyboard.press("?"),
        "a region to hide": async () => {
          await visit.page.keyboard.press("Escape");
          await visit.page.keyboard.press("Escape");
          await visit.hook("layout").evaluate((select) => {
            select.value = "single";
            select.dispatchEvent(new Event("change", { bubbles: true }));
          });
          await visit.hook("hide-region").click();
          await visit.hook("hide-area").waitFor();
        },
        "a hidden region": async () => {
          const box = await visit.hook("hide-area").boundingBox();
          const { mouse } = visit.page;
          await mouse.move(box.x + box.width * 0.4, box.y + box.height * 0.4);
          await mouse.down();
          await mouse.move(box.x + box.width * 0.6, box.y + box.height * 0.6);
          await mouse.up();
          await visit.hook("hidden-card").waitFor();
          await visit.answer();
        },
        "a tested map": async () => {
          await visit.hook("faithfulness-toggle").click();
          await visit.page.locator('[data-testid="faithfulness"][data-phase="done"]').waitFor({ timeout: PATIENCE_MS });
        },
      });
      assert.deepEqual(visit.complaints, []);
    }));

  test("where an answer is doubtful, folded, refused or missing", () =>
    site.visiting(still, async (visit) => {
      const opened = (name) => async () => {
        await visit.choose(sample("drusen.png", name));
        await visit.answer();
      };
      await audit(visit, {
        unsure: opened("unsure.png"),
        "folded, unfamiliar": opened("unfamiliar.png"),
        "unfolded, unfamiliar": () => visit.unfold(),
        "folded, no scan": opened("not_a_scan.png"),
        "unfolded, no scan": () => visit.unfold(),
        "an empty map": opened("empty.png"),
        "a baseline": opened("baseline.png"),
        noise: async () => {
          await visit.choose(await noisePicture(visit));
          await visit.answer();
        },
        refused: async () => {
          await visit.choose({ name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("drusen\n") });
          await visit.phase("failed");
        },
        "a question": async () => {
          await visit.hook("model").selectOption(models().find(({ name }) => name !== defaultModel().name).name);
          await visit.hook("ask-switch").getByTestId("ask-no").waitFor();
        },
      });
    }));

  test("with many scans, in the film and in the table", () =>
    site.visiting(still, async (visit) => {
      const broken = { name: "bad.png", mimeType: "image/png", buffer: Buffer.from("no picture") };
      await audit(visit, {
        film: async () => {
          await visit.choose([sample("fluid.png", "a.png"), broken, volume("eye.vol"), sample("healthy.png", "b.png")]);
          await visit.phase("done", "failed");
          await visit.page.waitForFunction(() => document.querySelector('[data-testid="series-count"]').dataset.answered === "7");
        },
        table: () => visit.hook("series-open").click(),
        "nothing of this kind": () => visit.hook("series-filter").selectOption("waiting"),
        removed: async () => {
          await visit.hook("series-filter").selectOption("all");
          await visit.hook("remove-scan").last().click();
          await visit.hook("undo-remove").waitFor();
        },
        frame: async () => {
          await visit.hook("series-close").click();
          await visit.hook("frame").nth(3).click();
          await visit.page.locator('[data-testid="frame"][data-index="3"][aria-pressed="true"]').waitFor();
          await visit.answer();
        },
      });
    }));

  test("in a lecture", () =>
    site.visiting(still, async (visit) => {
      const vote = (name) => visit.page.locator(`[data-testid="vote"][data-vote="${name}"]`).click();
      await audit(visit, {
        panel: async () => {
          await visit.sample(indexOf("fluid.png"));
          await visit.hook("teach").click();
          await visit.hook("reveal").click();
        },
        definition: async () => {
          await visit.page.locator('[data-testid="word"][data-finding]').first().hover();
          await visit.hook("finding-definition").waitFor();
        },
        "case maker": async () => {
          await visit.hook("case-toggle").click();
          await visit.page.locator('[data-testid="case-panel"][data-phase="drawn"]').waitFor();
          await visit.answer();
        },
        votes: async () => {
          await visit.hook("guess-first").click();
          await vote("healthy");
          await vote("amd");
        },
        "votes and answer": () => visit.hook("guess-show").click(),
        tour: async () => {
          await visit.hook("guess-first").click();
          await visit.hook("tour").click();
          await visit.answer();
        },
        "tour, third step": async () => {
          await visit.hook("tour-next").click();
          await visit.hook("tour-next").click();
          await visit.answer();
        },
      });
    }));

  test("while the model loads, and where it cannot be loaded", async () => {
    let goOn;
    const held = new Promise((resolve) => (goOn = resolve));
    const change = async (path, bytes) => {
      if (!path.endsWith(defaultModel().file)) return bytes;
      await held;
      return null;
    };
    const own = await host({ change });
    try {
      await site.visiting({ ...still, url: own.url, until: ["loading"] }, (visit) =>
        audit(visit, {
          loading: () => visit.bring("drop", sample("fluid.png", "early.png")),
          "no model": async () => {
            goOn();
            await visit.phase("failed");
          },
        }),
      );
    } finally {
      goOn();
      await own.close();
    }
  });

  for (const language of ["en", "ko"]) {
    test(`in what is saved to be read, ${language}`, () =>
      site.visiting(still, async (visit) => {
        await press(visit, language);
        await visit.choose(sample("drusen.png", "unsure.png"));
        await visit.answer();
        const html = (await visit.download("download-report")).toString("utf8");
        const page = await visit.context.newPage();
        await page.setContent(html);
        assert.deepEqual(await faults(page), []);
      }));
  }
});
