// Another build of the built site: the same files with another build id, and other names by content.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";

import { DIST, Visit, host, launch } from "./page.mjs";

/** Another text of the same length. */
const flip = (hex) => [...hex].map((digit) => (15 - parseInt(digit, 16)).toString(16)).join("");
const renamed = (name) => name.replace(/-([0-9a-f]{8,16})/, (_, hash) => `-${flip(hash)}`);
const isProgram = (file) => /^(app|worker).*\.(js|bin)$/.test(file);

/** The build that a visit is of. */
export const buildOf = (visit) => visit.attribute("build", "title");

/**
 * The `build` of `dist/`, and the `next` one: its `build` and its `folder`, which `remove()` deletes; `ofNext(bytes)` makes a
 * module of it. Its service worker is that of `dist/` until `withServiceWorker()` writes its own.
 */
export async function nextBuild() {
  const browser = await launch();
  const own = await host();
  const visit = await Visit.start(browser, own.url);
  const build = await buildOf(visit);
  await visit.close();
  await own.close();
  await browser.close();
  assert.match(build, /^[0-9a-f]{16}$/);

  const ofNext = (packed) => {
    const text = gunzipSync(packed).toString("latin1");
    assert.ok(text.includes(build), "a module names its build");
    return gzipSync(Buffer.from(text.replaceAll(build, flip(build)), "latin1"));
  };
  const folder = mkdtempSync(join(tmpdir(), "octlens-next-"));
  const edit = (file, change) => {
    const path = join(folder, file);
    writeFileSync(path, change(readFileSync(path)));
  };
  cpSync(DIST, folder, { recursive: true });
  for (const file of readdirSync(folder).filter(isProgram)) {
    if (file.endsWith(".bin")) edit(file, ofNext);
    renameSync(join(folder, file), join(folder, renamed(file)));
  }
  edit("index.html", (html) => html.toString("utf8").replaceAll(/(app|worker|worker_relaxed)-[0-9a-f]{8,16}/g, renamed));

  const withServiceWorker = () => {
    const id = /data-build="([0-9a-f]{16})"/.exec(readFileSync(join(DIST, "index.html"), "utf8"))[1];
    edit("index.html", (html) => html.toString("utf8").replace(id, flip(id)));
    edit("sw.js", (script) => {
      const files = Object.entries(siteFiles()).map(([path, hash]) =>
        isProgram(path) ? [renamed(path), sha256(readFileSync(join(folder, renamed(path))))] : [path, hash],
      );
      const text = script.toString("utf8").replace(id, flip(id));
      return text.replace(/^const FILES = .*$/m, `const FILES = ${JSON.stringify(Object.fromEntries(files))};`);
    });
  };
  const remove = () => rmSync(folder, { recursive: true, force: true });
  return { build, next: { build: flip(build), folder, withServiceWorker, remove }, ofNext };
}

/** What the service worker of `dist/` keeps: path, as it is asked for, and SHA-256. */
export function siteFiles() {
  const line = /^const FILES = (.*);$/m.exec(readFileSync(join(DIST, "sw.js"), "utf8"));
  return JSON.parse(line[1]);
}

export function sha256(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}
