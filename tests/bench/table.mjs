// The tables that `make bench` prints.

const ms = (value) => (value === null ? "–" : value.toFixed(1));
const mb = (bytes) => (bytes === null ? "–" : (bytes / 1e6).toFixed(1));
const share = (value) => value?.toFixed(4) ?? "–";

/** `widths` below zero are for figures. */
function line(widths, cells) {
  const cell = (text, i) => (widths[i] < 0 ? text.padStart(-widths[i]) : text.padEnd(widths[i]));
  console.log(cells.map(cell).join("  ").trimEnd());
}

/** Each row of times, and what they were measured on. */
export function printPairs({ cpu, n_cores, chromium, load }, rows) {
  console.log(`\nChromium ${chromium} on ${cpu}, ${n_cores} cores, load ${load.toFixed(1)} at the start; medians in ms`);
  const widths = [24, 13, -9, 60, -9, -6, 8, -8, -8];
  line(widths, ["name", "build", "octlens", "peer", "peer", "ratio", "threads", "cosine", "peer's"]);
  for (const row of rows) {
    const threads = row.peer === null ? "1" : `${row.threads} : ${row.peer_threads}`;
    const mark = row.fastest ? " *" : "";
    line(widths, [
      ...[row.name, row.build, ms(row.octlens_ms), (row.peer ?? "–") + mark, ms(row.peer_ms)],
      ...[row.ratio?.toFixed(2) ?? "–", threads, share(row.octlens_cosine), share(row.peer_cosine)],
    ]);
  }
  console.log("* the fastest peer with as many threads. Cosine: to the float model's embedding, the least of all scans.");
}

/** Each side's cold start. */
export function printCold(sides) {
  console.log("\nCold start: from navigation to the first answer with an empty cache; medians");
  const widths = [34, -10, -12, -12, -10, -10];
  line(widths, ["", "ms", "code in MB", "gzipped", "models", "peak MB"]);
  for (const side of sides) {
    const { ms: first, runtime_bytes, runtime_gz_bytes, engine_bytes, engine_gz_bytes, ...rest } = side.figures();
    const sizes = [runtime_bytes, runtime_gz_bytes, rest.model_bytes, rest.peak_bytes].map(mb);
    line(widths, [side.about.title, ms(first), ...sizes]);
    if (engine_bytes > 0) line(widths, ["  of which the worker", "", mb(engine_bytes), mb(engine_gz_bytes), "", ""]);
  }
  console.log("Peak: the most resident memory of the tab's process until then (VmHWM), with what an empty tab takes.");
}

/** Who was faster, by name and build. */
export function printVerdict(rows) {
  console.log("\noctlens beside the fastest peer with as many threads:");
  for (const { name, build, peer, ratio } of rows.filter(({ fastest }) => fastest)) {
    const faster = ratio <= 1 ? `octlens is ${(1 / ratio).toFixed(2)} times as fast` : `that is ${ratio.toFixed(2)} times as fast`;
    console.log(`${`${name}, ${build}`.padEnd(38)}  ${ratio.toFixed(2)} of the time of ${peer}: ${faster}`);
  }
}
