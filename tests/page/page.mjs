// Tests the page in headless Chromium, on a running server. ADDRESS is the server, TOOLS the folder of the npm packages,
// OUTPUT the folder for the screenshots. Each test has a page of its own. No page may write an error to the console or send
// a request to another origin.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { createServer } from "node:http";
import { readFileSync } from "node:fs";

const { ADDRESS, TOOLS, OUTPUT } = process.env;
const require = createRequire(`${TOOLS}/`);
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
let passed = 0;

async function test(name, body, { allowErrors = false, address = `${ADDRESS}/`, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: new URL(address).origin });
  const page = await context.newPage();
  const faults = [];
  page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== new URL(address).origin) faults.push(`asked ${request.url()}`);
  });
  page.setDefaultTimeout(10_000);
  await page.goto(address);
  await body(page);
  if (!allowErrors) assert.deepEqual(faults, [], name);
  await context.close();
  passed += 1;
  console.log(`ok: ${name}`);
}

const titles = (page) => page.locator("#recommendations h3").allTextContents();
const settled = (page, text) => page.locator("#status", { hasText: text }).waitFor();

async function rate(page, query, title, stars) {
  await page.fill("#search", query);
  await page.locator("#found li", { hasText: title }).first().click();
  await page.locator("fieldset", { hasText: title }).locator(".stars label").nth(stars - 1).click();
}

async function rateThree(page) {
  await rate(page, "star wars empire", "Empire Strikes Back", 5);
  await settled(page, "From your rating");
  await rate(page, "matrx", "Matrix, The (1999)", 5);
  await settled(page, "2 ratings");
  await rate(page, "toy story", "Toy Story (1995)", 3);
  await settled(page, "3 ratings");
}

