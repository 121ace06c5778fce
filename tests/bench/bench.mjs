// octlens and other runtimes in one Chromium, by turns: the same RN50 with the same random weights, the same pixels, the
// same caption. One thread each, but for a build of LiteRT.js with two. Prints tables and writes target/bench.json, a list
// of { name, build, octlens_ms, peer, peer_ms, ratio, threads, peer_threads, fastest, … }, one for each pair, of a name and a
// build the fastest peer first. `make bench` makes what it needs.
// BENCH_RUNS, BENCH_LOADS and BENCH_COLD set the numbers of repetitions. octlens's times are those of its own report: the
// text encoder's includes tokenizer, retrieval and head, a peer's is the model's run alone. A load is from navigation to
// ready with the weights in the browser's cache; a cold start is from navigation to the first answer without.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { OUT, host, launch, sampleFile, samples } from "../browser/page.mjs";
import { cosine, octlensEmbeddings } from "./agreement.mjs";
import { Side, coldRows } from "./cold.mjs";
import { machine } from "./machine.mjs";
import { BENCH, ISOLATING, RUNTIMES, both, change } from "./runtimes.mjs";
import { Octlens, Peer } from "./sides.mjs";
import { printCold, printPairs, printVerdict } from "./table.mjs";
import { Times, rows } from "./times.mjs";

const MADE = join(process.env.OCTLENS_CACHE, "bench");
const N_WARM_UP = 3;
const N_RUNS = Number(process.env.BENCH_RUNS ?? 20);
const N_LOADS = Number(process.env.BENCH_LOADS ?? 5);
const N_COLD = Number(process.env.BENCH_COLD ?? 5);
/** The build that every browser can run; measured as well if the page chooses another one. */
const PLAIN_BUILD = "simd128";

const inputs = JSON.parse(readFileSync(join(MADE, "models", "inputs.json"), "utf8"));
const { caption, token_ids, samples: order } = inputs;
/** What exports of CLIP read: zeros up to 77. */
const PADDED = [...token_ids, ...Array(77 - token_ids.length).fill(0)];

/** The page and the runtimes beside it, on a host as any other, and on one that isolates. */
function benchHost(headers) {
  const modules = join(BENCH, "node_modules");
  const mounts = {
    "weights/": join(MADE, "weights"),
    "bench/ort/": join(modules, "onnxruntime-web", "dist"),
    "bench/litert/": join(modules, "@litertjs"),
    "bench/models/": join(MADE, "models"),
    "bench/": BENCH,
  };
  return host({ mounts, change, headers: () => headers });
}

/** The page of `build`s that differ: the one that it chooses, and the plain one. */
async function octlensPages(browser, host) {
  const chosen = await Octlens.start(browser, host);
  return chosen.build === PLAIN_BUILD ? [chosen] : [chosen, await Octlens.start(browser, host, PLAIN_BUILD)];
}

/** The shipped model on its own. */
async function compact(browser) {
  const server = await host();
  const pages = await octlensPages(browser, server);
  const times = new Times();
  for (let run = -N_WARM_UP; run < N_RUNS; run++) {
    const file = sampleFile((run + N_WARM_UP) % samples().length);
    for (const page of pages) {
      const steps = await page.analyze(file);
      if (run >= 0) for (const [step, ms] of Object.entries(steps)) times.add(`${page.build} ${step}`, ms);
    }
  }
  for (let run = 0; run < N_LOADS; run++) {
    for (const page of pages) times.add(`${page.build} load`, await page.load());
  }
  for (const page of pages) await page.close();
  await server.close();
  const steps = ["answer", "decode", "preprocess", "image_encoder", "text_encoder", "explain", "load"];
  const row = (build, step) => rows(`compact_${step}`, times, { what: `${build} ${step}`, build });
  return pages.flatMap(({ build }) => steps.flatMap((step) => row(build, step)));
}

/** A runtime's answers about an input: its times are noted, what it computed is kept. */
class Opponent {
  constructor(runtime, peer) {
    Object.assign(this, { runtime, peer, images: {}, texts: {} });
  }

  static async start(browser, hostOf, runtime) {
    const models = [...Object.keys(runtime.models.image), ...Object.keys(runtime.models.text)];
    return new Opponent(runtime, await Peer.start(browser, hostOf(runtime), runtime, models));
  }

  async answer(sample, note) {
    for (const model of Object.keys(this.runtime.models.image)) {
      const { ms, output } = await this.peer.run(model, { sample });
      note(`${this.runtime.title} ${model}`, ms);
      (this.images[model] ??= [])[sample] = output;
    }
    for (const model of Object.keys(this.runtime.models.text)) {
      const asked = model.includes("_77_") ? PADDED : token_ids;
      const { ms, output } = await this.peer.run(model, { token_ids: asked });
      note(`${this.runtime.title} ${model}`, ms);
      this.texts[model] = output;
    }
  }

  /** The peers of rows(), for each model of a kind; `cosineOf(model)` says how near it is to the float model. */
  rows(kind, cosineOf) {
    const { title, threads, models } = this.runtime;
    return Object.entries(models[kind]).map(([model, note]) => ({
      what: `${title} ${model}`,
      peer: `${title}, ${note}`,
      peer_threads: threads,
      peer_cosine: cosineOf(model),
    }));
  }
}

