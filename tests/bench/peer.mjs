// The peer's side of the thread: starts its worker, loads the models that the URL names, and offers `window.peer`.

const worker = new Worker(new URL(`./peer_worker.js${location.search}`, import.meta.url));
const waiting = [];

worker.onmessage = ({ data }) => {
  const { resolve, reject } = waiting.shift();
  data.error ? reject(new Error(data.error)) : resolve(data);
};
worker.onerror = ({ message }) => waiting.splice(0).forEach(({ reject }) => reject(new Error(message)));

function ask(request) {
  return new Promise((resolve, reject) => {
    waiting.push({ resolve, reject });
    worker.postMessage(request);
  });
}

const models = new URL(location).searchParams.get("models").split(",");
const ready = ask({ load: models }).then(() => performance.now());

window.peer = {
  /** Milliseconds from navigation to models that answer, like octlens's phase "ready". */
  ready,
  /** When the models' files are in the browser's cache. */
  stored: ready.then(() => ask({ store: true })),
  /** Runs a model on the sample of that index, or on token ids. Gives { ms, output }. */
  run: (model, { sample, token_ids }) => ask({ run: model, sample, token_ids }),
  /** Milliseconds from navigation until each of [model, input] has answered once. */
  async first(questions) {
    for (const [model, asked] of questions) await window.peer.run(model, asked);
    return performance.now();
  },
};
