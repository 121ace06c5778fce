// Times by name, and the rows of target/bench.json that are made of them.

/** Times in milliseconds, by name. */
export class Times {
  #lists = new Map();

  add(what, ms) {
    if (!this.#lists.has(what)) this.#lists.set(what, []);
    this.#lists.get(what).push(ms);
  }

  count(what) {
    return this.#lists.get(what).length;
  }

  /** The value below which `share` of the values lie (nearest rank). */
  quantile(what, share) {
    const sorted = this.#lists.get(what).toSorted((a, b) => a - b);
    return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  }

  median(what) {
    return this.quantile(what, 0.5);
  }

  /** The least is nearest to an idle machine's. */
  summary(what, of) {
    return {
      [`${of}_ms`]: this.median(what),
      [`${of}_least_ms`]: this.quantile(what, 0),
      [`${of}_p95_ms`]: this.quantile(what, 0.95),
    };
  }
}

/** The fastest first, which has `fastest`; peers with more threads than octlens come last and are not ranked. */
export function ranked(rows) {
  const isFair = (row) => row.peer_threads === row.threads;
  rows.sort((a, b) => isFair(b) - isFair(a) || a.peer_ms - b.peer_ms);
  return rows.map((row, i) => ({ ...row, fastest: i === 0 && isFair(row) }));
}

/**
 * Rows of target/bench.json: `octlens` { what, build, … } beside each of `peers` [{ what, peer, peer_threads, … }], or one row
 * of it alone. `what` are names in `times`.
 */
export function rows(name, times, { what, build, ...more }, peers = []) {
  const octlens = { name, build, threads: 1, ...times.summary(what, "octlens"), n_runs: times.count(what), ...more };
  if (peers.length === 0) return [{ ...octlens, peer: null, peer_threads: null, peer_ms: null, ratio: null }];
  const beside = peers.map(({ what: theirs, ...peer }) => ({
    ...octlens,
    ...peer,
    ...times.summary(theirs, "peer"),
    ratio: octlens.octlens_ms / times.median(theirs),
  }));
  return ranked(beside);
}
