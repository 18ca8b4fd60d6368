// The report as people open it; see check-page.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const [page, shots] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const address = `file://${page}`;
const arguments_ = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: arguments_ });

const widths = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 900 } };
let opened = 0;
for (const [name, viewport] of Object.entries(widths)) {
  for (const colorScheme of ["light", "dark"]) {
    for (const javaScriptEnabled of [true, false]) {
      const what = `${name}, ${colorScheme}, JavaScript ${javaScriptEnabled ? "on" : "off"}`;
      const context = await browser.newContext({ viewport, colorScheme, javaScriptEnabled });
      const tab = await context.newPage();
      const faults = [];
      tab.on("console", (message) => message.type() === "error" && faults.push(message.text()));
      tab.on("pageerror", (error) => faults.push(String(error)));
      tab.on("request", (request) => request.url() !== address && !request.url().startsWith("data:") && faults.push(`request ${request.url()}`));
      await tab.goto(address);
      const heading = await tab.textContent("h1");
      const tables = await tab.locator("table").count();
      const charts = await tab.locator("svg").count();
      assert(heading.trim() && tables >= 2 && charts >= 3, `${what}: ${heading} ${tables} ${charts}`);
      const wide = await tab.locator("html").evaluate((html) => html.scrollWidth - html.clientWidth).catch(() => 0);
      assert(wide <= 1, `${what}: the page is ${wide} px wider than the window`);
      if (javaScriptEnabled) {
        await tab.evaluate(axe);
        const found = await tab.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
        const serious = found.violations.filter((v) => ["serious", "critical"].includes(v.impact));
        assert.deepEqual(serious.map((v) => `${v.id}: ${v.nodes.length} × ${v.nodes[0].html.slice(0, 120)}`), [], what);
        await tab.screenshot({ path: `${shots}/${name}-${colorScheme}.png`, fullPage: true });
      }
      assert.deepEqual(faults, [], what);
      if (name === "desktop" && colorScheme === "light" && javaScriptEnabled) {
        await tab.pdf({ path: `${shots}/report.pdf`, format: "A4" });
      }
      await context.close();
      opened += 1;
    }
  }
}
await browser.close();
console.log(`report.html: opened ${opened} ways; no console error, no request, no serious accessibility finding`);
