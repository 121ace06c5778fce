// From navigation to the model being ready, with an empty profile: `node start.mjs NAME=FOLDER …`, where each folder is a built
// site (`make dist`). The sites take turns; medians. `MBIT=20 DELAY_MS=20` is a host behind a line of that rate and delay;
// without them files come as fast as this machine sends them, not compressed.

import { host, launch } from "../browser/page.mjs";
import { machine } from "./machine.mjs";

const N_RUNS = Number(process.env.N_RUNS ?? 9);
const N_WARM_UP = 1;
const PATIENCE_MS = 120_000;
const { MBIT, DELAY_MS = 0 } = process.env;
const PIECE_BYTES = 16 << 10;

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Runs in the page: notes when it is drawn, when its worker first speaks, and when the model is ready. */
function note() {
  window.noted = {};
  const at = (name) => (window.noted[name] ??= performance.now());
  const look = () => {
    if (document.querySelector(".app")) at("drawn");
    if (document.querySelector('[data-testid="status"]')?.dataset.phase === "ready") at("ready");
  };
  const what = { subtree: true, childList: true, attributes: true, attributeFilter: ["data-phase"] };
  new MutationObserver(look).observe(document, what);
  window.Worker = class extends Worker {
    constructor(...options) {
      super(...options);
      at("worker started");
      this.addEventListener("message", () => at("worker speaks"));
    }
  };
}

/** Sends all files through one line, piece by piece in turn. */
function line(mbit) {
  let free = 0;
  return async ({ response, bytes, type }) => {
    response.writeHead(200, { "content-type": type, "content-length": bytes.length });
    await pause(DELAY_MS);
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      const piece = bytes.subarray(at, at + PIECE_BYTES);
      free = Math.max(free, performance.now()) + (piece.length * 8) / (mbit * 1000);
      const ms = free - performance.now();
      if (ms > 1) await pause(ms);
      response.write(piece);
    }
    response.end();
  };
}

async function start(browser, url) {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.addInitScript(note);
    await page.goto(url, { waitUntil: "commit" });
    await page.waitForFunction(() => window.noted.ready, null, { timeout: PATIENCE_MS });
    return await page.evaluate(() => window.noted);
  } finally {
    await context.close();
  }
}

const browser = await launch();
try {
  const { cpu, chromium, load } = machine(browser);
  const how = MBIT ? `${MBIT} Mbit/s, ${DELAY_MS} ms` : "loopback";
  console.log(`Chromium ${chromium} on ${cpu}, load ${load.toFixed(1)}; ${how}; medians of ${N_RUNS}, milliseconds since navigation`);
  const send = MBIT && line(Number(MBIT));
  const answer = send ? (_, exchange) => (send(exchange), true) : undefined;
  const sites = [];
  for (const argument of process.argv.slice(2)) {
    const [name, folder] = argument.split("=");
    sites.push({ name, own: await host({ folder, answer }), runs: [] });
  }
  for (let i = 0; i < N_WARM_UP + N_RUNS; i++) {
    for (const { own, runs } of sites) {
      const noted = await start(browser, own.url);
      if (i >= N_WARM_UP) runs.push(noted);
    }
  }
  for (const { name, own, runs } of sites) {
    const row = Object.keys(runs[0]).map((what) => `${what} ${median(runs.map((run) => run[what])).toFixed(0)}`);
    const ready = runs.map((run) => run.ready);
    console.log(`${name.padEnd(12)} ${row.join(", ")} (${Math.min(...ready).toFixed(0)}–${Math.max(...ready).toFixed(0)})`);
    await own.close();
  }
} finally {
  await browser.close();
}
