// The service worker: keeps the site of one build, so that the page opens and works without its host.
//
// It answers GETs of files of this site only, from what it keeps or from the host, and asks nobody else. Models are none of its
// business: the page keeps those itself, verified (src/web/fetch/store.rs).
//
// A file whose name holds a hash is always the same, so it comes from what is kept. Another one (index.html, the samples) comes
// from the host, and from what is kept only where the host does not answer: a new version is then seen at once, and two builds
// never mix, as index.html names the files that belong to it.
"use strict";

// .ci/name-by-content writes the two lines: an id of this build, and the SHA-256 of each of its files.
const BUILD = "";
const FILES = {};

const { scope } = self.registration;
/** The caches of this site; other sites of one origin have other scopes. */
const PREFIX = `octlens-site ${scope} `;
const CACHE = PREFIX + BUILD;
const PAGE = "index.html";
/** So long the host may take before a file that is kept is taken instead. */
const PATIENCE_MS = 4000;
/** In a name or a query: a hash. boot.js?v=…, app-….js, worker-….bin */
const HASHED = /(-[0-9a-f]{8,16}[._]|\?v=[0-9a-f]{16}$)/;
/** Headers that say how the host sent the bytes, and of no use for the bytes alone. */
const OF_TRANSFER = ["content-encoding", "content-length", "transfer-encoding", "vary"];
/** A module with one relaxed SIMD instruction, as in boot.js, which chooses the worker by it. */
const RELAXED_MODULE = [
  0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x01, 0x60, 0x03, 0x7b, 0x7b, 0x7b, 0x01, 0x7b, 0x03, 0x02, 0x01,
  0x00, 0x0a, 0x0d, 0x01, 0x0b, 0x00, 0x20, 0x00, 0x20, 0x01, 0x20, 0x02, 0xfd, 0x93, 0x02, 0x0b,
];

self.addEventListener("install", (event) => event.waitUntil(fill()));
// The page of the first visit is served as well.
self.addEventListener("activate", (event) => event.waitUntil(forget().then(() => self.clients.claim())));

self.addEventListener("fetch", (event) => {
  const path = pathOf(event.request);
  if (path === null) return;
  if (HASHED.test(path)) event.respondWith(kept(event.request, path));
  else if (isOwn(path)) event.respondWith(fresh(event.request, path));
});

self.addEventListener("message", (event) => {
  const { ask, build } = event.data ?? {};
  // The page is of this build already, or its visitor wants it to be.
  if (ask === "switch" || (ask === "hello" && build === BUILD)) event.waitUntil(self.skipWaiting().then(forget));
  else if (ask === "update") event.waitUntil(self.registration.update().catch(() => undefined));
  else if (ask === "hello") event.source?.postMessage({ isOtherBuild: true });
});

/** Keeps every file that this browser needs. What an earlier build had as well is copied; what is kept already stays. */
async function fill() {
  const other = WebAssembly.validate(new Uint8Array(RELAXED_MODULE)) ? /^worker-/ : /^worker_relaxed-/;
  // Last, as the page works without them.
  const isSample = (path) => path.startsWith("samples/");
  const paths = Object.keys(FILES).filter((path) => !other.test(path));
  for (const path of paths.sort((a, b) => isSample(a) - isSample(b))) {
    try {
      if (!(await own(path))) await keep(path, (await earlier(path)) ?? (await ask(path)));
    } catch (error) {
      if (!isSample(path)) throw error;
    }
  }
}

/** Deletes earlier builds, unless another tab may need their files, or a later one is being kept. */
async function forget() {
  if (self.registration.waiting || self.registration.installing) return;
  const tabs = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  if (tabs.filter(({ url }) => url.startsWith(scope)).length > 1) return;
  for (const name of await caches.keys()) {
    if (name.startsWith(PREFIX) && name !== CACHE) await caches.delete(name);
  }
}

/** The path of a file of this site, relative to it and with its query; null for what is none of our business. */
function pathOf({ method, mode, url }) {
  if (method !== "GET" || !url.startsWith(scope)) return null;
  const path = url.slice(scope.length).split("#")[0];
  // The page reads its query itself.
  if (mode === "navigate") return ["", PAGE].includes(path.split("?")[0]) ? PAGE : null;
  return path.startsWith("weights/") ? null : path;
}

async function kept(request, path) {
  const response = (await own(path)) ?? (await earlier(path));
  if (response) return response;
  if (!isOwn(path)) return toHost(request);
  // It was deleted by the browser, or this is the other worker.
  const asked = await toHost(request);
  if (asked.ok) await keep(path, asked.clone()).catch(() => undefined);
  return asked;
}

async function fresh(request, path) {
  const asked = toHost(request);
  const silence = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
  const response = await Promise.race([asked.catch(() => undefined), silence]);
  // A host that is down may have a proxy that answers.
  if (response && response.status < 500) return response;
  return (await own(path)) ?? asked;
}

const isOwn = (path) => Object.hasOwn(FILES, path);

/** The page may be sent elsewhere, to a login; a file of it may not: no policy applies here. */
function toHost(request) {
  return fetch(request.mode === "navigate" ? request : new Request(request, { redirect: "error" }));
}

async function own(path) {
  return (await caches.open(CACHE)).match(scope + path);
}

/** A file of another build that is kept; the same one, if its name holds a hash. */
async function earlier(path) {
  if (path === PAGE) return undefined;
  for (const name of await caches.keys()) {
    if (!name.startsWith(PREFIX) || name === CACHE) continue;
    const response = await (await caches.open(name)).match(scope + path);
    if (response && (!isOwn(path) || (await isListed(path, await response.clone().arrayBuffer())))) return response;
  }
  return undefined;
}

/** Asks for a file; only one whose name holds a hash may come from the browser's HTTP cache. */
function ask(path) {
  return fetch(scope + path, { cache: HASHED.test(path) ? "default" : "no-cache", redirect: "error" });
}

/** Keeps a file that is as it is listed, and rejects another one: the site may be changing, or half copied. */
async function keep(path, response) {
  const bytes = await response.arrayBuffer();
  if (!response.ok || !(await isListed(path, bytes))) throw new Error(`${path} is not that of build ${BUILD}`);
  const headers = new Headers(response.headers);
  for (const name of OF_TRANSFER) headers.delete(name);
  await (await caches.open(CACHE)).put(scope + path, new Response(bytes, { headers }));
}

async function isListed(path, bytes) {
  // Some hosts add a line to pages. It has to be that of this build.
  if (path === PAGE) return new TextDecoder().decode(bytes).includes(`data-build="${BUILD}"`);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("") === FILES[path];
}
