// How fast Chromium runs each of RN50's convolutions, one thread: giga-operations per second, by wasm module.
// node layers.mjs NAME=FILE.wasm …; `make bench` makes the modules.

import { loadBareWasm } from "../browser/bare_wasm.mjs";
import { launch } from "../browser/page.mjs";

const N_RUNS = 15;

/** Runs in the browser: [name, times, ms, GOP/s] of each layer. */
function measure(nRuns) {
  const exports = window.wasm;
  const rows = [];
  for (let i = 0; i < exports.n_layers(); i++) {
    const text = new Uint8Array(exports.memory.buffer, exports.name(i), exports.name_len(i));
    const name = new TextDecoder().decode(text);
    exports.prepare(i);
    const times = [];
    for (let run = 0; run < nRuns; run++) {
      const start = performance.now();
      exports.run();
      times.push(performance.now() - start);
    }
    const ms = times.sort((a, b) => a - b)[nRuns >> 1];
    rows.push([name, exports.n_times(i), ms, (exports.giga_operations(i) / ms) * 1e3]);
  }
  return rows;
}

const browser = await launch();
try {
  const page = await browser.newPage();
  for (const argument of process.argv.slice(2)) {
    const [build, file] = argument.split("=");
    await loadBareWasm(page, file);
    const rows = await page.evaluate(measure, N_RUNS);
    console.log(`${build.padEnd(32)}${"times".padStart(7)}${"ms".padStart(9)}${"GOP/s".padStart(8)}`);
    for (const [name, times, ms, rate] of rows) {
      console.log(
        name.padEnd(32) + String(times).padStart(7) + ms.toFixed(2).padStart(9) + rate.toFixed(0).padStart(8),
      );
    }
    const totalMs = rows.reduce((sum, [, times, ms]) => sum + times * ms, 0);
    const operations = rows.reduce((sum, [, times, ms, rate]) => sum + times * ms * rate, 0);
    console.log(`${"all".padEnd(39)}${totalMs.toFixed(2).padStart(9)}${(operations / totalMs).toFixed(0).padStart(8)}`);
  }
} finally {
  await browser.close();
}
