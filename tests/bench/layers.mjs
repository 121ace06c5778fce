// How fast Chromium runs each of RN50's convolutions, one thread: giga-operations per second, by wasm module, beside what the
// instruction that multiplies reaches on registers alone. `node layers.mjs NAME=FILE.wasm …`; `make bench` makes the modules.

import { readFileSync } from "node:fs";
import { join } from "node:path";

import { loadBareWasm } from "../browser/bare_wasm.mjs";
import { OUT, launch } from "../browser/page.mjs";
import { machine } from "./machine.mjs";

const N_RUNS = 15;
/** Turns of the instruction alone: some ten milliseconds. */
const N_TURNS = 4_000_000;

/** Runs in the browser: { limit, rows, parts }, a limit in GOP/s, [name, times, ms, GOP/s] of layers and [name, ms] of the rest. */
function measure([nRuns, nTurns]) {
  const exports = window.wasm;
  const median = (run) => {
    const times = [];
    for (let i = 0; i < nRuns; i++) {
      const start = performance.now();
      run();
      times.push(performance.now() - start);
    }
    return times.sort((a, b) => a - b)[nRuns >> 1];
  };
  const rate = (giga_operations, ms) => (giga_operations / ms) * 1e3;
  // The first times it is compiled without optimisation.
  median(() => exports.run_limit(nTurns / 10));
  const limit = rate(exports.limit_giga_operations(nTurns), median(() => exports.run_limit(nTurns)));
  const text = (at, n) => new TextDecoder().decode(new Uint8Array(exports.memory.buffer, at, n));
  const rows = [];
  for (let i = 0; i < exports.n_layers(); i++) {
    exports.prepare(i);
    const ms = median(() => exports.run());
    const name = text(exports.name(i), exports.name_len(i));
    rows.push([name, exports.n_times(i), ms, rate(exports.giga_operations(i), ms)]);
  }
  const parts = [];
  for (let i = 0; i < exports.n_parts(); i++) {
    exports.prepare_part(i);
    const ms = median(() => exports.run());
    parts.push([text(exports.part_name(i), exports.part_name_len(i)), ms]);
  }
  return { limit, rows, parts };
}

/** The image encoder's milliseconds in the last run of bench.mjs, of which the layers are a part; null without one. */
function encoderMs(build) {
  try {
    const rows = JSON.parse(readFileSync(join(OUT, "bench.json"), "utf8"));
    return rows.find((row) => row.name === "rn50_image_encoder" && row.build === build)?.octlens_ms ?? null;
  } catch {
    return null;
  }
}

function print(build, { limit, rows, parts }) {
  const line = (name, times, ms, rate) => {
    const share = `${((rate / limit) * 100).toFixed(0)} %`;
    console.log(
      name.padEnd(32) +
        String(times).padStart(7) +
        ms.toFixed(2).padStart(9) +
        rate.toFixed(0).padStart(8) +
        share.padStart(8),
    );
  };
  console.log(`\n${build.padEnd(32)}${"times".padStart(7)}${"ms".padStart(9)}${"GOP/s".padStart(8)}${"limit".padStart(8)}`);
  for (const row of rows) line(...row);
  const totalMs = rows.reduce((sum, [, times, ms]) => sum + times * ms, 0);
  const operations = rows.reduce((sum, [, times, ms, rate]) => sum + times * ms * rate, 0);
  line("all", "", totalMs, operations / totalMs);
  for (const [name, ms] of parts) console.log(name.padEnd(48) + ms.toFixed(2));
  console.log(`The instruction alone, without loads and stores: ${limit.toFixed(0)} GOP/s.`);
  const whole = encoderMs(build);
  if (whole === null) return;
  const known = totalMs + parts.filter(([name]) => !name.startsWith("text")).reduce((sum, [, ms]) => sum + ms, 0);
  const rest = (whole - known).toFixed(1);
  console.log(`The image encoder of target/bench.json took ${whole.toFixed(1)} ms: ${rest} ms are outside of all of these.`);
}

const browser = await launch();
try {
  const { cpu, chromium, load } = machine(browser);
  console.log(`\nChromium ${chromium} on ${cpu}, load ${load.toFixed(1)}; medians`);
  const page = await browser.newPage();
  for (const argument of process.argv.slice(2)) {
    const [build, file] = argument.split("=");
    await loadBareWasm(page, file);
    print(build, await page.evaluate(measure, [N_RUNS, N_TURNS]));
  }
} finally {
  await browser.close();
}
