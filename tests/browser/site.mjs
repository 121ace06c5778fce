// The built site in a browser, for all tests of a file: opened before the first, closed after the last.

import { after, before } from "node:test";

import { Visit, host, launch } from "./page.mjs";

/** Opens the site; to be called where a file's tests are registered. */
export function openSite() {
  const site = {
    /** Starts a visit, of this site or of another `url`; the other options are those of `Visit.start`. */
    visit: ({ url = site.server.url, ...options } = {}) => Visit.start(site.browser, url, options),

    /** One visit, which ends with `steps`. */
    async visiting(options, steps) {
      const visit = await site.visit(options);
      try {
        return await steps(visit);
      } finally {
        await visit.close();
      }
    },
  };
  before(async () => {
    site.browser = await launch();
    site.server = await host();
  });
  after(async () => {
    await site.browser?.close();
    await site.server?.close();
  });
  return site;
}
