// The runtimes that octlens is compared with, and which of their models do the same work.

import { readFileSync } from "node:fs";
import { join } from "node:path";

import { ROOT } from "../browser/page.mjs";

export const BENCH = join(ROOT, "tests", "bench");
const { devDependencies: versions } = JSON.parse(readFileSync(join(BENCH, "package.json"), "utf8"));

/** What each names its work after; the first model of a kind is the one that a cold start loads. */
const LITERT = {
  runtime: "litert",
  models: {
    image: { image_int8: "static int8" },
    text: { text_15_int8: "static int8, 15 tokens", text_15_dynamic: "dynamic int8, 15 tokens" },
  },
};

/**
 * `runtime` is the script that runs it, `besides` the builds of octlens with the same instructions, `glue` the script of
 * LiteRT.js's build. A runtime with `isolated` needs a page that is cross-origin isolated.
 */
export const RUNTIMES = [
  {
    runtime: "onnxruntime",
    title: `onnxruntime-web ${versions["onnxruntime-web"]}`,
    threads: 1,
    // It has no build with relaxed SIMD on npm.
    besides: ["relaxed-simd", "simd128"],
    models: {
      image: { image_int8: "static int8 (QDQ)", image_float: "float" },
      text: { text_15_int8: "dynamic int8, 15 tokens", text_77_int8: "dynamic int8, 77 tokens as exported" },
    },
  },
  {
    ...LITERT,
    title: `LiteRT.js ${versions["@litertjs/core"]}`,
    glue: "litert_wasm_internal.js",
    threads: 1,
    besides: ["relaxed-simd"],
  },
  {
    ...LITERT,
    title: `LiteRT.js ${versions["@litertjs/core"]} compat`,
    glue: "litert_wasm_compat_internal.js",
    threads: 1,
    besides: ["simd128"],
  },
  {
    ...LITERT,
    title: `LiteRT.js ${versions["@litertjs/core"]} threaded`,
    glue: "litert_wasm_threaded_internal.js",
    threads: 2,
    besides: ["relaxed-simd"],
    isolated: true,
  },
];

/** The models of a runtime that a cold start and a load use: one for images, one for texts. */
export function both({ models }) {
  return [Object.keys(models.image)[0], Object.keys(models.text)[0]];
}

/** LiteRT.js names its only dependency as bundlers want it; workers know no import maps. */
export function change(path, bytes) {
  if (path !== "bench/litert/core/dist/index.js") return bytes;
  return Buffer.from(bytes.toString().replaceAll('"@litertjs/wasm-utils"', '"../../wasm-utils/dist/index.js"'));
}

/** What makes a page cross-origin isolated, and keeps its workers so. */
export const ISOLATING = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cross-origin-resource-policy": "same-origin",
};
