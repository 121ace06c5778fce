// Nothing leaves, from the worker either: code that was planted in it reaches no other place and evaluates no text. Without the
// page's policy the same code gets through, or the test would prove nothing.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { BROWSERS, ROOT, Visit, host, launch } from "./page.mjs";

/** Another place, which notes what reaches it. */
let elsewhere;

before(async () => {
  const reached = [];
  const server = createServer((request, response) => {
    reached.push(request.url);
    response.writeHead(200, { "access-control-allow-origin": "*", "content-type": "text/javascript" });
    response.end("export default 1;");
  });
  server.on("upgrade", (request, socket) => {
    reached.push(request.url);
    socket.destroy();
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  elsewhere = { url: `127.0.0.1:${server.address().port}/`, reached, server };
});

after(() => {
  elsewhere.server.close();
  elsewhere.server.closeAllConnections();
});

/** Runs in the worker, before its model is loaded. What it attained goes to the page's own host, which is allowed. */
async function plant(elsewhere) {
  const outcome = {};
  const attempt = async (name, steps) => {
    outcome[name] = await Promise.race([
      Promise.resolve().then(steps).then(() => "done", () => "refused"),
      new Promise((resolve) => setTimeout(resolve, 3000, "refused")),
    ]);
  };
  const opened = (socket) =>
    new Promise((resolve, reject) => Object.assign(socket, { onopen: resolve, onmessage: resolve, onerror: reject }));
  const at = (name) => `http://${elsewhere}${name}`;
  const nested = (url, name) => {
    const worker = new Worker(url);
    worker.postMessage(at(name));
    return opened(worker).then(({ data }) => data === "done" || Promise.reject());
  };
  const byUrl = new URL("planted/worker.js", import.meta.url);
  const blob = URL.createObjectURL(new Blob([await (await fetch(byUrl)).text()], { type: "text/javascript" }));
  await attempt("fetch", () => fetch(at("fetch"), { mode: "no-cors" }));
  await attempt("request", () => {
    const request = new XMLHttpRequest();
    request.open("GET", at("request"), false);
    request.send();
  });
  await attempt("events", () => opened(new EventSource(at("events"))));
  await attempt("socket", () => opened(new WebSocket(`ws://${elsewhere}socket`)));
  await attempt("import", () => import(at("import")));
  await attempt("import of text", () => import("data:text/javascript,export default 1"));
  await attempt("eval", () => (0, eval)("1"));
  await attempt("Function", () => new Function("return 1")());
  await attempt("a worker of its own", () => nested(blob, "nested"));
  await attempt("a worker by URL", () => nested(byUrl, "by-url"));
  await fetch(new URL(`planted?${JSON.stringify(outcome)}`, import.meta.url));
}

/** A host whose workers hold planted code; what the code attained comes as a promise. */
async function plantingHost(changePage = (html) => html) {
  let attained;
  const outcome = new Promise((resolve) => (attained = resolve));
  const own = await host({
    mounts: { "planted/": join(ROOT, "tests", "browser", "planted") },
    change: (path, bytes) => {
      if (path === "index.html" || path === "") return Buffer.from(changePage(bytes.toString("utf8")));
      if (!/^worker.*\.js$/.test(path)) return bytes;
      return Buffer.concat([bytes, Buffer.from(`;(${plant})(${JSON.stringify(elsewhere.url)});`)]);
    },
    onAsked: (url) => {
      const { pathname, search } = new URL(url, "http://host");
      if (pathname.endsWith("/planted")) attained(JSON.parse(decodeURIComponent(search.slice(1))));
    },
  });
  return { ...own, outcome };
}

for (const name of BROWSERS) {
  describe(`in ${name}`, () => {
    let browser;
    before(async () => (browser = await launch(name)));
    after(() => browser?.close());

    async function attained(changePage) {
      elsewhere.reached.length = 0;
      const own = await plantingHost(changePage);
      const visit = await Visit.start(browser, own.url);
      try {
        const outcome = await own.outcome;
        await visit.sample(0);
        return outcome;
      } finally {
        await visit.close();
        await own.close();
      }
    }

    test("code planted in the worker attains nothing, and the page answers", async () => {
      const outcome = await attained();
      assert.ok(Object.keys(outcome).length >= 10);
      assert.deepEqual(new Set(Object.values(outcome)), new Set(["refused"]), JSON.stringify(outcome));
      assert.deepEqual(elsewhere.reached, []);
    });

    test("once the page has started, no worker and no other service worker is loaded by URL", async () => {
      const own = await plantingHost();
      const visit = await Visit.start(browser, own.url);
      const outcome = await visit.page.evaluate(async () => {
        const byUrl = new URL("planted/worker.js", document.baseURI);
        const worker = await new Promise((resolve) => {
          try {
            const started = new Worker(byUrl);
            Object.assign(started, { onerror: () => resolve("refused"), onmessage: () => resolve("done") });
            started.postMessage(new URL("planted/answer", document.baseURI).href);
          } catch {
            resolve("refused");
          }
        });
        const registered = (path, scope) =>
          navigator.serviceWorker.register(path, { scope }).then(() => "done", () => "refused");
        return [worker, await registered(byUrl, "planted/"), await registered("sw.js?other", "./")];
      });
      assert.deepEqual(outcome, ["refused", "refused", "refused"]);
      await visit.close();
      await own.close();
    });

    // The control, that shows what the probe finds where nothing stops it. Firefox has been seen to hang in it.
    test("without the policy it gets through", { skip: name !== "chromium" }, async () => {
      const outcome = await attained((html) => html.replaceAll('http-equiv="Content-Security-Policy"', 'http-equiv="No-Policy"'));
      for (const way of ["fetch", "import", "eval", "a worker of its own", "a worker by URL"]) assert.equal(outcome[way], "done", way);
      for (const way of ["fetch", "socket", "import", "nested", "by-url"]) {
        assert.ok(elsewhere.reached.includes(`/${way}`), `${way}: ${elsewhere.reached}`);
      }
    });
  });
}
