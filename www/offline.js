// Lets the site be kept for use without its host, and notices a new version of it (www/sw.js does the keeping).
//
// index.html runs this before its second policy, which forbids every worker that is loaded by URL. Browsers that keep nothing, on
// plain http or in private windows, lack what is asked for here, and the page works without.
(() => {
  "use strict";
  const { build } = document.currentScript.dataset;
  const root = document.documentElement;
  const container = navigator.serviceWorker;
  /** A tab that is looked at again asks for a new version, at most so often. */
  const CHECK_EVERY_MS = 3_600_000;
  let registration;
  let checked = performance.now();
  let wantsSwitch = false;

  if (!container) return;
  container.register("./sw.js", { updateViaCache: "none" }).then(watch, () => undefined);

  function watch(registered) {
    registration = registered;
    greet(registration.active);
    greet(registration.waiting);
    follow(registration.installing);
    registration.addEventListener("updatefound", () => follow(registration.installing));
  }

  function follow(worker) {
    worker?.addEventListener("statechange", () => {
      if (worker.state === "installed" || worker.state === "activated") greet(worker);
    });
  }

  /** The worker of this build takes over at once, and of an earlier one nothing is kept; a worker of another build says so. */
  function greet(worker) {
    worker?.postMessage({ ask: "hello", build });
    if (worker?.state === "activated") say("offline", "kept");
  }

  /** Tells the page (src/web/offline.rs). */
  function say(name, value) {
    root.dataset[name] = value;
    window.dispatchEvent(new Event("octlens-offline"));
  }

  container.addEventListener("message", ({ data, source }) => {
    if (!data?.isOtherBuild || source !== registration?.waiting) return;
    say("update", "ready");
  });

  // Never by itself: scans may be open (src/web/offline.rs).
  window.addEventListener("octlens-switch", () => {
    wantsSwitch = true;
    if (registration?.waiting) registration.waiting.postMessage({ ask: "switch" });
    else location.reload();
  });
  container.addEventListener("controllerchange", () => wantsSwitch && location.reload());

  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible" || performance.now() - checked < CHECK_EVERY_MS) return;
    checked = performance.now();
    // By the worker: Chromium has this page's second policy count for an update that the page asks for.
    registration?.active?.postMessage({ ask: "update" });
  });
})();
