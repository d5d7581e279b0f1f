// The page in headless Chromium, on servers that run: ADDRESS of the server, TOKEN_ADDRESS of one that needs TOKEN for what is
// about users, TOOLS with npm's packages, OUTPUT for the screenshots, REPORT with a page of `matinee evaluate --html`. Each test has a page of its own; none may write an error to the console or ask an origin that is neither its own nor among
// `others`.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

export const { ADDRESS, OUTPUT, TOKEN_ADDRESS, TOKEN } = process.env;
const require = createRequire(`${process.env.TOOLS}/`);
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
let passed = 0;
let failed = 0;

export const PHONE = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };
export const DARK = { colorScheme: "dark" };

// `before` is called with the page before it loads.
export async function test(name, body, { allowErrors = false, address = `${ADDRESS}/`, before, others = [], ...options } = {}) {
  if (process.env.ONLY && !name.includes(process.env.ONLY)) return;
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: new URL(address).origin });
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  const faults = [];
  page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("request", (request) => {
    const { protocol, origin } = new URL(request.url());
    if (!["data:", "blob:"].includes(protocol) && ![new URL(address).origin, ...others].includes(origin)) faults.push(`asked ${request.url()}`);
  });
  if (before) await before(page);
  await page.goto(address);
  try {
    await body(page);
    if (!allowErrors) assert.deepEqual(faults, [], name);
  } catch (error) {
    await context.pages().at(-1)?.screenshot({ path: `${OUTPUT}/failed-${failed}.png` }).catch(() => {});
    failed += 1;
    console.error(`FAILED: ${name}: ${error.stack}\n${faults.join("\n")}`);
    return;
  } finally {
    await context.close();
  }
  passed += 1;
  console.log(`ok: ${name}`);
}

// A proxy in front of the server. `refuse` is asked about each request: with what to answer in the server's place, if
// with anything. `instead` gives the JSON to answer with in its place, if any. `rewrite` changes the path of a request that
// is passed on. The security policy lets the page ask `others` too, as the server does where people sign in.
export async function proxied(name, body, { refuse = () => undefined, instead = () => undefined, rewrite = (url) => url, path = "/", ...options }) {
  const proxy = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    const refusal = refuse(request);
    if (refusal) {
      const error = { code: refusal.code, message: "Forbidden", request_id: "1" };
      response.writeHead(refusal.status, { "content-type": "application/json" }).end(JSON.stringify({ error }));
      return;
    }
    const other = instead(request);
    if (other) {
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(other));
      return;
    }
    const content = parts.length ? Buffer.concat(parts) : undefined;
    const answer = await fetch(ADDRESS + rewrite(request.url), { method: request.method, body: content });
    const headers = Object.fromEntries(answer.headers);
    // fetch() has read the answer as plain text.
    for (const name of ["content-encoding", "content-length", "transfer-encoding"]) delete headers[name];
    const { others = [] } = options;
    headers["content-security-policy"] = headers["content-security-policy"].replace("connect-src 'self'", ["connect-src 'self'", ...others].join(" "));
    response.writeHead(answer.status, headers).end(Buffer.from(await answer.arrayBuffer()));
  });
  await new Promise((listening) => proxy.listen(0, "127.0.0.1", listening));
  await test(name, body, { ...options, address: `http://127.0.0.1:${proxy.address().port}${path}` });
  proxy.close();
}

export const isPage = (url) => url === "/" || url.startsWith("/page/");

export async function end() {
  await browser.close();
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed ? 1 : 0;
}

export async function accessible(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  assert.deepEqual(serious.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html)}`), []);
}

// What stands on the page.

export const titles = (page) => page.locator("#recommendations h3").allTextContents();
export const settled = (page, text) => page.locator("#status", { hasText: text }).waitFor();
export const begun = (page) => settled(page, "becomes yours");
export const strip = (page, place) => page.locator("#start-list .strip").nth(place);
export const mine = (page) => page.locator("#rated li");

// Gives stars where a finger or a pointer would: in the middle of the half that stands for the rating.
export async function give(strip, rating) {
  await strip.click({ position: { x: rating * 44 - 11, y: 22 } });
}

export async function rate(page, query, title, rating) {
  await page.fill("#search", query);
  await give(page.locator("#found li", { hasText: title }).first().locator(".strip"), rating);
  await page.keyboard.press("Escape");
}

export async function rateThree(page) {
  await rate(page, "star wars empire", "Empire Strikes Back", 5);
  await settled(page, "one rating");
  await rate(page, "matrx", "The Matrix", 5);
  await settled(page, "2 ratings");
  await rate(page, "toy story", "Toy Story", 3);
  await settled(page, "3 ratings");
}

// By how many pixels an element, or the page, has moved after `action`.
export async function moved(page, element, action) {
  const place = async () => ({ top: (await element.boundingBox()).y, scrolled: await page.evaluate(() => scrollY) });
  const before = await place();
  await action();
  const after = await place();
  return Math.max(Math.abs(after.top - before.top), Math.abs(after.scrolled - before.scrolled));
}
