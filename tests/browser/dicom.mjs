// Reads what octlens writes: ZIP archives without compression, and DICOM in Explicit VR Little Endian.

/** Representations whose length takes four bytes (PS3.5, 7.1.2). */
const LONG = ["OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"];
const PREAMBLE = 128;

/** The files of an archive by their names. */
export function unzipped(bytes) {
  const files = {};
  for (let at = 0; bytes.readUInt32LE(at) === 0x04034b50; ) {
    const [method, size, nName, nExtra] = [
      bytes.readUInt16LE(at + 8), bytes.readUInt32LE(at + 18), bytes.readUInt16LE(at + 26), bytes.readUInt16LE(at + 28),
    ];
    if (method !== 0) throw new Error(`an entry is compressed by method ${method}`);
    const name = bytes.toString("utf8", at + 30, at + 30 + nName);
    const start = at + 30 + nName + nExtra;
    files[name] = bytes.subarray(start, start + size);
    at = start + size;
  }
  return files;
}

/** All attributes of a file in order, those in sequences too: `{ path, vr, value }`, the value as bytes. */
export function attributes(bytes) {
  if (bytes.toString("latin1", PREAMBLE, PREAMBLE + 4) !== "DICM") throw new Error("no DICOM file");
  return [...walked(bytes.subarray(PREAMBLE + 4), "")];
}

function* walked(bytes, prefix) {
  for (let at = 0; at < bytes.length; ) {
    const tag = [bytes.readUInt16LE(at), bytes.readUInt16LE(at + 2)].map((n) => n.toString(16).padStart(4, "0")).join("");
    const path = `${prefix}${tag}`;
    if (tag === "fffee000") {
      const end = at + 8 + bytes.readUInt32LE(at + 4);
      yield* walked(bytes.subarray(at + 8, end), `${path}/`);
      at = end;
      continue;
    }
    const vr = bytes.toString("latin1", at + 4, at + 6);
    const [start, size] = LONG.includes(vr)
      ? [at + 12, bytes.readUInt32LE(at + 8)]
      : [at + 8, bytes.readUInt16LE(at + 6)];
    const value = bytes.subarray(start, start + size);
    yield { path, vr, value: vr === "SQ" ? Buffer.alloc(0) : value };
    if (vr === "SQ") yield* walked(value, `${path}/`);
    at = start + size;
  }
}
