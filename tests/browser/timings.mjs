// How long a visitor waits: first paint, a first visit to its answer, tasks that block the page, the tests of a map, a case that is
// changed live.
// Prints medians and largest values; asserts nothing, as other work on the machine has its share. `node timings.mjs`, with
// OCTLENS_DIST where the built page is not in dist/. TIMINGS_RUNS sets the number of visits of each kind.

import { readFileSync } from "node:fs";
import { join } from "node:path";

import { machine } from "../bench/machine.mjs";
import { portable } from "../bench/sides.mjs";
import { ROOT, Visit, host, launch, sampleFile, samples } from "./page.mjs";

const N_RUNS = Number(process.env.TIMINGS_RUNS ?? 7);
/** Positions of a slider; the first ones warm up. */
const N_POSITIONS = 20;
const N_WARM_UP = 3;
const N_VOLUMES = 8;
/** So long some visitors look around. */
const PATIENT_MS = 3000;
const N_FRAMES = 5;

const middle = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const line = (name, values) =>
  console.log(`${name}: median ${middle(values).toFixed(0)} ms, largest ${Math.max(...values).toFixed(0)} ms, of ${values.length}`);

/** Notes when the shell stands in the page, and every task of the page's own thread that takes longer than 50 ms. */
function watch(context) {
  return context.addInitScript(() => {
    window.octlensTasks = [];
    new PerformanceObserver((list) => {
      for (const { startTime, duration } of list.getEntries()) window.octlensTasks.push({ startTime, duration });
    }).observe({ type: "longtask", buffered: true });
    new MutationObserver((_, observer) => {
      if (document.querySelector(".app") === null) return;
      observer.disconnect();
      requestAnimationFrame(() => setTimeout(() => (window.octlensShell = performance.now())));
    }).observe(document, { childList: true, subtree: true });
  });
}

/** The tasks since the last call; the browser tells of them a little later. */
async function tasks(visit) {
  await visit.page.waitForTimeout(200);
  return visit.page.evaluate(() => window.octlensTasks.splice(0));
}

