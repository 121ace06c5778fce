// Drives the page through its data-testid hooks only. Shared by the tests and the benchmark.

import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium, firefox } from "playwright-core";

import { serve } from "./server.mjs";

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
export const DIST = process.env.OCTLENS_DIST ?? join(ROOT, "dist");
/** Where pictures and figures are written; ignored by git. */
export const OUT = join(ROOT, "target");
/** Not the root: the page must work from any path of a host. */
const SUB_PATH = "/some/where/octlens/";
/** Wide enough for a debug tool chain on a busy machine with two cores. */
export const PATIENCE_MS = 120_000;

/** A name of this machine that browsers do not treat as a secure context, so that there is no cache. */
const PLAIN_HOST = "plain.test";

/** What a promise of the page is tested in, beside Chromium. */
export const BROWSERS = ["chromium", "firefox"];

/** Starts a browser. */
export function launch(name = "chromium") {
  if (name === "firefox") {
    // Debian's Firefox, driven by WebDriver BiDi.
    return firefox.launch({ channel: "moz-firefox", executablePath: process.env.FIREFOX ?? "/usr/bin/firefox-esr" });
  }
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      `--host-resolver-rules=MAP ${PLAIN_HOST} 127.0.0.1`,
    ],
  });
}

/** Serves the built page, or `folder`, from below the root of a plain host. */
export function host({ folder = DIST, ...options } = {}) {
  return serve(folder, SUB_PATH, options);
}

/** The same host by a name that is no secure context. */
export function plainUrl(url) {
  return url.replace("127.0.0.1", PLAIN_HOST);
}

export function samples() {
  return JSON.parse(readFileSync(join(DIST, "samples", "index.json"), "utf8")).samples;
}

/** The file of a sample as Playwright takes files. */
export function sampleFile(index = 0, name = undefined) {
  const { file } = samples()[index];
  return { name: name ?? file, mimeType: "image/png", buffer: readFileSync(join(DIST, "samples", file)) };
}

export function models() {
  return JSON.parse(readFileSync(join(DIST, "weights", "index.json"), "utf8")).models;
}

export function defaultModel() {
  return models().find((model) => model.default) ?? models()[0];
}

/** One visit: a fresh profile, a tab, and what went wrong in it. */
export class Visit {
  /**
   * `prepare(context, page)` runs before the page loads; `until` are the phases one of which is waited for. A visitor who
   * `opensFolds` opens each answer that is folded behind its warning.
   */
  static async start(browser, url, { prepare, until = ["ready"], opensFolds = true, ...options } = {}) {
    const context = await browser.newContext({
      viewport: { width: 1440, height: 900 },
      locale: "en-GB",
      acceptDownloads: true,
      ...options,
    });
    const visit = new Visit();
    Object.assign(visit, { context, url, opensFolds, requests: [], complaints: [] });
    context.on("request", (request) => visit.requests.push(request.url()));
    visit.page = await context.newPage();
    visit.page.setDefaultTimeout(PATIENCE_MS);
    visit.page.on("console", (message) => {
      if (message.type() === "error") visit.complaints.push(message.text());
    });
    visit.page.on("pageerror", (error) => visit.complaints.push(String(error)));
    await prepare?.(context, visit.page);
    await visit.page.goto(url);
    await visit.phase(...until);
    return visit;
  }

  close() {
    return this.context.close();
  }

  hook(name) {
    return this.page.getByTestId(name);
  }

  /** The value of a hook's attribute. */
  attribute(name, attribute) {
    return this.hook(name).getAttribute(attribute);
  }

  /** Waits until the page is in one of `phases`, and returns that phase. */
  async phase(...phases) {
    const reached = await this.page.waitForFunction(
      (phases) => {
        const phase = document.querySelector('[data-testid="status"]')?.dataset.phase;
        return phases.includes(phase) ? phase : null;
      },
      phases,
      { timeout: PATIENCE_MS },
    );
    return reached.jsonValue();
  }

  /** Waits until the site is kept for use without its host. */
  kept() {
    return this.hook("offline-ready").waitFor({ timeout: PATIENCE_MS });
  }

  /** Waits for an answer; a failure is reported with the page's own words. */
  async answer() {
    if ((await this.phase("done", "failed")) === "failed") {
      throw new Error(`the page failed: ${await this.hook("error").innerText()}`);
    }
    if (this.opensFolds) await this.unfold();
  }

