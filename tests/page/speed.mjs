// How much is sent, and how soon there is a list.

import assert from "node:assert/strict";
import { ADDRESS, isPage, test } from "./harness.mjs";

await test("what the page needs at first is asked for at once", async (page) => {
  const text = async (path) => (await fetch(`${ADDRESS}/${path}`)).text();
  const preloaded = [...(await text("")).matchAll(/rel="modulepreload" href="page\/([^"]+)"/g)].map(([, name]) => name);
  const needed = new Set(["main.js"]);
  for (const name of needed) {
    for (const [, other] of (await text(`page/${name}`)).matchAll(/^import .*"\.\/([^"]+)";$/gm)) needed.add(other);
  }
  needed.delete("main.js");
  assert.deepEqual(preloaded.toSorted(), [...needed].sort());
  await page.locator("#recommendations h3").first().waitFor();
});

await test("small, and soon there", async (first) => {
  const [times, work] = [[], []];
  for (let visit = 0; visit < 5; visit += 1) {
    // A context of its own has nothing in its cache.
    const context = await first.context().browser().newContext();
    const page = await context.newPage();
    const asked = [];
    page.on("requestfinished", (request) => isPage(new URL(request.url()).pathname) && asked.push(request));
    const session = await context.newCDPSession(page);
    // The processor time of the page's thread does not depend on what else the machine does.
    await session.send("Performance.enable", { timeDomain: "threadTicks" });
    const from = Date.now();
    await page.goto(`${ADDRESS}/`);
    await page.locator("#recommendations h3").first().waitFor();
    times.push(Date.now() - from);
    const { metrics } = await session.send("Performance.getMetrics");
    work.push(Math.round(1000 * metrics.find(({ name }) => name === "TaskDuration").value));
    if (visit === 0) {
      await page.waitForLoadState("networkidle");
      const sizes = await Promise.all(asked.map((request) => request.sizes()));
      const sent = sizes.reduce((sum, { responseBodySize }) => sum + responseBodySize, 0);
      const bodies = await Promise.all(asked.map(async (request) => (await request.response()).body()));
      const plain = bodies.reduce((sum, { length }) => sum + length, 0);
      console.log(`    the page: ${asked.length} files of ${plain} bytes, sent as ${sent}`);
      assert.ok(sent < 60_000, `${sent} bytes are sent`);
    }
    await context.close();
  }
  const median = (values) => values.toSorted((a, b) => a - b)[2];
  console.log(`    to the first list: ${median(times)} ms (of five visits: ${times.join(", ")}), of it ${median(work)} ms of the page's thread`);
  assert.ok(median(work) < 700, `${work} ms`);
});
