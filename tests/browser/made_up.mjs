// Changes what the worker answers before the page hears it, so that the page is tested apart from the model.

/** Reasons that make each kind of warning. */
export const REASONS = {
  unsure: ["heads_disagree", "caption_far"],
  unfamiliar: ["another_disease", "low_probability"],
  not_a_scan: ["one_colour"],
};

/** A peak as large as this is strong, by the card that `made_up` gives the page. */
export const STRONG_PEAK = 1000;

/**
 * Answers about files named `<kind>….png` get a warning of that kind, and all others none. Of a file of several B-scans each
 * frame has the kind at its place in `frames`. In names, `faint` makes the map a tenth of a strong one, `strong` a strong
 * one, `empty` an empty one, and `baseline` adds a baseline that answers as the model does. With `hasFigures`, the card says
 * what answers turned out to be and how large maps usually are; otherwise it says neither.
 */
export async function makeUp(context, { frames = [], hasFigures = false } = {}) {
  await hear(context);
  const setting = { reasons: REASONS, frames, hasFigures, strongPeak: STRONG_PEAK };
  await context.addInitScript(({ reasons, frames, hasFigures, strongPeak }) => {
    const warn = (report) => {
      const { name, frame, n_frames } = report.input;
      const ofName = Object.keys(reasons).find((kind) => name.startsWith(kind));
      const kind = (n_frames > 1 ? frames[frame] : ofName) ?? "none";
      report.warning = { kind, reasons: reasons[kind] ?? [], score: kind === "none" ? 0 : 0.8 };
      const { heatmap } = report;
      if (name.includes("empty")) Object.assign(heatmap, { values: heatmap.values.map(() => 0), peak: 0 });
      if (name.includes("faint")) heatmap.peak = strongPeak / 10;
      if (name.includes("strong")) heatmap.peak = strongPeak;
      if (name.includes("baseline")) {
        report.baseline = { model: report.model, image: report.image, heatmap: { ...heatmap } };
      }
    };
    const measure = (card) => {
      const allFigures = Object.values(card.metrics[card.precision]);
      if (!hasFigures) {
        delete card.explanations;
        for (const figures of allFigures) delete figures.answers;
        return;
      }
      const labels = card.vocabulary.labels;
      const peaks = labels.map((target) => ({ method: "grad_cam", target, p95: strongPeak, n_scans: 40 }));
      card.explanations = { methods: [], peaks, default: "grad_cam", rule: "" };
      const bands = [[0, 0.75], [0.75, 0.9], [0.9, 1]];
      const band = (label, probability, is_warned) => {
        const [n_scans, n_right] = is_warned ? [40, 26] : [200, 188];
        return { label, probability, is_warned, n_scans, n_right, n_patients: 30, n_other_diseases: 12 };
      };
      const answers = labels.flatMap((label) =>
        bands.flatMap((ends) => [false, true].map((isWarned) => band(label, ends, isWarned))),
      );
      for (const figures of allFigures) figures.answers = answers;
    };
    globalThis.octlensHears((head) => {
      if (head.Analyzed?.report !== undefined) warn(head.Analyzed.report);
      if (head.Loaded?.card !== undefined) measure(head.Loaded.card);
    });
  }, setting);
}

/** Answers state a scale, in µm per pixel across and down. */
export async function withScale(context, scale) {
  await hear(context);
  await context.addInitScript((scale) => {
    globalThis.octlensHears((head) => {
      if (head.Analyzed?.report !== undefined) head.Analyzed.report.input.um_per_pixel = scale;
    });
  }, scale);
}

/** Pages get `octlensHears(change)`: `change` is given each message of a worker, and may change it before the page hears it. */
function hear(context) {
  return context.addInitScript(() => {
    const changes = [];
    globalThis.octlensHears = (change) => changes.push(change);
    const changed = (event) => {
      const head = JSON.parse(event.data.head);
      for (const change of changes) change(head);
      const message = new MessageEvent("message", { data: { ...event.data, head: JSON.stringify(head) } });
      return Object.defineProperty(message, "target", { value: event.target });
    };
    const changing = new Map();
    const { addEventListener, removeEventListener } = Worker.prototype;
    Worker.prototype.addEventListener = function (type, listener, options) {
      if (type === "message" && !changing.has(listener)) changing.set(listener, (event) => listener(changed(event)));
      addEventListener.call(this, type, type === "message" ? changing.get(listener) : listener, options);
    };
    Worker.prototype.removeEventListener = function (type, listener, options) {
      removeEventListener.call(this, type, type === "message" ? changing.get(listener) ?? listener : listener, options);
    };
  });
}
