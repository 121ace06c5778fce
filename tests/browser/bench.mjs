// How long an answer takes in Chromium, in one thread: from the file in the page's hands to the report on the page.
// Prints a table and writes target/bench.json, a list of { name, octlens_ms, … }.

import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";

import { OUT, Visit, host, launch, sampleFile, samples } from "./page.mjs";

const N_WARM_UP = 3;
const N_RUNS = Number(process.env.BENCH_RUNS ?? 20);

/** Hands the page a file and waits, in the page, until the answer stands. Returns milliseconds. */
function answerTime(visit, file) {
  return visit.page.evaluate(
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
}

/** The value below which `share` of the sorted values lie (nearest rank). */
function quantile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

const [browser, server] = [await launch(), await host()];
try {
  const start = performance.now();
  const visit = await Visit.start(browser, server.url);
  const readyMs = performance.now() - start;
  const answers = [];
  const steps = {};
  for (let run = -N_WARM_UP; run < N_RUNS; run++) {
    const answerMs = await answerTime(visit, sampleFile((run + N_WARM_UP) % samples().length));
    if (run < 0) continue;
    answers.push(answerMs);
    const { timings_ms } = await visit.report();
    for (const [step, ms] of Object.entries(timings_ms)) (steps[step] ??= []).push(ms);
  }
  const measured = [
    { name: "compact_answer", values: answers },
    ...Object.entries(steps).map(([step, values]) => ({ name: `compact_${step}`, values })),
    { name: "page_ready", values: [readyMs] },
  ].map(({ name, values }) => ({
    name,
    octlens_ms: quantile(values, 0.5),
    p50_ms: quantile(values, 0.5),
    p95_ms: quantile(values, 0.95),
    n_runs: values.length,
  }));
  console.log(`Chromium ${browser.version()}, one thread, ${cpus()[0].model} (${cpus().length} cores)`);
  console.log(`${"what".padEnd(24)}${"p50 ms".padStart(10)}${"p95 ms".padStart(10)}${"runs".padStart(7)}`);
  for (const { name, p50_ms, p95_ms, n_runs } of measured) {
    console.log(
      name.padEnd(24) + p50_ms.toFixed(1).padStart(10) + p95_ms.toFixed(1).padStart(10) + String(n_runs).padStart(7),
    );
  }
  mkdirSync(OUT, { recursive: true });
  writeFileSync(join(OUT, "bench.json"), `${JSON.stringify(measured, null, 2)}\n`);
} finally {
  await browser.close();
  await server.close();
}
