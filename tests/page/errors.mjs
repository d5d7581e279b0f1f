// What the page does when the API refuses, is slow or is away.

import assert from "node:assert/strict";
import { accessible, begun, isPage, OUTPUT, proxied, rateThree, settled, test, titles } from "./harness.mjs";

await test("an unknown user is told so", async (page) => {
  await page.locator("summary", { hasText: "known user" }).click();
  await page.fill("#user", "nobody");
  await page.keyboard.press("Enter");
  await page.locator("#status.error", { hasText: "no ratings of this user" }).waitFor();
}, { allowErrors: true });

await test("an API that is away is told, and found again", async (page) => {
  await begun(page);
  const before = await titles(page);
  await page.context().setOffline(true);
  await page.locator("#filters summary").click();
  await page.selectOption("#genre", "Drama");
  await page.locator("#status.error", { hasText: "cannot be reached" }).waitFor();
  assert.deepEqual(await titles(page), before);
  await page.fill("#search", "matrix");
  await page.locator("#search-status.error", { hasText: "cannot be reached" }).waitFor();
  await page.screenshot({ path: `${OUTPUT}/offline.png` });
  await accessible(page);
  await page.keyboard.press("Escape");
  await page.context().setOffline(false);
  await page.locator("#status:not(.error)").waitFor();
  await page.selectOption("#genre", "Comedy");
  await begun(page);
}, { allowErrors: true });

let isStarting = true;
await proxied("an error has words of its own, and a button to try again", async (page) => {
  await page.locator("#status.error", { hasText: "The recommender is starting" }).waitFor();
  await accessible(page);
  isStarting = false;
  await page.click("#retry");
  await begun(page);
  assert.equal(await page.locator("#retry").isVisible(), false);
  assert.ok((await page.locator("#start-list li").count()) >= 12);
}, {
  allowErrors: true,
  refuse: ({ url }) => (isPage(url) || !isStarting ? undefined : { status: 503, code: "model_unavailable" }),
});

await test("while the API is slow there is the shape of a list", async (page) => {
  await page.locator(".skeleton").first().waitFor();
  await accessible(page);
  await begun(page);
  assert.equal(await page.locator(".skeleton").count(), 0);
}, {
  before: (page) => page.route("**/recommendations*", async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await route.continue();
  }),
});

// A stage of API Gateway serves everything below /v1/, and nothing beside it.
await proxied("under the prefix of a stage", async (page) => {
  await begun(page);
  await rateThree(page);
  await page.click("#share");
  await page.locator("#share-status", { hasText: "copied" }).waitFor();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /\/v1\/#ratings=/);
}, {
  path: "/v1/",
  refuse: ({ url }) => (url.startsWith("/v1/") ? undefined : { status: 403, code: "not_found" }),
  rewrite: (url) => url.slice(3),
});

await proxied("an API that asks for a key", async (page) => {
  await page.locator("#key-status", { hasText: "asks for a key" }).waitFor();
  await accessible(page);
  await page.fill("#key-value", "wrong");
  await page.keyboard.press("Enter");
  await page.locator("#key-status.error", { hasText: "does not accept" }).waitFor();
  await page.screenshot({ path: `${OUTPUT}/key.png` });
  await page.fill("#key-value", "right");
  await page.click("#key-form button[type=submit]");
  await begun(page);
  await page.waitForFunction(() => document.getElementById("genre").options.length > 10);
  await page.locator("#model-line", { hasText: /^Model / }).waitFor();
  // The key stays until it is removed.
  await page.reload();
  await begun(page);
  await page.click("#forget");
  await page.locator("#key-status", { hasText: "asks for a key" }).waitFor();
}, {
  allowErrors: true,
  refuse: ({ url, headers }) =>
    isPage(url) || headers["x-api-key"] === "right" ? undefined : { status: 403, code: "api_key_required" },
});

await proxied("an API that asks for signatures", async (page) => {
  await page.locator("#status.error", { hasText: "cannot sign" }).waitFor();
  assert.equal(await page.locator("#key").isVisible(), false);
}, {
  allowErrors: true,
  refuse: ({ url }) => (isPage(url) ? undefined : { status: 403, code: "signature_required" }),
});

await proxied("a model that is replaced between two pages", async (page) => {
  await begun(page);
  const before = await titles(page);
  const again = page.waitForResponse((response) => response.url().includes("recommendations") && response.ok());
  await page.click("#more");
  await again;
  await begun(page);
  assert.deepEqual(await titles(page), before, "the list begins anew");
}, {
  allowErrors: true,
  refuse: ({ url }) => (url.includes("cursor=") ? { status: 400, code: "stale_cursor" } : undefined),
});