  /** Opens the answer, if it is folded behind its warning. */
  async unfold() {
    const fold = this.page.locator('[data-testid="answer-fold"][aria-expanded="false"]');
    if ((await fold.count()) > 0) await fold.click();
  }

  /** Opens a sample as if for the first time: one that is listed is taken off the list before. */
  async sample(index = 0) {
    const sample = this.hook("sample").nth(index);
    const scan = this.page.locator(`[data-testid="scan"][title="${await sample.getAttribute("data-file")}"]`);
    const listed = this.page.locator(".open-scan", { has: scan });
    while ((await listed.count()) > 0) await listed.first().getByTestId("scan-remove").click();
    await sample.click();
    await this.answer();
  }

  /** Chooses another model, and goes on where answers would be lost. */
  async switchModel(name) {
    await this.hook("model").selectOption(name);
    const yes = this.hook("ask-switch").getByTestId("ask-yes");
    if (await yes.isVisible()) await yes.click();
  }

  choose(file) {
    return this.hook("file-input").setInputFiles(file);
  }

  /** Sends a drop or a paste of a file, as the browser would. */
  async bring(kind, file) {
    await this.page.evaluate(
      ({ kind, name, type, bytes }) => {
        const data = new DataTransfer();
        data.items.add(new File([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], name, { type }));
        const zone = document.querySelector('[data-testid="drop-zone"]');
        if (kind === "paste") {
          document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true }));
          return;
        }
        for (const step of ["dragenter", "dragover", "drop"]) {
          zone.dispatchEvent(new DragEvent(step, { dataTransfer: data, bubbles: true, cancelable: true }));
        }
      },
      { kind, name: file.name, type: file.mimeType, bytes: file.buffer.toString("base64") },
    );
  }

  /** The report, as a visitor saves it who wants the file's name in it; without the note of when that was. */
  async report() {
    await this.hook("keep-name").check();
    const { saved, ...report } = await this.savedReport();
    return report;
  }

  /** The report, as a visitor saves it. */
  async savedReport() {
    const isFirefox = this.context.browser().browserType().name() === "firefox";
    const json = isFirefox ? await this.savedText("download-json") : await this.download("download-json");
    return JSON.parse(json.toString("utf8"));
  }

  /** The text of what a click on `hook` saves, where the browser tells its driver of no downloads. */
  savedText(hook) {
    return this.hook(hook).evaluate((button) => {
      const native = URL.createObjectURL;
      let saved;
      URL.createObjectURL = (blob) => native.call(URL, (saved = blob));
      button.click();
      URL.createObjectURL = native;
      return saved.text();
    });
  }

  /** The bytes of what a click on `hook` saves. */
  async download(hook) {
    const [download] = await Promise.all([this.page.waitForEvent("download"), this.hook(hook).click()]);
    return readFileSync(await download.path());
  }

  /** How a heatmap is painted: its size and how much its pixels differ. */
  overlay(hook = "overlay") {
    return this.hook(hook).evaluate((canvas) => {
      const { width, height } = canvas;
      const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
      const shades = new Set();
      let sum = 0;
      for (let i = 0; i < data.length; i += 4) {
        shades.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2] | (data[i + 3] << 24));
        sum = (sum * 31 + data[i] + 7 * data[i + 1] + 13 * data[i + 2] + 17 * data[i + 3]) % 1_000_003;
      }
      return { width, height, nShades: shades.size, digest: sum };
    });
  }

  async screenshot(name) {
    mkdirSync(join(OUT, "screenshots"), { recursive: true });
    await this.page.screenshot({ path: join(OUT, "screenshots", `${name}.png`) });
  }
}

/** A picture that no model knows: noise. */
export async function noisePicture(visit) {
  const data = await visit.page.evaluate(() => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [512, 496];
    const context = canvas.getContext("2d");
    const image = context.createImageData(canvas.width, canvas.height);
    let state = 1;
    for (let i = 0; i < image.data.length; i += 4) {
      state = (state * 48271) % 2147483647;
      image.data.fill(state % 256, i, i + 3);
      image.data[i + 3] = 255;
    }
    context.putImageData(image, 0, 0);
    return canvas.toDataURL("image/png").split(",")[1];
  });
  return { name: "noise.png", mimeType: "image/png", buffer: Buffer.from(data, "base64") };
}
