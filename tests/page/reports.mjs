// The page that `matinee evaluate --html` has written: REPORT.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { accessible, DARK, OUTPUT, PHONE, test } from "./harness.mjs";

const report = readFileSync(process.env.REPORT);
const server = createServer((_, response) => response.setHeader("content-type", "text/html; charset=utf-8").end(report));
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const address = `http://127.0.0.1:${server.address().port}/`;

for (const [device, options] of [["desktop", {}], ["phone", { ...PHONE, ...DARK }]]) {
  await test(`the report of an evaluation: ${device}`, async (page) => {
    await page.locator("h1", { hasText: "How well ratings are predicted" }).waitFor();
    const { width } = page.viewportSize();
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width);
    const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number));
    assert.equal(ground.every((part) => part < 64), options.colorScheme === "dark", String(ground));
    // A row of the grid that is not full would leave a hole.
    const rights = await page.locator("figure").evaluateAll((all) => all.map((one) => one.getBoundingClientRect()).map(({ top, right }) => [Math.round(top), Math.round(right)]));
    const rows = new Map();
    for (const [top, right] of rights) rows.set(top, Math.max(rows.get(top) ?? 0, right));
    assert.equal(new Set(rows.values()).size, 1, JSON.stringify(rights));
    await page.screenshot({ path: `${OUTPUT}/report-${device}.png` });
    await accessible(page);
  }, { ...options, address });
}

server.close();
