// Starts the app, or says why it does not start. A file of its own, so that the page's Content-Security-Policy needs no
// exception for inline scripts.
(() => {
  "use strict";
  const { js, wasm, worker: plainWorker, workerRelaxed: relaxedWorker } = document.currentScript.dataset;
  const beside = (path) => new URL(path, document.baseURI).href;
  /** In the session's storage: this tab was reloaded because parts of the app were missing. */
  const RELOADED = "octlens-app-reloaded";
  const EMPTY_MODULE = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
  // One function that returns a vector, as the app's do: () → v128, i32x4.splat(0).
  const VECTOR_MODULE = [
    ...EMPTY_MODULE, 0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b, 0x03, 0x02, 0x01, 0x00, 0x0a, 0x08, 0x01, 0x06, 0x00, 0x41,
    0x00, 0xfd, 0x11, 0x0b,
  ];
  // One function that returns `i32x4.relaxed_dot_i8x16_i7x16_add_s` of its three arguments: (v128, v128, v128) → v128.
  const RELAXED_MODULE = [
    ...EMPTY_MODULE, 0x01, 0x08, 0x01, 0x60, 0x03, 0x7b, 0x7b, 0x7b, 0x01, 0x7b, 0x03, 0x02, 0x01, 0x00, 0x0a, 0x0d, 0x01, 0x0b,
    0x00, 0x20, 0x00, 0x20, 0x01, 0x20, 0x02, 0xfd, 0x93, 0x02, 0x0b,
  ];
  /** In the page's URL: the worker without relaxed SIMD even where the browser has them (for measurements). */
  const PLAIN_WORKER_QUERY = "kernels=simd128";

  /** Shows the line of index.html for `reason`. */
  function say(reason) {
    const boot = document.querySelector(".boot");
    if (boot) boot.dataset.reason = reason;
  }

  function compiles(module) {
    try {
      return Boolean(new WebAssembly.Module(new Uint8Array(module)));
    } catch {
      return false;
    }
  }

  /** What keeps the app from starting here; null if nothing is known to. */
  function obstacle() {
    if (location.protocol === "file:") return "file";
    if (typeof WebAssembly !== "object") return "browser";
    // A policy forbids to compile any module.
    if (!compiles(EMPTY_MODULE)) return "policy";
    return compiles(VECTOR_MODULE) && typeof DecompressionStream === "function" ? null : "browser";
  }

  /** A module, which the site holds compressed with gzip, as it is compiled while it comes. For the worker too. */
  async function unpacked(url) {
    const { ok, status, body } = await fetch(url);
    if (!ok) throw new Error(`${url}: HTTP status ${status}`);
    const headers = { "content-type": "application/wasm" };
    return new Response(body.pipeThrough(new DecompressionStream("gzip")), { headers });
  }

  /** Whether the tab is being reloaded, which it is once: a cached index.html may name files of an earlier build. */
  function reloadsOnce() {
    try {
      if (sessionStorage.getItem(RELOADED)) return false;
      sessionStorage.setItem(RELOADED, "yes");
    } catch {
      return false;
    }
    location.reload();
    return true;
  }

  /** The files of the fastest worker that this browser can run, without their endings. */
  function workerFiles() {
    const isPlainWanted = location.search.slice(1).split("&").includes(PLAIN_WORKER_QUERY);
    return beside(!isPlainWanted && compiles(RELAXED_MODULE) ? relaxedWorker : plainWorker);
  }

  /**
   * Runs in the worker: asks for the list of models, and for the weights that it names first unless they are kept, while the
   * worker's module is still coming. Whoever fetches a file later takes what was asked for here (src/web/fetch/download.rs).
   */
  function askAhead(list) {
    const asked = new Map();
    // A stream that fails forgets what nobody has read yet. Here the failure is told after all that has come.
    const withAllThatCame = ({ body, status, statusText, headers }) => {
      const reader = body.getReader();
      const steps = [];
      let heard = () => undefined;
      const note = (step) => {
        steps.push(step);
        heard();
      };
      const pump = () =>
        reader.read().then(
          (step) => {
            note(step);
            if (!step.done) pump();
          },
          (error) => note({ error }),
        );
      pump();
      const pull = async (controller) => {
        if (steps.length === 0) await new Promise((resolve) => (heard = resolve));
        const { value, done, error } = steps.shift();
        if (error) controller.error(error);
        else if (done) controller.close();
        else controller.enqueue(value);
      };
      const stream = new ReadableStream({ pull, cancel: (reason) => reader.cancel(reason) }, { highWaterMark: 0 });
      return new Response(stream, { status, statusText, headers });
    };
    const ask = (url, cache) => {
      const abort = new AbortController();
      const answer = fetch(url, { cache, signal: abort.signal });
      const response = answer.then((response) => (response.body ? withAllThatCame(response) : response));
      asked.set(url, { response, abort });
      return response;
    };
    self.octlensAsked = (url) => {
      const one = asked.get(url);
      asked.delete(url);
      return one;
    };
    const weights = async () => {
      const { models } = await (await ask(list, "no-cache")).clone().json();
      const choosable = models.filter(({ kind }) => kind !== "baseline");
      const { file, sha256 } = choosable.find((model) => model.default) ?? choosable[0];
      const url = new URL(`${file}?v=${sha256.slice(0, 12)}`, list).href;
      if (!(await self.caches?.match(url))) await ask(url, "default");
    };
    // Whoever takes them hears of what goes wrong.
    weights().catch(() => undefined);
  }

  /**
   * Starts the worker from a blob, so that it inherits the page's Content-Security-Policy: a worker that is loaded by URL has
   * only the policy that its host sends, and plain hosts send none. An import of the script itself would have to be allowed as a
   * worker by URL; one at run time is a script of the page's own origin. An error after it would otherwise end in a promise of
   * which the page hears nothing.
   */
  function startWorker({ isFirst }) {
    const files = workerFiles();
    const script = `
      ${isFirst ? `(${askAhead})(${JSON.stringify(beside("weights/index.json"))});` : ""}
      import(${JSON.stringify(`${files}.js`)})
        .then(({ default: init }) => init({ module_or_path: (${unpacked})(${JSON.stringify(`${files}.bin`)}) }))
        .catch((error) => setTimeout(() => { throw error; }));`;
    const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
    const worker = new Worker(url, { type: "module" });
    worker.addEventListener("message", () => URL.revokeObjectURL(url), { once: true });
    return worker;
  }

  const WORKER_EVENTS = ["message", "error", "messageerror"];

  /** The worker that starts while the app is still coming; what it says until then is kept. */
  function startWorkerAhead() {
    const worker = startWorker({ isFirst: true });
    const said = [];
    const note = (event) => said.push(event);
    for (const type of WORKER_EVENTS) worker.addEventListener(type, note);
    return (listen) => {
      for (const type of WORKER_EVENTS) {
        worker.removeEventListener(type, note);
        worker.addEventListener(type, listen);
      }
      queueMicrotask(() => said.forEach(listen));
      return worker;
    };
  }

  let takeWorker = null;
  // For the app: a worker whose events go to `listen`. The first one has been started already.
  globalThis.octlens = {
    worker(listen) {
      const take = takeWorker;
      takeWorker = null;
      if (take) return take(listen);
      const worker = startWorker({ isFirst: false });
      for (const type of WORKER_EVENTS) worker.addEventListener(type, listen);
      return worker;
    },
  };

  async function start() {
    const reason = obstacle();
    say(reason ?? "starting");
    if (reason) return;
    try {
      takeWorker = startWorkerAhead();
    } catch {
      // The app hears of it when it starts one itself.
    }
    try {
      const { default: init } = await import(beside(js));
      await init({ module_or_path: unpacked(beside(wasm)) });
      // An app of an earlier build starts its own.
      takeWorker?.(() => undefined).terminate();
      takeWorker = null;
    } catch (error) {
      console.error(error);
      // The app was whole and broke off.
      if (error instanceof WebAssembly.RuntimeError) say("stuck");
      else if (!reloadsOnce()) say("missing");
      return;
    }
    try {
      sessionStorage.removeItem(RELOADED);
    } catch {
      // Without storage the tab was not reloaded either.
    }
  }

  start();
})();
