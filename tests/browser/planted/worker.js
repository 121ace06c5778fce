// A worker that fetches what it is told to. The policy of the page must keep it from starting, or from fetching.
onmessage = ({ data }) =>
  fetch(data, { mode: "no-cors" }).then(
    () => postMessage("done"),
    () => postMessage("refused"),
  );
