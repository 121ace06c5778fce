// The peer's side of the thread: starts its worker, loads the models that the URL names, and offers `window.peer`.

const worker = new Worker(new URL("./peer_worker.mjs", import.meta.url), { type: "module" });
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

window.peer = {
  /** Milliseconds from navigation to a model that answers, like octlens's phase "ready". */
  ready: ask({ load: models }).then(() => performance.now()),
  /** Runs a model on the sample of that index, or on token ids. Gives { ms, output }. */
  run: (model, { sample, token_ids }) => ask({ run: model, sample, token_ids }),
};
