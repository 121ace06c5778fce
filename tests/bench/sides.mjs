// The sides of the comparison: octlens's page, through its hooks, and another runtime in a page of its own.
// All return milliseconds measured in the browser.

import { Visit } from "../browser/page.mjs";

/** The build of the worker if the page does not name it. */
const ONLY_BUILD = "simd128";

/** Notes in the page when the model is first ready, in milliseconds since navigation. */
function noteReady() {
  const look = () => {
    const phase = document.querySelector('[data-testid="status"]')?.dataset.phase;
    if (phase === "ready") window.readyMs ??= performance.now();
  };
  const what = { subtree: true, childList: true, attributes: true, attributeFilter: ["data-phase"] };
  new MutationObserver(look).observe(document, what);
}

/** Opens `file` as soon as the model is ready, and notes when its report is there, in milliseconds since navigation. */
function answerOnce({ name, type, bytes }) {
  let isOpened = false;
  const look = () => {
    const phase = document.querySelector('[data-testid="status"]')?.dataset.phase;
    if (phase === "failed") window.firstAnswerMs ??= null;
    if (phase === "done") window.firstAnswerMs ??= performance.now();
    if (phase !== "ready" || isOpened) return;
    isOpened = true;
    const data = new DataTransfer();
    data.items.add(new File([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], name, { type }));
    const input = document.querySelector('[data-testid="file-input"]');
    input.files = data.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const what = { subtree: true, childList: true, attributes: true, attributeFilter: ["data-phase"] };
  new MutationObserver(look).observe(document, what);
}

/** Opens `file`, and returns milliseconds until its report is there. */
async function answerToFile({ name, type, bytes }) {
  const data = new DataTransfer();
  data.items.add(new File([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], name, { type }));
  const input = document.querySelector('[data-testid="file-input"]');
  const start = performance.now();
  input.files = data.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
  await window.answered();
  return performance.now() - start;
}

/** Types a caption and waits for its report. Within the page: a driver that looks at each frame would make the page draw them. */
async function answerToCaption(caption) {
  const input = document.querySelector('[data-testid="caption-input"]');
  input.value = caption;
  input.dispatchEvent(new Event("input", { bubbles: true }));
  // The button is enabled in the next task.
  await new Promise((resolve) => setTimeout(resolve));
  document.querySelector('[data-testid="caption-apply"]').click();
  await window.answered();
}

/** Gives the page a function that waits for the answer to what was just asked. */
function waitForAnswers() {
  window.answered = async () => {
    // The page turns to analyzing before the next task, so an old "done" is not taken for the new one.
    await new Promise((resolve) => setTimeout(resolve));
    const status = document.querySelector('[data-testid="status"]');
    await new Promise((resolve, reject) => {
      const look = () => {
        const { phase } = status.dataset;
        if (phase === "done") resolve();
        else if (phase === "failed") reject(new Error("the page refused what it was asked"));
      };
      new MutationObserver(look).observe(status, { attributes: true });
      look();
    });
  };
}

/** A file as scripts within a page take it. */
export function portable({ name, mimeType, buffer }) {
  return { name, type: mimeType, bytes: buffer.toString("base64") };
}

/** octlens's page, with the model that `host` lists as default. */
export class Octlens {
  /** `kernels` asks for a build of the worker; none for the one that the page chooses. */
  static async start(browser, host, kernels) {
    const octlens = new Octlens();
    octlens.host = host;
    octlens.visit = await Visit.start(browser, Octlens.url(host, kernels), {
      prepare: async (context) => {
        await context.addInitScript(noteReady);
        await context.addInitScript(waitForAnswers);
      },
    });
    octlens.build = (await octlens.visit.attribute("status", "data-kernels")) ?? ONLY_BUILD;
    return octlens;
  }

  static url(host, kernels) {
    return host.url + (kernels ? `?kernels=${kernels}` : "");
  }

  /** A first visit, until the report on `file` is on the page: { ms, close }. */
  static async firstAnswer(browser, host, kernels, file) {
    const prepare = (context) => context.addInitScript(answerOnce, portable(file));
    const visit = await Visit.start(browser, Octlens.url(host, kernels), { prepare, until: ["done", "failed"] });
    const ms = await visit.page.evaluate(() => window.firstAnswerMs);
    if (ms === null) throw new Error("the page refused the scan");
    return { ms, close: () => visit.close() };
  }

  close() {
    return this.visit.close();
  }

  /** From the file on the page to the report on the page; and the times of the steps in the report. */
  async analyze(file) {
    const answerMs = await this.visit.page.evaluate(answerToFile, portable(file));
    return { answer: answerMs, ...(await this.visit.report()).timings_ms };
  }

  /** The steps after a caption was typed for the scan that is shown. */
  async type(caption) {
    await this.visit.page.evaluate(answerToCaption, caption);
    const report = await this.visit.report();
    if (report.caption.text !== caption) throw new Error(`the page read "${report.caption.text}", not "${caption}"`);
    return report.timings_ms;
  }

  /** From navigation to ready, with the weights in the browser's cache. */
  async load() {
    const nAsked = this.host.asked.length;
    await this.visit.page.reload();
    await this.visit.phase("ready");
    const asked = this.host.asked.slice(nAsked).find((path) => path?.endsWith(".safetensors"));
    if (asked) throw new Error(`${asked} was fetched again: the browser's cache has no room for it`);
    return this.visit.page.evaluate(() => window.readyMs);
  }
}

/** A runtime of runtimes.mjs, with models of rn50_onnx.py or rn50_litert.py. */
export class Peer {
  static async start(browser, host, runtime, models) {
    const peer = await Peer.open(browser, host, runtime, models);
    await peer.load();
    await peer.page.evaluate(() => window.peer.stored);
    return peer;
  }

  static async open(browser, host, { runtime, threads, glue = "", isolated = false }, models) {
    const peer = new Peer();
    peer.context = await browser.newContext();
    peer.page = await peer.context.newPage();
    peer.page.on("pageerror", (error) => console.error(String(error)));
    peer.isolated = isolated;
    peer.url = `${host.url}bench/peer.html?${new URLSearchParams({ runtime, threads, glue, models: models.join() })}`;
    return peer;
  }

  /** A first visit, until each of `questions` [model, input] has been answered: { ms, close }. */
  static async firstAnswer(browser, host, runtime, models, questions) {
    const peer = await Peer.open(browser, host, runtime, models);
    await peer.visit();
    const ms = await peer.page.evaluate((questions) => window.peer.first(questions), questions);
    return { ms, close: () => peer.close() };
  }

  close() {
    return this.context.close();
  }

  /** `asked` is { sample } or { token_ids }. Gives { ms, output }. */
  run(model, asked) {
    return this.page.evaluate(([model, asked]) => window.peer.run(model, asked), [model, asked]);
  }

  async visit() {
    await this.page.goto(this.url);
    const isIsolated = await this.page.evaluate(() => crossOriginIsolated);
    if (this.isolated && !isIsolated) throw new Error("the peer's page is not cross-origin isolated");
  }

  /** From navigation to models that answer, with their files in the browser's cache (from the second time on). */
  async load() {
    await this.visit();
    return this.page.evaluate(() => window.peer.ready);
  }
}
