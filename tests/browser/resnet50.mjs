// Writes a ResNet-50 with weights of the usual size, as torchvision's state dict in safetensors. Knows no page.

import { writeFileSync } from "node:fs";

const LAYERS = [3, 4, 6, 3];
const WIDTH = 64;
/** A bottleneck's output has four times its inner channels. */
const EXPANSION = 4;
/** The last norm of a block, so that sixteen blocks on top of each other do not swell. */
const BLOCK_SHARE = 0.3;

/** Every tensor of the backbone by torchvision's names, in its shape. */
function shapes() {
  const found = [];
  const convBn = (conv, bn, cIn, cOut, kernel) => {
    found.push([`${conv}.weight`, [cOut, cIn, kernel, kernel]]);
    for (const part of ["weight", "bias", "running_mean", "running_var"]) found.push([`${bn}.${part}`, [cOut]]);
  };
  convBn("conv1", "bn1", 3, WIDTH, 7);
  let cIn = WIDTH;
  LAYERS.forEach((nBlocks, i) => {
    const planes = WIDTH << i;
    for (let block = 0; block < nBlocks; block++) {
      const at = `layer${i + 1}.${block}`;
      convBn(`${at}.conv1`, `${at}.bn1`, cIn, planes, 1);
      convBn(`${at}.conv2`, `${at}.bn2`, planes, planes, 3);
      convBn(`${at}.conv3`, `${at}.bn3`, planes, planes * EXPANSION, 1);
      if (block === 0) convBn(`${at}.downsample.0`, `${at}.downsample.1`, cIn, planes * EXPANSION, 1);
      cIn = planes * EXPANSION;
    }
  });
  return found;
}

/** Numbers in -1…1, the same ones for the same seed. */
function drawing(seed) {
  let state = seed >>> 0;
  return () => {
    // xorshift32 (Marsaglia 2003)
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 31 - 1;
  };
}

/** Writes such a file; the same `seed`, not 0, draws the same weights. */
export function writeResnet50(path, seed = 1) {
  const draw = drawing(seed);
  const header = {};
  const parts = [];
  let at = 0;
  for (const [name, shape] of shapes()) {
    const values = new Float32Array(shape.reduce((a, b) => a * b));
    if (shape.length === 4) {
      // He et al. 2015: a variance of 2 / fan-in.
      const bound = Math.sqrt(6 / (shape[1] * shape[2] * shape[3]));
      for (let i = 0; i < values.length; i++) values[i] = bound * draw();
    } else if (/running_var$|weight$/.test(name)) {
      values.fill(name.endsWith("bn3.weight") ? BLOCK_SHARE : 1);
    }
    header[name] = { dtype: "F32", shape, data_offsets: [at, at + values.byteLength] };
    parts.push(Buffer.from(values.buffer));
    at += values.byteLength;
  }
  const json = Buffer.from(JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(json.length));
  writeFileSync(path, Buffer.concat([size, json, ...parts]));
}
