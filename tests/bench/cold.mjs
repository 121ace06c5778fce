// Cold starts: from navigation to the first answer, with an empty cache, over this machine's own network; what is fetched
// for it, and the memory that it takes. octlens's answer is a whole report on its page; a peer's is one run of the image
// encoder and one of the text encoder, without a page, without decoding a scan and without an explanation.

import { gzipSync } from "node:zlib";

import { withPeak } from "./machine.mjs";
import { both } from "./runtimes.mjs";
import { Octlens, Peer } from "./sides.mjs";
import { ranked } from "./times.mjs";

const isCode = (path) => /\.(m?js|wasm|bin)$/.test(path);
/** octlens's part of the code that runs models; the rest is its page. */
const isEngine = (path) => /(^|\/)worker[^/]*\.(js|bin)$/.test(path);
const isModel = (path) => /\.(safetensors|onnx|tflite)$/.test(path);
/** The benchmark's own scripts, which belong to no side. */
const isOurs = (path) => /^bench\/[^/]+$/.test(path);

const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];

/** Bytes that came with `paths`: of code, as they are and as a host with gzip sends them, and of models. */
async function downloaded(host, paths) {
  const size = async (path) => {
    const bytes = Buffer.from(await (await fetch(host.url + path)).arrayBuffer());
    return { path, n: bytes.length, gz: isCode(path) ? gzipSync(bytes, { level: 9 }).length : 0 };
  };
  const files = await Promise.all([...new Set(paths)].filter((path) => !isOurs(path)).map(size));
  const [code, engine, models] = [isCode, isEngine, isModel].map((kind) => files.filter(({ path }) => kind(path)));
  return {
    runtime_bytes: sum(code.map(({ n }) => n)),
    runtime_gz_bytes: sum(code.map(({ gz }) => gz)),
    engine_bytes: sum(engine.map(({ n }) => n)),
    engine_gz_bytes: sum(engine.map(({ gz }) => gz)),
    model_bytes: sum(models.map(({ n }) => n)),
  };
}

/** Something that starts cold: `open()` opens one tab and gives { ms, close }. */
export class Side {
  #host;
  #open;
  #times = [];
  #peaks = [];
  #fetched = null;

  /** `about` is what it is called, and what else is said about it. */
  constructor(about, host, open) {
    this.about = about;
    this.#host = host;
    this.#open = open;
  }

  /** octlens's page with a build of the worker. */
  static octlens(browser, host, build, file, title = `octlens, ${build}`) {
    return new Side({ title, build }, host, () => Octlens.firstAnswer(browser, host, build, file));
  }

  /** A runtime with its models. */
  static peer(browser, host, runtime, token_ids) {
    const [image, text] = both(runtime);
    const questions = [
      [image, { sample: 0 }],
      [text, { token_ids }],
    ];
    return new Side({ title: runtime.title, runtime }, host, () =>
      Peer.firstAnswer(browser, host, runtime, [image, text], questions),
    );
  }

  /** A tab without anything: what the browser takes by itself. */
  static blank(browser, host) {
    return new Side({ title: "an empty tab" }, host, async () => {
      const context = await browser.newContext();
      const page = await context.newPage();
      await page.goto(`${host.url}bench/blank.html`);
      return { ms: await page.evaluate(() => performance.now()), close: () => context.close() };
    });
  }

  async start(browser) {
    const nAsked = this.#host.asked.length;
    const { result, peak_bytes } = await withPeak(browser, this.#open);
    await result.close();
    this.#fetched ??= await downloaded(this.#host, this.#host.asked.slice(nAsked));
    this.#times.push(result.ms);
    this.#peaks.push(peak_bytes);
  }

  /** Medians of its starts. */
  figures() {
    const peak_bytes = this.#peaks.includes(null) ? null : median(this.#peaks);
    return { ms: median(this.#times), ...this.#fetched, peak_bytes, n_runs: this.#times.length };
  }
}

/** Each figure's name with `of` before it. */
function named(of, figures) {
  return Object.fromEntries(Object.entries(figures).map(([name, value]) => [`${of}_${name}`, value]));
}

/** Rows of target/bench.json: octlens's builds, each beside the peers with the same instructions, the fastest first. */
export function coldRows(blank, octlens, peers) {
  return octlens.flatMap((ours) => {
    const { build } = ours.about;
    const { n_runs, ...figures } = ours.figures();
    const beside = peers.filter(({ about }) => about.runtime.besides.includes(build));
    const rows = beside.map((theirs) => {
      const { title, runtime } = theirs.about;
      const { n_runs: _, ...their } = theirs.figures();
      return {
        name: "cold_start",
        build,
        threads: 1,
        ...named("octlens", figures),
        n_runs,
        peer: title,
        peer_threads: runtime.threads,
        ...named("peer", their),
        blank_peak_bytes: blank.figures().peak_bytes,
        ratio: figures.ms / their.ms,
      };
    });
    return ranked(rows);
  });
}
