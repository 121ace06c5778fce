// octlens and onnxruntime-web in one Chromium, one thread each, in turn: the same RN50 with the same random weights,
// the same pixels, the same caption. Prints a table and writes target/bench.json, a list of
// { name, octlens_ms, peer, peer_ms, ratio, threads, build, … }. `make bench` makes what it needs.
// BENCH_RUNS and BENCH_LOADS set the numbers of repetitions. octlens's times are those of its own report: the text encoder's includes
// tokenizer, retrieval and head, the peer's is the session's run alone. A load is from navigation to ready.

import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";

import { DIST, OUT, ROOT, host, launch, sampleFile, samples } from "../browser/page.mjs";
import { Octlens, Peer } from "./sides.mjs";

const BENCH = join(ROOT, "tests", "bench");
const MADE = join(process.env.OCTLENS_CACHE, "bench");
const N_WARM_UP = 3;
const N_RUNS = Number(process.env.BENCH_RUNS ?? 20);
const N_LOADS = Number(process.env.BENCH_LOADS ?? 5);
/** The build that every browser can run; measured as well if the page chooses another one. */
const PLAIN_BUILD = "simd128";

const ORT = JSON.parse(readFileSync(join(BENCH, "package.json"), "utf8")).devDependencies["onnxruntime-web"];
const PEERS = {
  image_int8: `onnxruntime-web ${ORT}, static int8 (QDQ)`,
  image_float: `onnxruntime-web ${ORT}, float`,
  text_77_int8: `onnxruntime-web ${ORT}, dynamic int8, 77 tokens`,
  text_15_int8: `onnxruntime-web ${ORT}, dynamic int8, 15 tokens`,
  load: `onnxruntime-web ${ORT}, int8, both encoders`,
};
const { caption, token_ids, samples: order } = JSON.parse(readFileSync(join(MADE, "models", "inputs.json"), "utf8"));
/** What exports of CLIP read: zeros up to 77. */
const PADDED = [...token_ids, ...Array(77 - token_ids.length).fill(0)];

/** Times in milliseconds, by name. */
class Times {
  #lists = {};

