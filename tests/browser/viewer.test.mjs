// How a scan is looked at: zoom, greys, heat, comparison, lines, loupe, keys; by mouse, keys and fingers. On drawn scans.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { withScale } from "./made_up.mjs";
import { BROWSERS, Visit, host, launch, noisePicture, sampleFile, samples } from "./page.mjs";

/** A part of the sample `fluid.png` that can be seen whole when it is enlarged: x, y, width, height in scan pixels. */
const REGION = [200, 180, 200, 120];
/** A pointer has whole pixels: so far from it can a place on the scan be, in pixels of the page. */
const POINTER_PX = 1.5;
const UM_PER_PIXEL = [10, 4];

let server;
before(async () => (server = await host()));
after(() => server?.close());

/** A browser for the tests that are registered next, and visits of the page in it. */
function openBrowser(name) {
  const site = {
    async visiting(options, steps) {
      const visit = await Visit.start(site.browser, server.url, options);
      try {
        await visit.choose(fluid());
        await visit.answer();
        await steps(visit);
        assert.deepEqual(visit.complaints, []);
      } finally {
        await visit.close();
      }
    },
  };
  before(async () => (site.browser = await launch(name)));
  after(() => site.browser?.close());
  return site;
}

const fluid = (name) => sampleFile(samples().findIndex(({ file }) => file === "fluid.png"), name);

/** The pixels of a canvas, as a digest. */
const digest = async (visit, hook) => (await visit.overlay(hook)).digest;

const zoom = async (visit) => Number(await visit.attribute("plane", "data-zoom"));

/** Where a share of the scan is on the page. */
async function pageOf(visit, [x, y]) {
  const box = await visit.hook("plane").boundingBox();
  return [box.x + x * box.width, box.y + y * box.height];
}

/** Which share of the scan is at a place of the page. */
async function shareAt(visit, [x, y]) {
  const box = await visit.hook("plane").boundingBox();
  return [(x - box.x) / box.width, (y - box.y) / box.height];
}

async function drag(visit, from, to, options) {
  const { mouse } = visit.page;
  await mouse.move(...from);
  await mouse.down(options);
  await mouse.move((from[0] + to[0]) / 2, (from[1] + to[1]) / 2);
  await mouse.move(...to);
  await mouse.up(options);
}

async function wheel(visit, at, turn) {
  const before = await zoom(visit);
  await visit.page.mouse.move(...at);
  await visit.page.mouse.wheel(0, turn);
  await visit.page.waitForFunction(
    (before) => Number(document.querySelector('[data-testid="plane"]').dataset.zoom) !== before,
    before,
  );
}

/** The place that is at `at` is within a pointer's precision of where it was. */
async function assertStays(visit, at, before) {
  const after = await pageOf(visit, before);
  assert.ok(after.every((place, axis) => Math.abs(place - at[axis]) < POINTER_PX), `${at} is now at ${after}`);
}

/** The pixels of the scan, grey. */
const greys = (visit) =>
  visit.hook("scan-canvas").evaluate((canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return [...data].filter((_, i) => i % 4 === 0);
  });

