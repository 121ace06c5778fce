// Starts the app, or says why it does not start. A file of its own, so that the page's Content-Security-Policy needs no
// exception for inline scripts.
(() => {
  "use strict";
  const { js, wasm } = document.currentScript.dataset;
  const beside = (path) => new URL(path, document.baseURI).href;
  /** In the session's storage: this tab was reloaded because parts of the app were missing. */
  const RELOADED = "octlens-app-reloaded";
  const EMPTY_MODULE = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
  // One function that returns a vector, as the app's do: () → v128, i32x4.splat(0).
  const VECTOR_MODULE = [
    ...EMPTY_MODULE, 0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b, 0x03, 0x02, 0x01, 0x00, 0x0a, 0x08, 0x01, 0x06, 0x00, 0x41,
    0x00, 0xfd, 0x11, 0x0b,
  ];

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
    return compiles(VECTOR_MODULE) ? null : "browser";
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

  async function start() {
    const reason = obstacle();
    say(reason ?? "starting");
    if (reason) return;
    try {
      const { default: init } = await import(beside(js));
      await init({ module_or_path: beside(wasm) });
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
