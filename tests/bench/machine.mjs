// What the figures were measured on, and how much memory a tab took. Linux only, where /proc says it.

import { readFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";

/** Instructions that V8 may use for products of bytes. Without avx_vnni a relaxed dot product is three instructions. */
const PRODUCTS = ["avx2", "avx_vnni", "avx512_vnni", "i8mm", "asimddp"];

function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** The CPU's name with what matters here of its instructions. */
function cpu() {
  const info = read("/proc/cpuinfo");
  const flags = /^(?:flags|Features)\s*:(.*)$/m.exec(info)?.[1].trim().split(/\s+/) ?? [];
  const id = ["cpu family", "model"].map((key) => new RegExp(`^${key}\\s*: (\\d+)$`, "m").exec(info)?.[1]);
  const numbers = id[0] ? `, family ${id[0]} model ${id[1]}` : "";
  return `${cpus()[0].model}${numbers} (${PRODUCTS.filter((name) => flags.includes(name)).join(", ")})`;
}

/** Of now: `load` is the machine's mean number of running tasks in the last minute. */
export function machine(browser) {
  return { cpu: cpu(), n_cores: cpus().length, chromium: browser.version(), load: loadavg()[0] };
}

/** The processes that run tabs. */
async function renderers(browser) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  return processInfo.filter(({ type }) => type === "renderer").map(({ id }) => id);
}

/** The most memory that a process has had in its life, as far as it was resident: VmHWM of /proc. */
function peakBytes(pid) {
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`))?.[1];
  return kib ? Number(kib) * 1024 : null;
}

/** Runs `visit`, which opens one tab and leaves it open, and returns what it does and its process's peak. */
export async function withPeak(browser, visit) {
  const before = new Set(await renderers(browser));
  const result = await visit();
  const peaks = (await renderers(browser)).filter((pid) => !before.has(pid)).map(peakBytes);
  // Chromium keeps an empty process ready for the next tab.
  return { result, peak_bytes: peaks.length > 0 && !peaks.includes(null) ? Math.max(...peaks) : null };
}