/** RN50 on both sides. Returns the rows. */
async function rn50(browser, hostOf) {
  const pages = await octlensPages(browser, hostOf({}));
  const opponents = [];
  for (const runtime of RUNTIMES) opponents.push(await Opponent.start(browser, hostOf, runtime));
  const times = new Times();
  const seen = new Set();
  for (let run = -N_WARM_UP; run < N_RUNS; run++) {
    const note = (what, ms) => run >= 0 && times.add(what, ms);
    const sample = (run + N_WARM_UP) % order.length;
    seen.add(sample);
    const file = sampleFile(samples().findIndex(({ file }) => file === order[sample]));
    for (const page of pages) {
      const steps = await page.analyze(file);
      const typed = await page.type(caption);
      note(`${page.build} image`, steps.image_encoder);
      note(`${page.build} answer`, steps.answer);
      note(`${page.build} text`, typed.text_encoder);
    }
    for (const opponent of opponents) await opponent.answer(sample, note);
  }
  for (const { peer } of opponents) await peer.close();
  await loads(browser, hostOf, pages, times);
  const { bytes } = JSON.parse(readFileSync(join(MADE, "weights", "index.json"), "utf8")).models[0];
  for (const page of pages) {
    const share = Number(await page.visit.attribute("status", "data-peak-bytes")) / bytes;
    console.log(`${page.build}: loading takes at most ${share.toFixed(2)} times the file's ${bytes} bytes of wasm memory.`);
    await page.close();
  }

  const floats = opponents.find(({ images }) => images.image_float).images.image_float;
  /** The least of all scans. */
  const nearness = (images) => Math.min(...[...seen].map((i) => cosine(images[i], floats[i])));
  const ours = octlensEmbeddings(join(MADE, "weights", "rn50.safetensors"), order, caption, token_ids);
  console.log(`Two scans have a cosine of ${cosine(floats[0], floats[Math.max(...seen)]).toFixed(4)}.`);
  return pages.flatMap(({ build }) => {
    const beside = opponents.filter(({ runtime }) => runtime.besides.includes(build));
    const ourImage = { what: `${build} image`, build, octlens_cosine: nearness(ours.images) };
    const ourText = { what: `${build} text`, build, octlens_cosine: cosine(ours.text, inputs.text_embeds) };
    const images = beside.flatMap((of) => of.rows("image", (model) => nearness(of.images[model])));
    const texts = beside.flatMap((of) => of.rows("text", (model) => cosine(of.texts[model], inputs.text_embeds)));
    const loaded = beside.map(({ runtime: { title, threads } }) => ({
      what: `${title} load`,
      peer: `${title}, int8, both encoders`,
      peer_threads: threads,
    }));
    return [
      ...rows("rn50_image_encoder", times, ourImage, images),
      ...rows("text_encoder_15_tokens", times, ourText, texts),
      ...rows("rn50_answer", times, { what: `${build} answer`, build }),
      ...rows("load", times, { what: `${build} load`, build }, loaded),
    ];
  });
}

/** Loads of both encoders from the browser's cache, by turns. */
async function loads(browser, hostOf, pages, times) {
  const loaders = [];
  for (const runtime of RUNTIMES) {
    loaders.push([runtime.title, await Peer.start(browser, hostOf(runtime), runtime, both(runtime))]);
  }
  for (let run = 0; run < N_LOADS; run++) {
    for (const page of pages) times.add(`${page.build} load`, await page.load());
    for (const [title, loader] of loaders) times.add(`${title} load`, await loader.load());
  }
  for (const [, loader] of loaders) await loader.close();
}

/** Cold starts, by turns. Returns { sides, rows }. */
async function cold(browser, hostOf, builds) {
  const plain = await host();
  const file = sampleFile();
  const blank = Side.blank(browser, hostOf({}));
  const octlens = builds.map((build) => Side.octlens(browser, hostOf({}), build, file));
  const shipped = Side.octlens(browser, plain, builds[0], file, `octlens, ${builds[0]}, compact`);
  const peers = RUNTIMES.map((runtime) => Side.peer(browser, hostOf(runtime), runtime, token_ids));
  const sides = [blank, shipped, ...octlens, ...peers];
  for (let run = 0; run < N_COLD; run++) for (const side of sides) await side.start(browser);
  await plain.close();
  return { sides, rows: coldRows(blank, octlens, peers) };
}

const browser = await launch();
try {
  const measured = machine(browser);
  const [common, isolating] = [await benchHost({}), await benchHost(ISOLATING)];
  const hostOf = ({ isolated = false }) => (isolated ? isolating : common);
  const table = [...(await rn50(browser, hostOf)), ...(await compact(browser))];
  const builds = [...new Set(table.map(({ build }) => build))];
  const starts = await cold(browser, hostOf, builds);
  for (const server of [common, isolating]) await server.close();
  printPairs(measured, table);
  printCold(starts.sides);
  printVerdict([...table, ...starts.rows]);
  mkdirSync(OUT, { recursive: true });
  const all = [...table, ...starts.rows].map((row) => ({ ...row, ...measured }));
  writeFileSync(join(OUT, "bench.json"), `${JSON.stringify(all, null, 2)}\n`);
} finally {
  await browser.close();
}
