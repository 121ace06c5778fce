// onnxruntime-web for peer_worker.js.

import * as ort from "./ort/ort.wasm.bundle.min.mjs";

export function start({ threads }) {
  ort.env.wasm.numThreads = Number(threads);
  ort.env.wasm.wasmPaths = new URL("./ort/", import.meta.url).href;
  return {
    extension: "onnx",
    load: (bytes) => ort.InferenceSession.create(bytes, { executionProviders: ["wasm"] }),
    async run(session, { token_ids, values, dims }) {
      const tensor = token_ids
        ? new ort.Tensor("int64", BigInt64Array.from(token_ids, BigInt), [1, token_ids.length])
        : new ort.Tensor("float32", values, dims);
      const outputs = await session.run({ [session.inputNames[0]]: tensor });
      return outputs[session.outputNames[0]].data;
    },
  };
}
