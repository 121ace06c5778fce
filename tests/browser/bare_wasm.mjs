// A wasm module in a browser's page without the glue that wasm-bindgen would make for it.

import { readFileSync } from "node:fs";

/** Puts the exports of `file` into `page`'s `window.wasm`. */
export function loadBareWasm(page, file) {
  return page.evaluate(async (base64) => {
    const module = await WebAssembly.compile(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)));
    // wasm-bindgen's leftovers: nothing that is exported calls them.
    const imports = {};
    for (const { module: from, name } of WebAssembly.Module.imports(module)) (imports[from] ??= {})[name] = () => {};
    window.wasm = (await WebAssembly.instantiate(module, imports)).exports;
  }, readFileSync(file).toString("base64"));
}