/** Opens files as if they were dropped. Their way into the page is no task of the page. */
async function open(visit, files) {
  await visit.page.evaluate((files) => {
    window.octlensFiles = new DataTransfer();
    for (const { name, type, bytes } of files) {
      const file = new File([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], name, { type });
      window.octlensFiles.items.add(file);
    }
  }, files.map(portable));
  await tasks(visit);
  await visit.page.evaluate(() => {
    const input = document.querySelector('[data-testid="file-input"]');
    input.files = window.octlensFiles.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
}

/** Waits until all scans are answered. */
function allAnswered(visit, total) {
  return visit.page.waitForFunction((total) => {
    const { answered } = document.querySelector('[data-testid="series-count"]').dataset;
    return Number(answered) === total;
  }, total);
}

function report(name, tasks) {
  const durations = tasks.map(({ duration }) => duration);
  const longest = durations.length === 0 ? "none over 50 ms" : `${Math.max(...durations).toFixed(0)} ms`;
  console.log(`longest task, ${name}: ${longest}; ${durations.length} over 50 ms, ${durations.filter((ms) => ms > 100).length} over 100 ms`);
}

/** A new visitor with an empty profile clicks the first sample as soon as it is there. */
async function firstVisit(browser, url, times) {
  const visit = await Visit.start(browser, url, { prepare: watch, until: ["loading", "ready"] });
  await visit.hook("sample").first().click();
  const clicked = await visit.page.evaluate(() => performance.now());
  await visit.hook("image-prediction").waitFor();
  const seen = await visit.page.evaluate(() => performance.now());
  const paint = await visit.page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime);
  times.paint.push(paint);
  times.shell.push(await visit.page.evaluate(() => window.octlensShell));
  times.clicked.push(clicked);
  times.answer.push(seen);
  const all = await tasks(visit);
  times.starting.push(...all.filter(({ startTime }) => startTime < clicked));
  times.answering.push(...all.filter(({ startTime }) => startTime >= clicked));
  return visit;
}

/** A new visitor who looks around first: from the click on a sample to the answer. */
async function patientVisit(browser, url) {
  const visit = await Visit.start(browser, url);
  await visit.page.waitForTimeout(PATIENT_MS);
  const ms = await visit.page.evaluate(async () => {
    const start = performance.now();
    document.querySelector('[data-testid="sample"]').click();
    while (!document.querySelector('[data-testid="image-prediction"]')) await new Promise((resolve) => setTimeout(resolve, 5));
    return performance.now() - start;
  });
  await visit.close();
  return ms;
}

/** The tests of a map by as many workers as a machine with `nCores` gets, from when the first one is ready. */
async function mapTests(browser, url, nCores) {
  const cores = (n) => Object.defineProperty(Navigator.prototype, "hardwareConcurrency", { get: () => n });
  const visit = await Visit.start(browser, url, { prepare: (context) => context.addInitScript(cores, nCores) });
  await visit.hook("sample").first().click();
  await visit.answer();
  await visit.page.waitForTimeout(PATIENT_MS);
  const ms = await visit.page.evaluate(async () => {
    const panel = document.querySelector('[data-testid="faithfulness"]');
    const reached = (phase) =>
      new Promise((resolve, reject) => {
        const observer = new MutationObserver(() => {
          if (panel.dataset.phase === "failed") reject(new Error("the tests of a map failed"));
          if (panel.dataset.phase !== phase) return;
          observer.disconnect();
          resolve(performance.now());
        });
        observer.observe(panel, { attributes: true });
      });
    const [begun, ended] = [reached("running"), reached("done")];
    document.querySelector('[data-testid="faithfulness-toggle"]').click();
    return (await ended) - (await begun);
  });
  await visit.close();
  return ms;
}

/** From a slider's position to the answer about it, drawn. */
function live(visit) {
  return visit.page.evaluate(async (n) => {
    const input = document.querySelector('[data-testid="case-slider"][data-setting="fluid"]');
    const panel = document.querySelector('[data-testid="case-panel"]');
    const times = [];
    for (let i = 0; i < n; i++) {
      const start = performance.now();
      const drawn = new Promise((resolve) => {
        const observer = new MutationObserver(() => {
          if (panel.dataset.phase !== "drawn") return;
          observer.disconnect();
          requestAnimationFrame(() => setTimeout(resolve));
        });
        observer.observe(panel, { attributes: true });
      });
      input.value = 1 + (i % 9);
      input.dispatchEvent(new Event("input", { bubbles: true }));
      await drawn;
      times.push(performance.now() - start);
    }
    return times;
  }, N_POSITIONS + N_WARM_UP);
}

const browser = await launch();
const { cpu, n_cores, chromium, load } = machine(browser);
console.log(`${cpu}, ${n_cores} cores, load ${load.toFixed(1)}, Chromium ${chromium}`);
const server = await host();
const times = { paint: [], shell: [], clicked: [], answer: [], starting: [], answering: [] };
let visit;
for (let run = 0; run < N_RUNS; run++) {
  await visit?.close();
  visit = await firstVisit(browser, server.url, times);
}
line("first paint", times.paint);
line("first paint of the shell", times.shell);
line("a first visit until a sample is clicked", times.clicked);
line("a first visit until its answer is seen", times.answer);
const patient = [];
for (let run = 0; run < N_RUNS; run++) patient.push(await patientVisit(browser, server.url));
line(`a first answer, from the click, ${PATIENT_MS / 1000} s after the model is ready`, patient);
for (const nCores of [1, 2]) {
  const tests = [];
  for (let run = 0; run < N_RUNS; run++) tests.push(await mapTests(browser, server.url, nCores));
  line(`the tests of a map, workers: ${nCores}`, tests);
}
report(`while the page starts, ${N_RUNS} times`, times.starting);
report(`while it answers first, ${N_RUNS} times`, times.answering);

await open(visit, samples().map((_, i) => sampleFile(i, `${i}.png`)));
await allAnswered(visit, samples().length + 1);
report(`while ${samples().length} files are analysed`, await tasks(visit));
const buffer = readFileSync(join(ROOT, "tests", "fixtures", "trials", "vol", "volume.vol"));
await open(visit, Array.from({ length: N_VOLUMES }, (_, i) => ({ name: `${i}.vol`, mimeType: "", buffer })));
await allAnswered(visit, samples().length + 1 + N_VOLUMES * N_FRAMES);
report(`while ${N_VOLUMES} volumes are analysed`, await tasks(visit));

await visit.hook("teach").click();
await visit.hook("case-toggle").click();
await visit.page.locator('[data-testid="case-panel"][data-phase="drawn"]').waitFor();
await visit.answer();
await tasks(visit);
line("a case, from slider to answer", (await live(visit)).slice(N_WARM_UP));
report("while a case is changed", await tasks(visit));
await browser.close();
await server.close();
