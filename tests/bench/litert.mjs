// LiteRT.js on its CPU kernels (XNNPACK) for peer_worker.js.

import { Tensor, loadAndCompile, loadLiteRt } from "./litert/core/dist/index.js";

/** `glue` names the build: the script that belongs to it. */
export async function start({ glue, threads }) {
  const at = new URL(`./litert/core/wasm/${glue}`, import.meta.url);
  // In a worker the glue does not know where it came from.
  self.Module = { locateFile: (file) => new URL(file, at).href, mainScriptUrlOrBlob: at.href };
  await loadLiteRt(at.href);
  return {
    extension: "tflite",
    load: (bytes) => loadAndCompile(bytes, { accelerator: "wasm", cpuOptions: { numThreads: Number(threads) } }),
    async run(model, { token_ids, values, dims }) {
      const input = token_ids ? new Tensor(Int32Array.from(token_ids), [1, token_ids.length]) : new Tensor(values, dims);
      const [output] = await model.run(input);
      const numbers = await output.data();
      input.delete();
      output.delete();
      return numbers;
    },
  };
}
