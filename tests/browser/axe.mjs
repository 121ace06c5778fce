// Asks axe-core about the page as it stands: every rule of WCAG 2.2 AA, and its best practices.

import axe from "axe-core";

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
/** Elements that are named for each finding. */
const N_NAMED = 3;

/**
 * What axe-core finds, of any impact, a line for each; `rules` are asked about alone. The page's policy allows no script of a
 * stranger, but the driver's own evaluation is none of the page's.
 */
export async function faults(page, { rules } = {}) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe.source);
  return page.evaluate(
    async ({ tags, rules, nNamed }) => {
      const runOnly = rules === undefined ? { type: "tag", values: tags } : { type: "rule", values: rules };
      const options = { runOnly, resultTypes: ["violations"] };
      // Off by default, as WCAG 2.2 is young.
      if (rules === undefined) options.rules = { "target-size": { enabled: true } };
      const { violations } = await window.axe.run(document, options);
      return violations.map(({ id, impact, nodes }) => {
        const named = nodes.slice(0, nNamed).map(({ target, failureSummary }) => `  ${target}: ${failureSummary}`);
        return `${id} (${impact}), ${nodes.length} elements\n${named.join("\n")}`.replaceAll(/\n\s*\n/g, "\n");
      });
    },
    { tags: TAGS, rules, nNamed: N_NAMED },
  );
}