for (const name of BROWSERS) {
  describe(`in ${name}`, () => {
    const site = openBrowser(name);

    test("the wheel zooms at the pointer, drags move the scan, keys and buttons do the same", () =>
      site.visiting({}, async (visit) => {
        assert.equal(await zoom(visit), 1);
        // Pointers are told in whole pixels.
        const at = (await pageOf(visit, [0.7, 0.3])).map(Math.round);
        const place = await shareAt(visit, at);
        await wheel(visit, at, -200);
        assert.ok((await zoom(visit)) > 1.2);
        await assertStays(visit, at, place);
        await wheel(visit, at, -400);
        await wheel(visit, at, -400);
        await assertStays(visit, at, place);
        const to = [at[0] - 60, at[1] + 25];
        await drag(visit, at, to);
        await assertStays(visit, to, place);
        await visit.page.keyboard.press("0");
        assert.equal(await zoom(visit), 1);
        await visit.page.keyboard.press("+");
        await visit.page.keyboard.press("+");
        assert.ok(Math.abs((await zoom(visit)) - 1.5625) < 1e-3);
        const before = await pageOf(visit, [0.5, 0.5]);
        await visit.page.keyboard.press("Shift+ArrowRight");
        assert.ok((await pageOf(visit, [0.5, 0.5]))[0] < before[0] - 10, "further right is seen");
        await visit.page.keyboard.press("1");
        const [columns, width] = [
          await visit.hook("scan-canvas").evaluate((canvas) => canvas.width),
          (await visit.hook("plane").boundingBox()).width,
        ];
        assert.ok(Math.abs(columns - width) < 1, `${columns} pixels are ${width} wide`);
        await visit.hook("fit").click();
        assert.equal(await zoom(visit), 1);
        assert.equal(await visit.attribute("fit", "aria-pressed"), "true");
        await visit.hook("zoom-in").click();
        assert.ok((await zoom(visit)) > 1);
      }));

    test("a region that is drawn on an enlarged scan is hidden where it was drawn", () =>
      site.visiting({}, async (visit) => {
        const { input } = await visit.report();
        const [x, y, width, height] = REGION;
        const share = (px, py) => [px / input.width, py / input.height];
        const middle = await pageOf(visit, share(x + width / 2, y + height / 2));
        await wheel(visit, middle, -240);
        await visit.hook("hide-region").click();
        await visit.hook("hide-area").waitFor();
        await drag(visit, await pageOf(visit, share(x, y)), await pageOf(visit, share(x + width, y + height)));
        await visit.hook("hidden-card").waitFor();
        await visit.answer();
        const { hidden } = await visit.report();
        hidden.regions[0].forEach((value, i) => assert.ok(Math.abs(value - REGION[i]) < 2, `${hidden.regions[0]}`));
        // It is seen there, too, wherever the scan is moved.
        await visit.page.keyboard.press("-");
        const box = await visit.hook("hidden-region").boundingBox();
        const corner = await shareAt(visit, [box.x, box.y]);
        share(x, y).forEach((value, axis) => assert.ok(Math.abs(value - corner[axis]) < 0.01, `${corner}`));
      }));

    test("the sheet of keys opens by its key, keeps the focus and closes by Escape", () =>
      site.visiting({}, async (visit) => {
        const sheet = visit.hook("keys-sheet");
        assert.ok(!(await sheet.isVisible()));
        await visit.hook("keys").focus();
        await visit.page.keyboard.press("?");
        assert.ok(await sheet.isVisible());
        for (let i = 0; i < 4; i++) {
          await visit.page.keyboard.press("Tab");
          const isOutside = await sheet.evaluate((sheet) => {
            const { activeElement } = document;
            return activeElement !== document.body && !sheet.contains(activeElement);
          });
          assert.ok(!isOutside, "the focus is on the page below");
        }
        const heat = await visit.attribute("overlay", "data-shown");
        await visit.page.keyboard.press("h");
        assert.equal(await visit.attribute("overlay", "data-shown"), heat, "keys of the page below do nothing");
        if (name === "chromium") await visit.screenshot("wide-keys");
        await visit.page.keyboard.press("Escape");
        assert.ok(!(await sheet.isVisible()));
        assert.equal(await visit.page.evaluate(() => document.activeElement.dataset.testid), "keys");
        await visit.hook("language").locator('[data-language="ko"]').click();
        await visit.hook("keys").click();
        assert.match(await sheet.innerText(), /확대와 축소/u);
        await visit.hook("keys-close").click();
        assert.ok(!(await sheet.isVisible()));
      }));
  });
}

