// onnxruntime-web on one thread: owns the sessions, answers one request after the other.

import * as ort from "./ort/ort.wasm.bundle.min.mjs";

ort.env.wasm.numThreads = 1;
ort.env.wasm.wasmPaths = new URL("./ort/", import.meta.url).href;

/** Numbers of one image's `pixel_values`, in rn50_onnx.py's order. */
const IMAGE_DIMS = [1, 3, 224, 224];
const IMAGE_SIZE = IMAGE_DIMS.reduce((n, d) => n * d);

const sessions = new Map();
let pixels;

/** A file's bytes from the Cache API, where octlens keeps its weights too. */
async function cached(file) {
  const cache = await caches.open("octlens-bench-peer");
  if (!(await cache.match(file))) await cache.add(file);
  return (await cache.match(file)).arrayBuffer();
}

async function load(names) {
  for (const name of names) {
    const bytes = new Uint8Array(await cached(`./models/${name}.onnx`));
    sessions.set(name, await ort.InferenceSession.create(bytes, { executionProviders: ["wasm"] }));
  }
  return {};
}

async function input({ sample, token_ids }) {
  if (token_ids) return new ort.Tensor("int64", BigInt64Array.from(token_ids, BigInt), [1, token_ids.length]);
  pixels ??= new Float32Array(await (await fetch("./models/pixel_values.f32")).arrayBuffer());
  return new ort.Tensor("float32", pixels.slice(sample * IMAGE_SIZE, (sample + 1) * IMAGE_SIZE), IMAGE_DIMS);
}

async function run(name, asked) {
  const session = sessions.get(name);
  const feeds = { [session.inputNames[0]]: await input(asked) };
  const start = performance.now();
  const outputs = await session.run(feeds);
  const ms = performance.now() - start;
  return { ms, output: [...outputs[session.outputNames[0]].data] };
}

let last = Promise.resolve();
onmessage = ({ data }) => {
  last = last
    .then(() => (data.load ? load(data.load) : run(data.run, data)))
    .catch((error) => ({ error: String(error) }))
    .then((answer) => postMessage(answer));
};
