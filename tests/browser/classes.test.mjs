// The classes of a model as a visitor reads them: healthy, AMD, or another disease; the same for every listed model.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Visit, host, launch, models, sampleFile } from "./page.mjs";

let browser;
let server;
let visit;

before(async () => {
  browser = await launch();
  server = await host();
  visit = await Visit.start(browser, server.url);
  await visit.choose(sampleFile(0));
  await visit.answer();
});

after(async () => {
  await visit?.close();
  await browser?.close();
  await server?.close();
});

async function rows() {
  return visit.hook("class-probability").evaluateAll((rows) => rows.map((row) => ({ ...row.dataset })));
}

for (const { name } of models()) {
  test(`${name}: every class has its probability, the other diseases together and one by one`, async () => {
    await visit.switchModel(name);
    await visit.answer();
    const report = await visit.report();
    assert.equal(report.model.name, name);
    const labels = Object.keys(report.image.probabilities);
    const others = labels.filter((label) => label !== "healthy" && label !== "AMD");
    const classes = others.length > 0 ? ["healthy", "AMD", "other", ...others] : ["healthy", "AMD"];
    const shown = await rows();
    assert.deepEqual(shown.map((row) => row.class), classes);
    for (const row of shown) {
      const sum = (head) => (row.class === "other" ? others : [row.class]).reduce((sum, l) => sum + head.probabilities[l], 0);
      assert.ok(Math.abs(Number(row.image) - sum(report.image)) < 1e-3, row.class);
      assert.ok(Math.abs(Number(row.words) - sum(report.text)) < 1e-3, row.class);
    }
    const values = await visit.hook("target-class").locator("option").evaluateAll((all) => all.map((o) => o.value));
    assert.deepEqual(values.toSorted(), labels.toSorted());
    const nGroups = await visit.hook("target-class").locator("optgroup").count();
    assert.equal(nGroups, others.length > 0 ? 1 : 0);
    assert.match(await visit.page.locator(".verdict").innerText(), /healthy|AMD|another disease|No clear answer/);
    await visit.screenshot(`wide-model-${name}`);
  });
}