async function accessible(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  assert.deepEqual(serious.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html)}`), []);
}

await test("recommendations change with ratings, and tell why", async (page) => {
  await settled(page, "most popular");
  const before = await titles(page);
  assert.equal(before.length, 10);
  await rateThree(page);
  const after = await titles(page);
  assert.notDeepEqual(after, before);
  assert.ok(!after.some((title) => title.startsWith("Matrix, The")), "what is rated is not recommended");
  const because = await page.locator(".because").allTextContents();
  assert.ok(because[0].startsWith("Because you rated ") && /\(\d+\s%\)/.test(because[0]), because[0]);
  await page.locator("#rated button", { hasText: "Remove" }).first().click();
  await settled(page, "2 ratings");
  assert.notDeepEqual(await titles(page), after);
  const model = await page.textContent("#model");
  assert.match(model, /Model [0-9a-f]{16} .* RMSE 0\.\d+ · NDCG@10 0\.\d+/);
  await page.click("#clear");
  await settled(page, "most popular");
  await rateThree(page);
  await page.screenshot({ path: `${OUTPUT}/page-light.png` });
});

await test("filters, the next page and similar movies", async (page) => {
  await rate(page, "matrix", "Matrix, The (1999)", 5);
  await settled(page, "From your rating");
  await page.selectOption("#genre", "Comedy");
  await page.fill("#year-from", "2000");
  await page.waitForFunction(() => {
    const years = [...document.querySelectorAll("#recommendations h3")].map((h3) => h3.textContent.match(/\((\d{4})\)$/)?.[1]);
    const genres = [...document.querySelectorAll("#recommendations .soft")].map((soft) => soft.textContent);
    return years.length > 0 && years.every((year) => year >= "2000") && genres.every((text) => text.includes("Comedy"));
  });
  await page.click("#more");
  await page.waitForFunction(() => document.querySelectorAll("#recommendations h3").length === 20);
  assert.equal(new Set(await titles(page)).size, 20);
  // The second click comes before the answer to the first.
  const pages = [];
  page.on("request", (request) => request.url().includes("cursor=") && pages.push(request.url()));
  await page.evaluate(() => {
    document.getElementById("more").click();
    document.getElementById("more").click();
  });
  await page.waitForFunction(() => document.querySelectorAll("#recommendations h3").length > 20);
  assert.equal(pages.length, 1, "the second click asks for nothing");
  const shown = await titles(page);
  assert.equal(shown.length, new Set(shown).size, "no movie is there twice");
  await page.fill("#year-from", "2100");
  await settled(page, "Nothing fits");
  await page.fill("#year-from", "");
  await page.locator("#recommendations button", { hasText: "Similar" }).first().click();
  await page.locator("#similar-list li").first().waitFor();
  await accessible(page);
  await page.keyboard.press("Escape");
  await page.locator("#similar").waitFor({ state: "hidden" });
});

await test("a link carries the ratings", async (page) => {
  await rateThree(page);
  const expected = await titles(page);
  await page.click("#share");
  await page.locator("#share-status", { hasText: "copied" }).waitFor();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  const other = await page.context().newPage();
  const asked = [];
  other.on("request", (request) => asked.push(new URL(request.url())));
  await other.goto(link);
  await settled(other, "3 ratings");
  const forMovies = asked.filter(({ pathname }) => pathname.includes("/movies"));
  assert.equal(forMovies.length, 1, `one request restores a link: ${forMovies}`);
  assert.deepEqual(await titles(other), expected);
  assert.equal(await other.locator("#rated fieldset").count(), 3);
});

await test("the keyboard is enough", async (page) => {
  await settled(page, "most popular");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.id), "search");
  await page.keyboard.type("godfahter");
  await page.locator("#found li").first().waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.type), "radio");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await settled(page, "From your rating");
  assert.equal(await page.locator("#rated input:checked").inputValue(), "3");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await settled(page, "most popular");
  assert.equal(await page.locator("#rated fieldset").count(), 0);
});

await test("a known user's view", async (page) => {
  await page.click("summary");
  await page.fill("#user", "2");
  await page.keyboard.press("Enter");
  await settled(page, "For user 2");
  assert.match(await page.locator(".because").first().textContent(), /^Because they rated /);
});

await test("an unknown user is told so", async (page) => {
  await page.click("summary");
  await page.fill("#user", "nobody");
  await page.keyboard.press("Enter");
  await page.locator("#status.error", { hasText: "no ratings of user" }).waitFor();
}, { allowErrors: true });

await test("a phone 360 pixels wide, in the dark", async (page) => {
  await rateThree(page);
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= 360, `the page is ${width} pixels wide`);
  await accessible(page);
  await page.screenshot({ path: `${OUTPUT}/page-phone-dark.png`, fullPage: true });
}, { viewport: { width: 360, height: 740 }, colorScheme: "dark" });

await test("nothing serious for a screen reader", async (page) => {
  await settled(page, "most popular");
  await accessible(page);
  await rate(page, "matrix", "Matrix, The (1999)", 5);
  await page.fill("#search", "star");
  await page.locator("#found li").first().waitFor();
  await accessible(page);
});

await test("an API that is away is told, and found again", async (page) => {
  await settled(page, "most popular");
  await page.context().setOffline(true);
  await page.selectOption("#genre", "Drama");
  await page.locator("#status.error", { hasText: "cannot be reached" }).waitFor();
  await page.fill("#search", "matrix");
  await page.locator("#search-status.error").waitFor();
  await page.screenshot({ path: `${OUTPUT}/page-offline.png` });
  await page.context().setOffline(false);
  await page.selectOption("#genre", "Comedy");
  await settled(page, "most popular");
}, { allowErrors: true });

// A proxy in front of the server. `refuse` is called for each request; if it returns an answer, that answer is sent instead
// of the server's. `rewrite` changes the path of a request that is forwarded.
async function proxied(name, body, { refuse = () => undefined, rewrite = (url) => url, path = "/", ...options }) {
  const proxy = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    const refusal = refuse(request);
    if (refusal) {
      const error = { code: refusal.code, message: "Forbidden", request_id: "1" };
      response.writeHead(refusal.status, { "content-type": "application/json" }).end(JSON.stringify({ error }));
      return;
    }
    const content = request.method === "POST" ? Buffer.concat(parts) : undefined;
    const answer = await fetch(ADDRESS + rewrite(request.url), { method: request.method, body: content });
    const headers = Object.fromEntries(answer.headers);
    // fetch() has read the answer as plain text.
    for (const name of ["content-encoding", "content-length", "transfer-encoding"]) delete headers[name];
    response.writeHead(answer.status, headers).end(Buffer.from(await answer.arrayBuffer()));
  });
  await new Promise((listening) => proxy.listen(0, "127.0.0.1", listening));
  await test(name, body, { ...options, address: `http://127.0.0.1:${proxy.address().port}${path}` });
  proxy.close();
}

const isPage = (url) => url === "/" || url.startsWith("/page/");

// A stage of API Gateway serves everything below /v1/ and nothing else.
await proxied("under the prefix of a stage", async (page) => {
  await settled(page, "most popular");
  await rateThree(page);
  assert.match(page.url(), /\/v1\/#ratings=/);
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
  await page.screenshot({ path: `${OUTPUT}/page-key.png` });
  await page.fill("#key-value", "right");
  await page.click("#key-form button[type=submit]");
  await settled(page, "most popular");
  await page.waitForFunction(() => document.getElementById("genre").options.length > 10);
  assert.match(await page.textContent("#model"), /^Model /);
  // The key stays until it is removed.
  await page.reload();
  await settled(page, "most popular");
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
  await settled(page, "most popular");
  const before = await titles(page);
  const again = page.waitForResponse((response) => response.url().includes("recommendations") && response.ok());
  await page.click("#more");
  await again;
  await settled(page, "most popular");
  assert.deepEqual(await titles(page), before, "the list begins anew");
}, {
  allowErrors: true,
  refuse: ({ url }) => (url.includes("cursor=") ? { status: 400, code: "stale_cursor" } : undefined),
});

await browser.close();
console.log(`${passed} passed, 0 failed`);
