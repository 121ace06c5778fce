// A minimal static server: no special headers, no rewriting, one folder under one path. It can be bad on purpose.
// It knows nothing of octlens.

import { readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize, sep } from "node:path";

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".wasm": "application/wasm",
};

function fileOf(folder, path) {
  const file = join(folder, normalize(decodeURIComponent(path)));
  if (file !== folder && !file.startsWith(folder.endsWith(sep) ? folder : folder + sep)) return null;
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat?.isDirectory()) return fileOf(folder, join(path, "index.html"));
  return stat ? file : null;
}

/** How long a slow host waits between two chunks. */
const SLOW_PAUSE_MS = 40;
const N_SLOW_PIECES = 16;
/** How long after its last byte a connection breaks: browsers drop what a page has not read by then. */
const BREAK_AFTER_MS = 1500;

async function sendSlowly(response, bytes) {
  const size = Math.ceil(bytes.length / N_SLOW_PIECES);
  for (let at = 0; at < bytes.length; at += size) {
    response.write(bytes.subarray(at, at + size));
    await new Promise((resolve) => setTimeout(resolve, SLOW_PAUSE_MS));
  }
  response.end();
}

/**
 * Sends the file, or from where a `Range` asks for it, and stops after `nBytes`: for ever, or by breaking the connection.
 */
export function sendPart({ request, response, bytes, type }, { nBytes, breaks = false }) {
  const start = rangeStart(request) ?? 0;
  writeRangeHead({ request, response, bytes, type });
  const halted = () => breaks && setTimeout(() => response.destroy(), BREAK_AFTER_MS);
  response.write(bytes.subarray(start, start + nBytes), halted);
}

/** Sends the file from where a `Range` asks for it. */
export function sendRange(exchange) {
  writeRangeHead(exchange);
  exchange.response.end(exchange.bytes.subarray(rangeStart(exchange.request) ?? 0));
}

export function rangeStart(request) {
  const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? "");
  return range && Number(range[1]);
}

function writeRangeHead({ request, response, bytes, type }) {
  const start = rangeStart(request);
  const headers = { "content-type": type, "content-length": bytes.length - (start ?? 0) };
  if (start === null) response.writeHead(200, headers);
  else response.writeHead(206, { ...headers, "content-range": `bytes ${start}-${bytes.length - 1}/${bytes.length}` });
}

/**
 * Serves `folder` (or what it returns, if it is a function) under `subPath` ("/a/b/") on a free port of this machine. A host may be bad on purpose:
 * `change(path, bytes)` gives other bytes, or null for none, or a promise of either; files for which `isSlow(path)` come piece by piece.
 * `headers(path)` are sent with a file; `answer(path, { request, response, bytes, type })` may send it itself, and then
 * returns true; `onAsked(url)` hears of every request. `mounts` are other folders by the path ("bench/") below which they are served; the first that fits counts.
 * Returns { url, asked, close }; `asked` lists the paths in `folder` that were asked for.
 */
export async function serve(folder, subPath = "/", options = {}) {
  const { change = (_, bytes) => bytes, isSlow = () => false, headers = () => ({}), answer = () => false } = options;
  const { mounts = {}, onAsked = () => {} } = options;
  const folderNow = typeof folder === "function" ? folder : () => folder;
  const asked = [];
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://host");
    const path = pathname.startsWith(subPath) ? pathname.slice(subPath.length) : null;
    asked.push(path ?? pathname);
    onAsked(request.url);
    const [at, from] = [...Object.entries(mounts), ["", folderNow()]].find(([at]) => path?.startsWith(at)) ?? [];
    const file = from === undefined ? null : fileOf(from, path.slice(at.length));
    const bytes = file && (await change(path, readFileSync(file)));
    if (!bytes) {
      response.writeHead(404, { "content-type": "text/plain" }).end("not found");
      return;
    }
    const type = TYPES[extname(file)] ?? "application/octet-stream";
    if (answer(path, { request, response, bytes, type })) return;
    response.writeHead(200, { "content-type": type, "content-length": bytes.length, ...headers(path) });
    await (isSlow(path) ? sendSlowly(response, bytes) : response.end(bytes));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () =>
    new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${server.address().port}${subPath}`, asked, close };
}
