// Both sides must compute the same: how close their embeddings are to the float model's.

import { execFileSync } from "node:child_process";
import { join } from "node:path";

import { DIST } from "../browser/page.mjs";

export function cosine(a, b) {
  const dot = (a, b) => a.reduce((sum, v, i) => sum + v * b[i], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

/** octlens's embeddings by `train embed`, which computes the same integers as the page: { images, text }. */
export function octlensEmbeddings(weights, samples, caption, token_ids) {
  const images = samples.flatMap((file) => ["--image", join(DIST, "samples", file)]);
  const args = ["embed", "--weights", weights, ...images, "--text", caption, "--json"];
  const printed = execFileSync(process.env.OCTLENS_TRAIN, args, { encoding: "utf8", maxBuffer: 1 << 26 });
  const { images: ours, texts } = JSON.parse(printed);
  if (String(texts[0].token_ids) !== String(token_ids)) throw new Error("both sides must read the same tokens");
  return { images: ours.map(({ embedding }) => embedding), text: texts[0].embedding };
}
