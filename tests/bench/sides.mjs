// The two sides of the comparison: octlens's page, through its hooks, and onnxruntime-web in a page of its own.
// Both return milliseconds measured in the browser.

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

/** octlens's page, with the model that `host` lists as default. */
export class Octlens {
  /** `kernels` asks for a build of the worker; none for the one that the page chooses. */
  static async start(browser, host, kernels) {
    const octlens = new Octlens();
    const url = host.url + (kernels ? `?kernels=${kernels}` : "");
    octlens.host = host;
    octlens.visit = await Visit.start(browser, url, { prepare: (context) => context.addInitScript(noteReady) });
    octlens.build = (await octlens.visit.attribute("status", "data-kernels")) ?? ONLY_BUILD;
    return octlens;
  }

  close() {
    return this.visit.close();
  }

  /** From the file on the page to the report on the page; and the times of the steps in the report. */
  async analyze(file) {
    const answerMs = await this.visit.page.evaluate(
      async ({ name, type, bytes }) => {
        const data = new DataTransfer();
        data.items.add(new File([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], name, { type }));
        const input = document.querySelector('[data-testid="file-input"]');
        const status = document.querySelector('[data-testid="status"]');
        const start = performance.now();
        input.files = data.files;
        input.dispatchEvent(new Event("change", { bubbles: true }));
        // The page turns to analyzing before the next task, so an old "done" is not taken for the new one.
        await new Promise((resolve) => setTimeout(resolve));
        await new Promise((resolve, reject) => {
          const look = () => {
            const { phase } = status.dataset;
            if (phase === "done") resolve();
            else if (phase === "failed") reject(new Error("the page refused the scan"));
          };
          new MutationObserver(look).observe(status, { attributes: true });
          look();
        });
        return performance.now() - start;
      },
      { name: file.name, type: file.mimeType, bytes: file.buffer.toString("base64") },
    );
    return { answer: answerMs, ...(await this.visit.report()).timings_ms };
  }

  /** The steps after a caption was typed for the scan that is shown. */
  async type(caption) {
    await this.visit.hook("caption-input").fill(caption);
    await this.visit.hook("caption-apply").click();
    await this.visit.answer();
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

/** onnxruntime-web on one thread, with models of rn50_onnx.py. */
export class Peer {
  static async start(browser, host, models) {
    const peer = new Peer();
    peer.context = await browser.newContext();
    peer.page = await peer.context.newPage();
    peer.page.on("pageerror", (error) => console.error(String(error)));
    peer.url = `${host.url}bench/peer.html?models=${models.join()}`;
    await peer.load();
    return peer;
  }

  close() {
    return this.context.close();
  }

  /** `asked` is { sample } or { token_ids }. Gives { ms, output }. */
  run(model, asked) {
    return this.page.evaluate(([model, asked]) => window.peer.run(model, asked), [model, asked]);
  }

  /** From navigation to sessions that answer, with the models in the browser's cache (from the second time on). */
  async load() {
    await this.page.goto(this.url);
    return this.page.evaluate(() => window.peer.ready);
  }
}
