// Owns the models of one runtime and answers one request after the other. A classic worker, because LiteRT.js loads its
// glue by importScripts.

/** Numbers of one image's `pixel_values`, in rn50_onnx.py's order. */
const IMAGE_DIMS = [1, 3, 224, 224];
const IMAGE_SIZE = IMAGE_DIMS.reduce((n, d) => n * d);

const options = Object.fromEntries(new URL(location).searchParams);
const runtime = import(`./${options.runtime}.mjs`).then(({ start }) => start(options));

const models = new Map();
const unstored = [];
let pixels;

/** A file's bytes from the Cache API, where octlens keeps its weights too; the first time from the host, not waiting for the cache. */
async function bytesOf(file) {
  const cache = await caches.open("octlens-bench-peer");
  const stored = await cache.match(file);
  if (stored) return stored.arrayBuffer();
  const bytes = await (await fetch(file)).arrayBuffer();
  unstored.push([file, bytes]);
  return bytes;
}

async function store() {
  const cache = await caches.open("octlens-bench-peer");
  for (const [file, bytes] of unstored.splice(0)) await cache.put(file, new Response(bytes));
  return {};
}

async function load(names) {
  const { extension, load } = await runtime;
  for (const name of names) {
    models.set(name, await load(new Uint8Array(await bytesOf(`./models/${name}.${extension}`))));
  }
  return {};
}

async function input({ sample, token_ids }) {
  if (token_ids) return { token_ids };
  pixels ??= new Float32Array(await (await fetch("./models/pixel_values.f32")).arrayBuffer());
  return { values: pixels.slice(sample * IMAGE_SIZE, (sample + 1) * IMAGE_SIZE), dims: IMAGE_DIMS };
}

/** From numbers to numbers: copying them into and out of the runtime's memory counts. */
async function run(name, asked) {
  const [{ run }, given] = [await runtime, await input(asked)];
  const start = performance.now();
  const output = await run(models.get(name), given);
  return { ms: performance.now() - start, output: [...output] };
}

function answer(request) {
  if (request.load) return load(request.load);
  return request.store ? store() : run(request.run, request);
}

let last = Promise.resolve();
onmessage = ({ data }) => {
  last = last
    .then(() => answer(data))
    .catch((error) => ({ error: String(error?.stack ?? error) }))
    .then(postMessage);
};
