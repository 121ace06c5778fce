// What the service worker answers, and whom it asks: without a browser, its script alone.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createContext, runInContext } from "node:vm";

import { DIST } from "./page.mjs";
import { siteFiles } from "./next.mjs";

const SCOPE = "https://host.test/some/where/";

/** Runs the built script as a browser would, with nothing kept and a host that answers 200. Returns its listeners, and what it asked. */
function started() {
  const listeners = {};
  const asked = [];
  const self = {
    registration: { scope: SCOPE },
    clients: { matchAll: async () => [], claim: async () => undefined },
    addEventListener: (kind, listener) => (listeners[kind] = listener),
    skipWaiting: async () => undefined,
  };
  class Asked {
    constructor(request, init) {
      Object.assign(this, request, init);
    }
  }
  const fetch = async (request, init) => {
    asked.push(typeof request === "string" ? { url: request, ...init } : request);
    return new Response("?");
  };
  const caches = { keys: async () => [], open: async () => ({ match: async () => undefined, put: async () => undefined }) };
  const globals = { self, caches, fetch, Request: Asked, Response, Headers, TextDecoder, WebAssembly, crypto, setTimeout };
  runInContext(readFileSync(join(DIST, "sw.js"), "utf8"), createContext(globals));
  return { listeners, asked };
}

/** Whether a request is answered by the service worker, and what it asked for. */
async function answers({ url, method = "GET", mode = "cors" }) {
  const { listeners, asked } = started();
  let answer = null;
  listeners.fetch({ request: { url, method, mode }, respondWith: (promise) => (answer = promise) });
  await answer;
  return { isAnswered: answer !== null, asked };
}

test("what is sent, what is elsewhere, and what the page keeps itself is not touched", async () => {
  const [file] = Object.keys(siteFiles());
  const untouched = [
    { url: SCOPE + file, method: "POST" },
    { url: SCOPE + file, method: "HEAD" },
    { url: SCOPE + file, method: "PUT" },
    { url: "https://elsewhere.test/app-0123456789abcdef.js" },
    { url: "https://host.test/other/app-0123456789abcdef.js" },
    { url: "https://host.test/some/where/else/", mode: "navigate" },
    { url: `${SCOPE}weights/index.json` },
    { url: `${SCOPE}weights/compact.safetensors?v=0123456789ab` },
    { url: `${SCOPE}constructor` },
    { url: `${SCOPE}no/such/file.json` },
    { url: "blob:https://host.test/0123" },
  ];
  for (const request of untouched) {
    assert.deepEqual(await answers(request), { isAnswered: false, asked: [] }, JSON.stringify(request));
  }
});

test("a file of the site is asked for at its own address, and may not be sent elsewhere", async () => {
  for (const path of Object.keys(siteFiles())) {
    const { isAnswered, asked } = await answers({ url: SCOPE + path });
    assert.ok(isAnswered, path);
    assert.deepEqual(asked.map(({ url, redirect }) => [url, redirect]), [[SCOPE + path, "error"]]);
  }
});

test("the page is asked for as the browser asks, with any query", async () => {
  for (const url of [SCOPE, `${SCOPE}?kernels=simd128`, `${SCOPE}index.html#top`]) {
    const { isAnswered, asked } = await answers({ url, mode: "navigate" });
    assert.ok(isAnswered, url);
    assert.deepEqual(asked, [{ url, method: "GET", mode: "navigate" }]);
  }
});

test("every file of the site but the weights is listed", async () => {
  const { readdirSync } = await import("node:fs");
  const files = readdirSync(DIST, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(DIST.length + 1).replaceAll("\\", "/"))
    .filter((path) => path !== "sw.js" && !path.startsWith("weights/"));
  const listed = Object.keys(siteFiles()).map((path) => path.split("?")[0]);
  assert.deepEqual(listed.sort(), files.sort());
});
