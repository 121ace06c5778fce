// What a visitor can do with the built page, and what it does with a bad file or a bad host.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { DIST, defaultModel, host, plainUrl, sampleFile, samples } from "./page.mjs";
import { png } from "./png.mjs";
import { openSite } from "./site.mjs";

/** A longer frame is visible as a hitch; with a margin for a busy test machine. */
const MAX_FRAME_GAP_MS = 700;

const site = openSite();

function isProbability(text) {
  return text !== null && Number(text) >= 0 && Number(text) <= 1;
}

function isWeights(path) {
  return path.startsWith("weights/") && !path.endsWith("index.json");
}

/** Checks that the page shows a complete answer, and returns its report. */
async function assertAnswered(visit) {
  assert.equal(await visit.attribute("status", "data-phase"), "done");
  const report = await visit.report();
  for (const [hook, head] of [["image-prediction", report.image], ["text-prediction", report.text]]) {
    assert.equal(await visit.attribute(hook, "data-label"), head.label);
    const shown = await visit.attribute(hook, "data-probability");
    assert.ok(isProbability(shown), `${hook}: ${shown}`);
    assert.ok(Math.abs(Number(shown) - head.probabilities[head.label]) < 1e-3, `${hook}: ${shown}`);
  }
  assert.equal(await visit.attribute("agreement", "data-same-label"), String(report.agreement.same_label));
  assert.equal(await visit.attribute("caption", "data-source"), report.caption.source);
  const scores = await visit.hook("word").evaluateAll((words) => words.map((word) => Number(word.dataset.score)));
  assert.equal(scores.length, report.tokens.words.length);
  scores.forEach((score, i) => assert.ok(Math.abs(score - report.tokens.words[i].score) < 1e-4, `word ${i}`));
  return report;
}