describe("in detail", () => {
  const site = openBrowser("chromium");

  test("greys change by drag, keys and sliders, and come back", () =>
    site.visiting({}, async (visit) => {
      const plain = await greys(visit);
      await visit.page.keyboard.press("i");
      assert.deepEqual(await greys(visit), plain.map((grey) => 255 - grey));
      await visit.page.keyboard.press("i");
      await visit.page.keyboard.press("w");
      assert.equal(await visit.attribute("surface", "data-tool"), "window");
      const middle = await pageOf(visit, [0.5, 0.5]);
      await drag(visit, middle, [middle[0] - 120, middle[1] - 40]);
      const changed = await greys(visit);
      assert.ok(changed.filter((grey) => grey === 255).length > plain.filter((grey) => grey === 255).length);
      await visit.hook("surface").focus();
      await visit.page.keyboard.press("ArrowDown");
      assert.notDeepEqual(await greys(visit), changed);
      await visit.page.keyboard.press("r");
      assert.deepEqual(await greys(visit), plain);
      await visit.hook("display-panel").locator("summary").click();
      await visit.hook("width").fill("40");
      assert.notDeepEqual(await greys(visit), plain);
      await visit.screenshot("wide-display");
      await visit.hook("level").focus();
      await visit.page.keyboard.press("Escape");
      assert.ok(!(await visit.hook("level").isVisible()));
      assert.equal(await visit.attribute("surface", "data-tool"), "window", "Escape has closed the panel only");
    }));

  test("a scan is seen as it was left when it is returned to", () =>
    site.visiting({}, async (visit) => {
      await visit.page.keyboard.press("+");
      await visit.page.keyboard.press("i");
      await visit.page.keyboard.press("m");
      const left = [await zoom(visit), await visit.attribute("surface", "data-tool"), await digest(visit, "scan-canvas")];
      await visit.choose(sampleFile(1, "other.png"));
      await visit.answer();
      assert.deepEqual([await zoom(visit), await visit.attribute("surface", "data-tool")], [1, "move"]);
      await visit.page.locator('[data-testid="scan"][title="fluid.png"]').click();
      await visit.answer();
      const found = [await zoom(visit), await visit.attribute("surface", "data-tool"), await digest(visit, "scan-canvas")];
      assert.deepEqual(found, left);
    }));

  test("heat without opacity is left by its key, and a letter on a select chooses nothing", () =>
    site.visiting({}, async (visit) => {
      const opacity = () => visit.hook("overlay").evaluate((canvas) => Number(getComputedStyle(canvas).opacity));
      await visit.hook("opacity").fill("30");
      await visit.hook("opacity").fill("0");
      assert.equal(await opacity(), 0);
      await visit.page.keyboard.press("h");
      assert.equal(await opacity(), 0.3);
      await visit.page.keyboard.press("h");
      assert.equal(await opacity(), 0);
      const target = visit.hook("target-class");
      const chosen = await target.inputValue();
      await target.focus();
      await visit.page.keyboard.press("h");
      assert.equal(await target.inputValue(), chosen);
      assert.equal(await opacity(), 0.3, "the key does what it does everywhere");
      assert.ok(!(await visit.hook("heat-scale").isVisible()) || (await visit.hook("heat-scale").locator("option").count()) > 1);
    }));

  test("heat has a threshold, palettes and outlines, and a bar with numbers", () =>
    site.visiting({}, async (visit) => {
      // So that some of the map is above any threshold.
      await visit.hook("heat-scale").selectOption("relative");
      const bar = visit.hook("colour-bar");
      const colours = () => bar.locator("i").evaluate((bar) => getComputedStyle(bar).backgroundImage);
      assert.deepEqual(await bar.locator("li").allInnerTexts(), ["1", ".75", ".5", ".25", "0"]);
      const [standard, painted] = [await colours(), await digest(visit, "overlay")];
      await visit.hook("display-panel").locator("summary").click();
      await visit.hook("palette").selectOption("cividis");
      assert.notEqual(await colours(), standard);
      assert.notEqual(await digest(visit, "overlay"), painted);
      await visit.hook("palette").selectOption("standard");
      assert.equal(await digest(visit, "overlay"), painted);
      const covered = () =>
        visit.hook("overlay").evaluate((canvas) => {
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          return data.filter((value, i) => i % 4 === 3 && value > 0).length;
        });
      const all = await covered();
      await visit.hook("threshold").fill("50");
      const above = await covered();
      assert.ok(above > 0 && above < all, `${above} of ${all}`);
      assert.match(await bar.innerText(), /from \.50/);
      await visit.hook("threshold").fill("0");
      await visit.page.keyboard.press("Escape");
      await visit.page.keyboard.press("o");
      assert.equal(await visit.attribute("overlay", "data-form"), "outlines");
      const paths = visit.hook("outlines").locator("path:not(.halo)");
      assert.equal(await paths.count(), 3);
      const width = () => paths.nth(1).evaluate((path) => path.getBoundingClientRect().width);
      const wide = await width();
      await visit.page.keyboard.press("+");
      assert.ok(Math.abs((await width()) / wide - 1.25) < 0.05, "outlines are enlarged with the scan");
      await visit.screenshot("wide-outlines");
      const saved = await visit.download("download-png");
      assert.ok(saved.length > 1000);
      await visit.page.keyboard.press("o");
      assert.equal(await visit.hook("outlines").count(), 0);
    }));

  test("a kept map is seen beside another, under a curtain and as one of two outlines", () =>
    site.visiting({}, async (visit) => {
      await visit.hook("compare-panel").locator("summary").click();
      await visit.hook("layout").selectOption("scan-beside");
      assert.match(await visit.hook("beside-caption").innerText(), /without a map/);
      assert.equal((await visit.overlay("beside-overlay")).nShades, 1, "the scan stands alone");
      const own = await digest(visit, "overlay");
      await visit.hook("keep-map").click();
      assert.match(await visit.hook("kept").innerText(), /GradCAM/);
      assert.equal(await digest(visit, "beside-overlay"), own);
      await visit.hook("method-image").selectOption("eigen_cam");
      await visit.answer();
      assert.notEqual(await digest(visit, "overlay"), own);
      assert.equal(await digest(visit, "beside-overlay"), own);
      const [left, right] = [await visit.hook("beside-overlay").boundingBox(), await visit.hook("overlay").boundingBox()];
      assert.ok(left.x + left.width <= right.x && Math.abs(left.width - right.width) < 1);
      await visit.screenshot("wide-kept-beside");

      await visit.hook("layout").selectOption("kept-swipe");
      assert.equal(await digest(visit, "kept-overlay"), own);
      const clip = (hook) => visit.hook(hook).evaluate((canvas) => getComputedStyle(canvas).clipPath);
      assert.deepEqual([await clip("kept-overlay"), await clip("overlay")], ["inset(0px 50% 0px 0px)", "inset(0px 0px 0px 50%)"]);
      await visit.hook("curtain").focus();
      await visit.page.keyboard.press("Home");
      assert.equal(await clip("overlay"), "inset(0px 0px 0px 0%)");
      const box = await visit.hook("surface").boundingBox();
      const handle = await visit.hook("curtain").boundingBox();
      const grip = [handle.x + handle.width / 2, handle.y + handle.height / 2];
      await drag(visit, grip, [box.x + box.width / 4, grip[1]]);
      assert.ok(Math.abs(Number(await visit.attribute("curtain", "aria-valuenow")) - 25) <= 1);
      await visit.screenshot("wide-swipe");

      await visit.hook("layout").selectOption("outlines");
      assert.equal(await visit.hook("outlines").count(), 2);
      const strokes = await visit.hook("outlines").locator("path:not(.halo)").evaluateAll((all) => all.map((path) => path.style.stroke));
      assert.equal(new Set(strokes).size, 2);
      await visit.hook("drop-kept").click();
      assert.equal(await visit.hook("outlines").count(), 0);
      assert.equal(await visit.page.locator(".panes").getAttribute("data-layout"), "single");
    }));

  test("two findings are outlines of two colours on one picture", () =>
    site.visiting({}, async (visit) => {
      const findings = visit.page.locator('[data-testid="word"][data-finding]');
      const show = async (word) => {
        await word.click();
        await visit.hook("finding-map").waitFor();
        await visit.answer();
      };
      await show(findings.first());
      const first = await findings.first().getAttribute("data-finding");
      await visit.page.keyboard.press("k");
      await visit.page.locator('[data-testid="finding-choice"][data-map="local"]').click();
      await visit.hook("compare-panel").locator("summary").click();
      await visit.hook("layout").selectOption("outlines");
      await visit.page.keyboard.press("Escape");
      const legend = await visit.hook("compare-legend").innerText();
      assert.equal(legend.split(first).length - 1, 2, legend);
      assert.equal(await visit.hook("outlines").count(), 2);
      await visit.screenshot("wide-two-outlines");
      await visit.page.keyboard.press("h");
      assert.equal(await visit.hook("outlines").count(), 0);
    }));

  test("lines are measured by mouse and by keys, in pixels and said so, or in µm", async () => {
    const measure = async (visit) => {
      await visit.page.keyboard.press("m");
      await drag(visit, await pageOf(visit, [0.25, 0.5]), await pageOf(visit, [0.75, 0.5]));
      return visit.hook("measured").first();
    };
    await site.visiting({}, async (visit) => {
      const { input } = await visit.report();
      const line = await measure(visit);
      assert.equal(await line.getAttribute("data-unit"), "px");
      assert.ok(Math.abs(Number(await line.getAttribute("data-length")) - input.width / 2) < 3);
      assert.match(await visit.hook("no-scale").innerText(), /pixels/);
      await visit.page.keyboard.press("Enter");
      await visit.page.keyboard.press("Shift+ArrowRight");
      const draft = Number(await visit.attribute("measuring", "data-length"));
      assert.ok(Math.abs(draft - input.width * 0.21) < 1, `${draft}`);
      await visit.page.keyboard.press("Enter");
      assert.equal(await visit.hook("measured").count(), 2);
      await visit.page.keyboard.press("Delete");
      assert.equal(await visit.hook("measured").count(), 1);
      await visit.page.keyboard.press("Escape");
      assert.equal(await visit.attribute("surface", "data-tool"), "move");
      assert.equal(await visit.hook("measured").count(), 1, "lines stay");
    });
    const prepare = (context) => withScale(context, UM_PER_PIXEL);
    await site.visiting({ prepare }, async (visit) => {
      const { input } = await visit.report();
      const line = await measure(visit);
      assert.equal(await line.getAttribute("data-unit"), "um");
      const um = Number(await line.getAttribute("data-length"));
      assert.ok(Math.abs(um / (input.width * 0.5 * UM_PER_PIXEL[0]) - 1) < 0.01, `${um} µm`);
      assert.match(await line.innerText(), /µm$/);
      assert.equal(await visit.hook("no-scale").count(), 0);
      const bar = () => visit.page.locator(".um").first().innerText();
      const before = await bar();
      await visit.hook("fit").focus();
      for (let i = 0; i < 6; i++) await visit.page.keyboard.press("+");
      assert.notEqual(await bar(), before, "the bar is of what is seen");
      await visit.screenshot("wide-measure");
    });
  });

  test("the loupe shows what is below the pointer, larger", () =>
    site.visiting({}, async (visit) => {
      await visit.page.keyboard.press("l");
      await visit.page.mouse.move(...(await pageOf(visit, [0.5, 0.55])));
      await visit.page.mouse.move(...(await pageOf(visit, [0.6, 0.55])));
      await visit.hook("loupe").waitFor();
      const first = await visit.overlay("loupe");
      assert.ok(first.nShades > 16);
      await visit.screenshot("wide-loupe");
      await visit.hook("surface").focus();
      await visit.page.keyboard.press("ArrowLeft");
      assert.notEqual((await visit.overlay("loupe")).digest, first.digest);
      await visit.page.keyboard.press("Escape");
      assert.equal(await visit.hook("loupe").count(), 0);
    }));

  test("two fingers zoom, one moves the enlarged scan", () =>
    site.visiting({ hasTouch: true, viewport: { width: 390, height: 844 } }, async (visit) => {
      await visit.hook("plane").scrollIntoViewIfNeeded();
      const client = await visit.context.newCDPSession(visit.page);
      const touch = (type, points) =>
        client.send("Input.dispatchTouchEvent", { type, touchPoints: points.map(([x, y], id) => ({ x, y, id })) });
      const middle = (await pageOf(visit, [0.5, 0.5])).map(Math.round);
      const place = await shareAt(visit, middle);
      const fingers = (apart) => [[middle[0] - apart, middle[1]], [middle[0] + apart, middle[1]]];
      await touch("touchStart", fingers(30));
      for (const apart of [45, 60, 90]) await touch("touchMove", fingers(apart));
      await touch("touchEnd", []);
      assert.ok(Math.abs((await zoom(visit)) - 3) < 0.1, `${await zoom(visit)}`);
      await assertStays(visit, middle, place);
      await touch("touchStart", [middle]);
      await touch("touchMove", [[middle[0] - 20, middle[1]]]);
      await touch("touchMove", [[middle[0] - 40, middle[1]]]);
      await touch("touchEnd", []);
      await assertStays(visit, [middle[0] - 40, middle[1]], place);
      const overflow = await visit.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(overflow <= 0, `the page is ${overflow} px too wide`);
      await visit.screenshot("narrow-zoomed");
    }));

  test("nothing of a map is seen while its answer is folded", () =>
    site.visiting({}, async (visit) => {
      await visit.page.keyboard.press("k");
      await visit.choose(await noisePicture(visit));
      await visit.answer();
      await visit.hook("answer-fold").click();
      await visit.page.keyboard.press("o");
      await visit.page.keyboard.press("k");
      assert.equal(await visit.hook("outlines").count(), 0);
      assert.equal(await visit.hook("kept-overlay").count(), 0);
      assert.ok(await visit.hook("keep-map").isDisabled());
    }));

  test("where colours are forced, what is chosen is still told apart", () =>
    site.visiting({ forcedColors: "active" }, async (visit) => {
      const ground = (pressed) =>
        visit.page
          .locator(`[data-testid="tool"][aria-pressed="${pressed}"]`)
          .first()
          .evaluate((button) => getComputedStyle(button).backgroundColor);
      assert.notEqual(await ground(true), await ground(false));
      const bar = visit.hook("colour-bar").locator("i");
      assert.match(await bar.evaluate((bar) => getComputedStyle(bar).backgroundImage), /gradient/);
      await visit.screenshot("wide-forced-colours");
    }));

  for (const [width, height, size] of [[1440, 900, "wide"], [360, 740, "narrow"]]) {
    for (const colorScheme of ["dark", "light"]) {
      test(`${size} and ${colorScheme}, the tools have their place`, () =>
        site.visiting({ viewport: { width, height }, colorScheme }, async (visit) => {
          await visit.screenshot(`${size}-${colorScheme}-viewer`);
          for (const panel of ["display-panel", "compare-panel"]) {
            await visit.hook(panel).locator("summary").click();
            const overflow = await visit.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
            assert.ok(overflow <= 0, `${panel} is ${overflow} px too wide`);
            await visit.screenshot(`${size}-${colorScheme}-${panel}`);
            await visit.hook(panel).locator("summary").click();
          }
        }));
    }
  }
});