  add(what, ms) {
    (this.#lists[what] ??= []).push(ms);
  }

  /** The value below which `share` of the values lie (nearest rank). */
  quantile(what, share) {
    const sorted = this.#lists[what].toSorted((a, b) => a - b);
    return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  }

  /** A line of the table; `peer` and `also` name what it is compared with. */
  row(name, what, build, peer = null, also = []) {
    const octlens_ms = this.quantile(what, 0.5);
    const beside = (peer) => {
      const peer_ms = peer && this.quantile(peer, 0.5);
      return { peer: PEERS[peer] ?? null, peer_ms, ratio: peer && octlens_ms / peer_ms };
    };
    return {
      ...{ name, octlens_ms, ...beside(peer), threads: 1, build },
      // The least is nearest to an idle machine's.
      ...{ octlens_least_ms: this.quantile(what, 0), peer_least_ms: peer && this.quantile(peer, 0) },
      ...{ octlens_p95_ms: this.quantile(what, 0.95), peer_p95_ms: peer && this.quantile(peer, 0.95) },
      ...{ n_runs: this.#lists[what].length, also: also.map(beside) },
    };
  }
}

/** The page of `build`s that differ: the one that it chooses, and the plain one. */
async function octlensPages(browser, host) {
  const chosen = await Octlens.start(browser, host);
  return chosen.build === PLAIN_BUILD ? [chosen] : [chosen, await Octlens.start(browser, host, PLAIN_BUILD)];
}

async function compact(browser) {
  const server = await host();
  const pages = await octlensPages(browser, server);
  const times = pages.map(() => new Times());
  for (let run = -N_WARM_UP; run < N_RUNS; run++) {
    const file = sampleFile((run + N_WARM_UP) % samples().length);
    for (const [i, page] of pages.entries()) {
      const steps = await page.analyze(file);
      if (run >= 0) for (const [step, ms] of Object.entries(steps)) times[i].add(step, ms);
    }
  }
  for (let run = 0; run < N_LOADS; run++) {
    for (const [i, page] of pages.entries()) times[i].add("load", await page.load());
  }
  for (const page of pages) await page.close();
  await server.close();
  const steps = ["answer", "decode", "preprocess", "image_encoder", "text_encoder", "explain", "load"];
  return pages.flatMap(({ build }, i) => steps.map((step) => times[i].row(`compact_${step}`, step, build)));
}

/** The rows, and what the peer computed. */
async function rn50(browser) {
  const server = await host({
    mounts: {
      "weights/": join(MADE, "weights"),
      "bench/ort/": join(BENCH, "node_modules", "onnxruntime-web", "dist"),
      "bench/models/": join(MADE, "models"),
      "bench/": BENCH,
    },
  });
  const pages = await octlensPages(browser, server);
  const times = pages.map(() => new Times());
  const peer = await Peer.start(browser, server, ["image_int8", "image_float", "text_77_int8", "text_15_int8"]);
  const outputs = { image_int8: [], image_float: [] };
  const note = (what, ms) => times.forEach((of) => of.add(what, ms));
  for (let run = -N_WARM_UP; run < N_RUNS; run++) {
    const sample = (run + N_WARM_UP) % order.length;
    const file = sampleFile(samples().findIndex(({ file }) => file === order[sample]));
    for (const [i, page] of pages.entries()) {
      const steps = await page.analyze(file);
      const typed = await page.type(caption);
      if (run < 0) continue;
      times[i].add("image", steps.image_encoder);
      times[i].add("answer", steps.answer);
      times[i].add("text", typed.text_encoder);
    }
    const asks = {
      ...{ image_int8: { sample }, image_float: { sample } },
      ...{ text_77_int8: { token_ids: PADDED }, text_15_int8: { token_ids } },
    };
    for (const [model, asked] of Object.entries(asks)) {
      const { ms, output } = await peer.run(model, asked);
      if (run >= 0) note(model, ms);
      if (asked.token_ids) outputs[model] = output;
      else outputs[model][sample] = output;
    }
  }
  await peer.close();
  const loader = await Peer.start(browser, server, ["image_int8", "text_77_int8"]);
  for (let run = 0; run < N_LOADS; run++) {
    for (const [i, page] of pages.entries()) times[i].add("octlens_load", await page.load());
    note("load", await loader.load());
  }
  const { bytes } = JSON.parse(readFileSync(join(MADE, "weights", "index.json"), "utf8")).models[0];
  for (const page of pages) {
    const share = Number(await page.visit.attribute("status", "data-peak-bytes")) / bytes;
    console.log(`${page.build}: loading took at most ${share.toFixed(2)} times the file's ${bytes} bytes of memory`);
  }
  await loader.close();
  for (const page of pages) await page.close();
  await server.close();
  const rows = pages.flatMap(({ build }, i) => [
    times[i].row("rn50_image_encoder", "image", build, "image_int8", ["image_float"]),
    times[i].row("text_encoder_15_tokens", "text", build, "text_77_int8", ["text_15_int8"]),
    times[i].row("rn50_answer", "answer", build),
    times[i].row("load", "octlens_load", build, "load"),
  ]);
  return { rows, outputs };
}

function cosine(a, b) {
  const dot = (a, b) => a.reduce((sum, v, i) => sum + v * b[i], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

/** Both sides must compute the same: how close octlens's embeddings are to the peer's. */
function agreement(outputs) {
  const images = order.flatMap((file) => ["--image", join(DIST, "samples", file)]);
  const weights = join(MADE, "weights", "rn50.safetensors");
  const args = ["embed", "--weights", weights, ...images, "--text", caption, "--json"];
  const printed = execFileSync(process.env.OCTLENS_TRAIN, args, { encoding: "utf8", maxBuffer: 1 << 26 });
  const { images: ours, texts } = JSON.parse(printed);
  if (String(texts[0].token_ids) !== String(token_ids)) throw new Error("both sides must read the same tokens");
  const { image_int8, image_float, text_77_int8 } = outputs;
  const seen = [...image_float.keys()].filter((i) => image_float[i]);
  const least = (a, b) => Math.min(...seen.map((i) => cosine(a(i), b(i)))).toFixed(4);
  const octlens = (i) => ours[i].embedding;
  const float = (i) => image_float[i];
  const parts = [
    `octlens (train embed) and the peer's float ${least(octlens, float)}`,
    `the peer's int8 and its float ${least((i) => image_int8[i], float)}`,
    `octlens and the peer's int8 ${least(octlens, (i) => image_int8[i])}`,
    `text, octlens and the peer's int8 ${cosine(texts[0].embedding, text_77_int8).toFixed(4)}`,
    `for comparison, two scans ${cosine(float(seen[0]), float(seen.at(-1))).toFixed(4)}`,
  ];
  console.log(`Cosines, the least of ${seen.length} scans: ${parts.join("; ")}.`);
}

function print(rows) {
  const ms = (value) => (value === null ? "–" : value.toFixed(1));
  const line = (cells) => {
    const widths = [24, -12, 52, -10, -8, -9];
    console.log(cells.map((c, i) => (widths[i] < 0 ? c.padStart(-widths[i]) : c.padEnd(widths[i] ?? 0))).join("  "));
  };
  line(["name", "octlens p50", "peer", "peer p50", "ratio", "threads", "build"]);
  const beside = ({ peer, peer_ms, ratio }) => [peer ?? "–", ms(peer_ms), ratio?.toFixed(2) ?? "–"];
  for (const row of rows) {
    line([row.name, ms(row.octlens_ms), ...beside(row), String(row.threads), row.build]);
    for (const other of row.also) line(["", "", ...beside(other), String(row.threads), row.build]);
  }
}

const browser = await launch();
try {
  const load = loadavg()[0].toFixed(1);
  console.log(`Chromium ${browser.version()}, ${cpus()[0].model} (${cpus().length} cores, load ${load}), medians in ms`);
  const { rows, outputs } = await rn50(browser);
  rows.push(...(await compact(browser)));
  print(rows);
  mkdirSync(OUT, { recursive: true });
  writeFileSync(join(OUT, "bench.json"), `${JSON.stringify(rows, null, 2)}\n`);
  agreement(outputs);
} finally {
  await browser.close();
}