describe("a visit", () => {
  let visit;
  before(async () => {
    visit = await site.visit();
  });
  after(() => visit?.close());

  test("there are at least six samples and each is answered", async () => {
    assert.ok(samples().length >= 6);
    assert.equal(await visit.hook("sample").count(), samples().length);
    const labels = new Set();
    for (const [i, { file }] of samples().entries()) {
      await visit.sample(i);
      const report = await assertAnswered(visit);
      assert.equal(report.input.name, file);
      labels.add(report.image.label);
    }
    assert.ok(labels.size > 1, "the samples all look the same to the model");
  });

  test("the heatmap is painted over exactly the scan", async () => {
    await visit.sample(0);
    const [report, overlay] = [await visit.report(), await visit.overlay()];
    assert.ok(overlay.nShades > 16, `the overlay holds ${overlay.nShades} shades`);
    const box = await visit.hook("overlay").boundingBox();
    const ratio = report.input.width / report.input.height;
    assert.ok(Math.abs(box.width / box.height / ratio - 1) < 0.01, `${box.width} × ${box.height}`);
    const { rows, cols, values, region } = report.heatmap;
    assert.equal(values.length, rows * cols);
    assert.ok(values.every((value) => value >= 0 && value <= 1));
    assert.ok(region[0] + region[2] <= report.input.width + 1 && region[1] + region[3] <= report.input.height + 1);
  });

  test("a report is octlens.report/1 and names what was asked", async () => {
    const file = sampleFile(0, "my scan.png");
    await visit.choose(file);
    await visit.answer();
    const report = await assertAnswered(visit);
    assert.equal(report.schema, "octlens.report/1");
    assert.equal(report.model.sha256, defaultModel().sha256);
    assert.equal(report.input.name, "my scan.png");
    assert.equal(report.input.format, "png");
    for (const head of [report.image, report.text]) {
      const sum = Object.values(head.probabilities).reduce((a, b) => a + b);
      assert.ok(Math.abs(sum - 1) < 1e-4, `probabilities sum to ${sum}`);
      assert.equal(head.logits.length, Object.keys(head.probabilities).length);
    }
    assert.deepEqual(
      Object.keys(report.timings_ms).sort(),
      ["decode", "explain", "image_encoder", "preprocess", "text_encoder"],
    );
  });

  for (const kind of ["drop", "paste"]) {
    test(`a scan comes in by ${kind}`, async () => {
      await visit.bring(kind, sampleFile(1, `${kind}.png`));
      await visit.answer();
      assert.equal((await assertAnswered(visit)).input.name, `${kind}.png`);
    });
  }

  test("an edited caption is asked at once, and the retrieved one comes back", async () => {
    await visit.sample(0);
    const before = await visit.report();
    assert.equal(before.caption.source, "retrieved");
    const toggles = await visit.hook("lesion-toggle").all();
    assert.ok(toggles.length >= 9, `${toggles.length} findings can be ticked`);
    const unticked = [];
    for (const toggle of toggles) if (!(await toggle.isChecked())) unticked.push(toggle);
    const lesion = await unticked[0].getAttribute("data-lesion");
    await unticked[0].click();
    await visit.answer();
    const edited = await assertAnswered(visit);
    assert.equal(edited.caption.source, "edited");
    assert.ok(edited.caption.text.includes(lesion), edited.caption.text);
    assert.notDeepEqual(edited.text.logits, before.text.logits);
    assert.deepEqual(edited.image, before.image, "words change nothing in what the image says");
    await visit.hook("caption-reset").click();
    await visit.answer();
    const reset = await assertAnswered(visit);
    assert.deepEqual([reset.caption, reset.text], [before.caption, before.text]);
  });

  test("a typed caption is read; one that cannot be read is refused with the reason", async () => {
    await visit.sample(0);
    const lesion = await visit.hook("lesion-toggle").last().getAttribute("data-lesion");
    await visit.hook("caption-input").fill(lesion);
    await visit.hook("caption-apply").click();
    await visit.answer();
    const report = await assertAnswered(visit);
    assert.deepEqual([report.caption.source, report.caption.text], ["edited", lesion]);
    await visit.hook("caption-input").fill("a purple elephant");
    await visit.hook("caption-apply").click();
    await visit.hook("caption-error").waitFor();
    assert.equal(await visit.attribute("caption-error", "role"), "alert");
    assert.equal((await visit.report()).caption.text, lesion);
  });

  test("another class has other reasons", async () => {
    await visit.sample(0);
    const [before, painted] = [await visit.report(), await visit.overlay()];
    const other = Object.keys(before.image.probabilities).find((label) => label !== before.heatmap.target);
    await visit.hook("target-class").selectOption(other);
    await visit.answer();
    const report = await assertAnswered(visit);
    assert.deepEqual([report.heatmap.target, report.tokens.target], [other, other]);
    assert.deepEqual(report.image, before.image);
    assert.notDeepEqual(report.heatmap.values, before.heatmap.values);
    assert.notEqual((await visit.overlay()).digest, painted.digest);
  });

  test("words are scored by what they change, or the paper's way when asked to", async () => {
    const index = samples().findIndex(({ file }) => file === "drusen.png");
    await visit.sample(index);
    const before = await assertAnswered(visit);
    assert.deepEqual([before.tokens.method, before.tokens.target], ["shapley", "AMD"]);
    assert.equal(await visit.attribute("method-text", "data-method"), "shapley");
    const { words, sum } = before.tokens;
    assert.ok(words.every(({ score }) => score > 0), `drusen speak for AMD: ${JSON.stringify(words)}`);
    const added = words.reduce((all, word) => all + word.log_odds, 0);
    assert.ok(Math.abs(added - (sum.caption - sum.empty)) < 1e-2, `${added} of ${JSON.stringify(sum)}`);
    assert.ok((await visit.hook("score-meaning").innerText()).length > 50);
    await visit.hook("method-text").selectOption("gradient_x_activation");
    await visit.answer();
    const report = await assertAnswered(visit);
    assert.equal(await visit.attribute("method-text", "data-method"), "gradient_x_activation");
    assert.equal(report.tokens.method, "gradient_x_activation");
    assert.deepEqual([report.caption, report.text], [before.caption, before.text]);
    await visit.hook("method-text").selectOption("shapley");
    await visit.answer();
    assert.deepEqual((await assertAnswered(visit)).tokens, before.tokens);
  });

  test("the slider sets how much the heatmap covers", async () => {
    await visit.sample(0);
    for (const [percent, opacity] of [["20", 0.2], ["100", 1], ["0", 0]]) {
      await visit.hook("opacity").fill(percent);
      const shown = await visit.hook("overlay").evaluate((canvas) => Number(getComputedStyle(canvas).opacity));
      assert.ok(Math.abs(shown - opacity) < 0.01, `${percent} %: ${shown}`);
    }
    await visit.hook("opacity").fill("55");
  });

  test("the picture that is saved is a PNG", async () => {
    await visit.sample(0);
    const bytes = await visit.download("download-png");
    assert.equal(bytes.subarray(1, 4).toString("latin1"), "PNG");
    assert.ok(bytes.length > 10_000, `${bytes.length} bytes`);
  });

  test("the page speaks English and Korean, and remembers which", async () => {
    const says = () => visit.hook("status").innerText();
    const language = () => visit.page.locator("html").getAttribute("lang");
    const press = (tag) => visit.hook("language").locator(`[data-language="${tag}"]`).click();
    await visit.sample(0);
    await press("en");
    const english = await says();
    await press("ko");
    assert.equal(await language(), "ko");
    assert.match(await says(), /[\uac00-\ud7a3]/u);
    await visit.page.reload();
    await visit.phase("ready");
    assert.equal(await language(), "ko");
    await press("en");
    assert.match(english, /[a-z]/i);
    assert.equal(await language(), "en");
  });

  test("in Korean, classes, findings and errors are Korean too; what tests read stays as the model says it", async () => {
    const press = (tag) => visit.hook("language").locator(`[data-language="${tag}"]`).click();
    const hangul = /[\uac00-\ud7a3]/u;
    await visit.sample(samples().findIndex(({ file }) => file === "drusen.png"));
    await press("ko");
    const report = await assertAnswered(visit);
    for (const hook of ["image-prediction", "text-prediction"]) {
      const said = await visit.hook(hook).locator(".what").innerText();
      assert.match(said, hangul);
    }
    for (const option of await visit.hook("target-class").locator("option").all()) {
      assert.match(await option.innerText(), hangul);
      assert.ok((await option.getAttribute("value")) in report.image.probabilities);
    }
    for (const toggle of await visit.hook("lesion-toggle").all()) {
      assert.match(await toggle.locator("xpath=..").innerText(), hangul);
    }
    await visit.choose({ name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("drusen\n") });
    await visit.phase("failed");
    const reason = await visit.hook("error").locator("p").innerText();
    assert.match(reason, hangul);
    assert.doesNotMatch(reason, /save|picture|file is/);
    await visit.hook("caption-input").fill("a purple elephant");
    await visit.hook("caption-apply").click();
    assert.doesNotMatch(await visit.hook("caption-error").innerText(), /not a phrase/);
    assert.match(await visit.page.title(), hangul);
    assert.match(await visit.hook("limits").innerText(), hangul);
    await visit.screenshot("wide-korean-error");
    await press("en");
  });

  const good = sampleFile(0);
  const wrong = {
    "a text file": { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("drusen, as far as I can see\n") },
    "a text that is named a picture": { name: "scan.png", mimeType: "image/png", buffer: Buffer.from("no picture") },
    "an empty file": { name: "empty.png", mimeType: "image/png", buffer: Buffer.alloc(0) },
    "a PNG cut short": { ...good, name: "cut.png", buffer: good.buffer.subarray(0, good.buffer.length >> 1) },
    "a PNG without a pixel": { name: "none.png", mimeType: "image/png", buffer: png(0, 10) },
    "a PNG 40,000 pixels wide": { name: "wide.png", mimeType: "image/png", buffer: png(40_000, 20) },
  };
  for (const [what, file] of Object.entries(wrong)) {
    test(`${what} is refused with a reason, and the next scan is answered`, async () => {
      await visit.choose(file);
      assert.equal(await visit.phase("done", "failed"), "failed");
      const error = visit.hook("error");
      assert.ok(await error.isVisible());
      assert.equal(await error.getAttribute("role"), "alert");
      const reason = await error.innerText();
      assert.ok(reason.length > file.name.length + 15, reason);
      assert.doesNotMatch(reason, /panic|unreachable|undefined|\[object/i);
      await visit.choose(sampleFile(1, "after.png"));
      await visit.answer();
      assert.equal((await assertAnswered(visit)).input.name, "after.png");
      assert.equal(await error.count(), 0, "the old error still stands");
    });
  }

  test("of two scans in a hurry, the last one is shown", async () => {
    await visit.hook("sample").nth(0).click();
    await visit.hook("sample").nth(1).click();
    await visit.answer();
    assert.equal((await assertAnswered(visit)).input.name, samples()[1].file);
  });

  test("a sample that is listed is shown, with what was asked about it, and not listed twice", async () => {
    await visit.sample(0);
    const other = await visit.hook("target-class").locator("option:not(:checked)").first().getAttribute("value");
    await visit.hook("target-class").selectOption(other);
    await visit.answer();
    await visit.sample(1);
    const listed = await visit.hook("scan").count();
    await visit.hook("sample").nth(0).click();
    await visit.answer();
    assert.equal(await visit.hook("scan").count(), listed);
    const report = await assertAnswered(visit);
    assert.deepEqual([report.input.name, report.heatmap.target], [samples()[0].file, other]);
  });

  test("the page keeps drawing while the worker answers", async () => {
    await visit.page.evaluate(() => {
      window.gaps = [];
      let last = performance.now();
      const tick = (now) => {
        window.gaps.push(now - last);
        last = now;
        if (window.gaps) requestAnimationFrame(tick);
      };
      requestAnimationFrame(tick);
    });
    await visit.choose([0, 1, 2, 3, 4, 5].map((i) => sampleFile(i)));
    await visit.answer();
    const longest = await visit.page.evaluate(() => {
      const { gaps } = window;
      window.gaps = null;
      return Math.max(...gaps);
    });
    assert.ok(longest < MAX_FRAME_GAP_MS, `a frame came ${longest.toFixed(0)} ms late`);
  });

  test("nothing was asked of any other place, and the console holds no error", () => {
    const elsewhere = visit.requests.filter((url) => !url.startsWith(site.server.url) && !/^(blob|data):/.test(url));
    assert.deepEqual(elsewhere, []);
    assert.deepEqual(visit.complaints, []);
  });
});

describe("how it looks", () => {
  for (const [width, height, size] of [[1440, 900, "wide"], [390, 844, "narrow"]]) {
    for (const colorScheme of ["dark", "light"]) {
      test(`${size} and ${colorScheme}, everything has its place`, () =>
        site.visiting({ viewport: { width, height }, colorScheme }, async (visit) => {
          await visit.screenshot(`${size}-${colorScheme}-ready`);
          await visit.sample(0);
          await visit.screenshot(`${size}-${colorScheme}-done`);
          const overflow = await visit.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          assert.ok(overflow <= 0, `the page is ${overflow} px too wide`);
          for (const hook of ["image-prediction", "text-prediction", "overlay", "caption", "file-input"]) {
            assert.equal(await visit.hook(hook).count(), 1, hook);
          }
        }));
    }
  }
});

describe("many scans", () => {
  test("eight and eight more stay listed, come back when they are looked at, and go when they are removed", async () => {
    const batch = (start) => Array.from({ length: 8 }, (_, i) => sampleFile(i % 4, `${start + i}.png`));
    const twins = (bytes) => {
      const index = JSON.parse(bytes.toString("utf8"));
      const model = index.models.find((entry) => entry.default);
      return Buffer.from(JSON.stringify({ models: [model, { ...model, default: false, name: "twin", title: "Twin" }] }));
    };
    const own = await host({ change: (path, bytes) => (path.endsWith("weights/index.json") ? twins(bytes) : bytes) });
    await site.visiting({ url: own.url }, async (visit) => {
      const listed = () => visit.hook("scan").evaluateAll((scans) => scans.map((scan) => scan.title));
      for (const start of [0, 8]) {
        await visit.choose(batch(start));
        await visit.answer();
      }
      const order = [...batch(8), ...batch(0)].map(({ name }) => name);
      assert.deepEqual(await listed(), order);
      // The pixels of the first ones were released; they are read from their files again.
      // Until then nothing can be asked about the one that is still shown.
      const inert = await visit.page.evaluate(async () => {
        document.querySelector('[data-testid="scan"][title="1.png"]').click();
        await new Promise((resolve) => setTimeout(resolve));
        return ["aside", ".tools"].map((part) => document.querySelector(part).inert);
      });
      assert.deepEqual(inert, [true, true]);
      await visit.answer();
      assert.equal(await visit.page.locator("[inert]").count(), 0);
      const before = await assertAnswered(visit);
      assert.equal(before.input.name, "1.png");
      assert.ok((await visit.overlay("scan-canvas")).nShades > 16);
      await visit.switchModel("twin");
      await visit.answer();
      const after = await assertAnswered(visit);
      assert.deepEqual([after.input, after.image], [before.input, before.image]);
      assert.deepEqual(await listed(), order);
      const isAnswered = (badges) => badges.map((badge) => !badge.classList.contains("pending"));
      const answered = await visit.hook("scan").locator("em").evaluateAll(isAnswered);
      assert.deepEqual([answered.length, answered.filter(Boolean).length], [16, 12]);
      await visit.screenshot("wide-many-scans");
      await visit.hook("scan").last().focus();
      await visit.page.keyboard.press("Delete");
      assert.equal(await visit.page.evaluate(() => document.activeElement.title), order.at(-2));
      const pressH = async (hook) => {
        await visit.hook(hook).last().focus();
        await visit.page.keyboard.press("h");
        return visit.hook("show-heat").getAttribute("aria-pressed");
      };
      // In a select of the viewer too: there the letter would choose another map unseen.
      for (const [hook, isOn] of [["scan", "false"], ["method-image", "true"], ["scan", "false"]]) {
        assert.equal(await pressH(hook), isOn);
      }
      await visit.hook("scan-remove").first().click();
      assert.deepEqual(await listed(), order.slice(1, -1));
      assert.equal((await visit.report()).input.name, "1.png");
      assert.deepEqual(visit.complaints, []);
    });
    await own.close();
  });
});

describe("several models", () => {
  test("another one is asked about the same scans, and one that cannot be loaded loses none", async () => {
    const list = (bytes) => {
      const index = JSON.parse(bytes.toString("utf8"));
      const model = { ...index.models.find((entry) => entry.default), default: false };
      const twin = { ...model, name: "twin", title: "Twin" };
      const broken = { ...model, name: "broken", title: "Broken", file: "broken.safetensors" };
      return Buffer.from(JSON.stringify({ ...index, models: [...index.models, twin, broken] }));
    };
    const own = await host({ change: (path, bytes) => (path.endsWith("weights/index.json") ? list(bytes) : bytes) });
    await site.visiting({ url: own.url }, async (visit) => {
      await visit.choose([sampleFile(0, "first.png"), sampleFile(1, "second.png")]);
      await visit.answer();
      await visit.page.getByRole("button", { name: "second.png" }).click();
      const before = await visit.report();
      for (const [name, phase] of [["twin", "done"], ["broken", "failed"], ["twin", "done"]]) {
        await visit.switchModel(name);
        assert.equal(await visit.phase("done", "failed"), phase, name);
      }
      const after = await visit.report();
      assert.equal(await visit.hook("scan").count(), 2);
      assert.deepEqual([after.input, after.image], [before.input, before.image]);
    });
    await own.close();
  });
});

describe("good and bad hosts", () => {
  test("the weights come with byte-accurate progress", async () => {
    const slow = await host({ isSlow: isWeights });
    const watch = (context) =>
      context.addInitScript(() => {
        window.seen = [];
        setInterval(() => {
          const bar = document.querySelector('[data-testid="progress"]');
          const value = bar?.getAttribute("aria-valuenow");
          if (value !== undefined && value !== null && value !== window.seen.at(-1)) window.seen.push(value);
        }, 5);
      });
    await site.visiting({ url: slow.url, prepare: watch }, async (visit) => {
      const seen = (await visit.page.evaluate(() => window.seen)).map(Number);
      assert.ok(seen.length >= 4, `progress showed ${seen}`);
      assert.deepEqual(seen, seen.toSorted((a, b) => a - b));
      assert.ok(seen.at(-1) <= 100);
    });
    await slow.close();
  });

  test("once loaded, the page answers without a host, and the next visit fetches no weights", async () => {
    const own = await host();
    await site.visiting({ url: own.url }, async (visit) => {
      assert.equal(own.asked.filter(isWeights).length, 1);
      await visit.page.reload();
      await visit.phase("ready");
      assert.equal(own.asked.filter(isWeights).length, 1, "the weights were kept");
      await own.close();
      await visit.choose(sampleFile(0));
      await visit.answer();
      await assertAnswered(visit);
    });
  });

  test("where the browser has no cache, the network serves", async () => {
    await site.visiting({ url: plainUrl(site.server.url) }, async (visit) => {
      assert.equal(await visit.page.evaluate(() => isSecureContext), false);
      await visit.sample(0);
      await assertAnswered(visit);
      assert.deepEqual(visit.complaints, []);
    });
  });

  test("a full cache does no harm", async () => {
    const fill = async (context, page) => {
      const devtools = await context.newCDPSession(page);
      await devtools.send("Storage.overrideQuotaForOrigin", { origin: new URL(site.server.url).origin, quotaSize: 10_000 });
    };
    await site.visiting({ prepare: fill }, async (visit) => {
      await visit.sample(0);
      await assertAnswered(visit);
    });
  });

  const damages = {
    "one byte altered": (bytes) => {
      bytes[bytes.length >> 1] ^= 1;
      return bytes;
    },
    "the end missing": (bytes) => bytes.subarray(0, bytes.length - 1000),
    "no file at all": () => null,
  };
  for (const [what, damage] of Object.entries(damages)) {
    test(`weights with ${what} are refused by name`, async () => {
      const bad = await host({ change: (path, bytes) => (isWeights(path) ? damage(bytes) : bytes) });
      await site.visiting({ url: bad.url, until: ["failed", "ready"] }, async (visit) => {
        assert.equal(await visit.attribute("status", "data-phase"), "failed");
        const reason = await visit.hook("error").innerText();
        assert.ok(reason.includes(defaultModel().file), reason);
      });
      await bad.close();
    });
  }

  test("the built site names no address but its own", async () => {
    const { readFileSync, readdirSync } = await import("node:fs");
    const texts = readdirSync(DIST).filter((file) => /\.(html|js|css)$/.test(file));
    assert.ok(texts.includes("index.html"));
    for (const file of texts) {
      const urls = readFileSync(`${DIST}/${file}`, "utf8").match(/(?:src|href|url)\s*[=(]\s*["']?(?:https?:)?\/[^"')\s>]*/g);
      assert.deepEqual(urls, null, `${file} names ${urls}`);
    }
  });
});
