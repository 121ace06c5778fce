// Starts the app. A file of its own, so that the page's Content-Security-Policy needs no exception for inline scripts.
const { js, wasm } = document.querySelector("script[data-js]").dataset;
const beside = (path) => new URL(path, document.baseURI);
try {
  const { default: init } = await import(beside(js));
  await init({ module_or_path: beside(wasm) });
} catch (error) {
  console.error(error);
  const boot = document.querySelector(".boot");
  if (boot) boot.textContent = `octlens could not start (${error.message}). Reload the page, or use a current browser.`;
}
