// The page as somebody whose ratings the server keeps.

import assert from "node:assert/strict";
import { accessible, ADDRESS, begun, DARK, give, mine, OUTPUT, PHONE, rate, settled, strip, test, titles } from "./harness.mjs";

const box = (page) => page.locator("#someone-box");

async function become(page, user) {
  await box(page).locator("summary").click();
  await page.fill("#someone", user);
  await page.keyboard.press("Enter");
  await page.locator("#rated-status", { hasText: `user ${user}` }).waitFor();
}

const stored = async (user) => (await fetch(`${ADDRESS}/users/${user}/ratings?limit=100`)).json();
const forget = (user) => fetch(`${ADDRESS}/users/${user}`, { method: "DELETE" });

// What the server has of a user, once it is what is expected.
async function until(user, isReached) {
  for (let tries = 0; tries < 100; tries += 1) {
    const found = await stored(user);
    if (isReached(found)) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return assert.fail(`not reached: ${JSON.stringify(await stored(user))}`);
}

await test("a new user's ratings are kept by the server, shown, changed and removed", async (page) => {
  await begun(page);
  await rate(page, "fargo", "Fargo", 2);
  await settled(page, "Noted.");
  await become(page, "page-a");
  assert.equal(await mine(page).count(), 0, "a new user has no ratings");
  await give(strip(page, 0), 4.5);
  await settled(page, "one rating");
  const { ratings: [first] } = await until("page-a", ({ count }) => count === 1);
  assert.equal(first.rating, 4.5);
  await give(page.locator("#rated .strip").first(), 3);
  await until("page-a", ({ ratings }) => ratings[0].rating === 3);

  await page.reload();
  await settled(page, "one rating");
  assert.equal(await mine(page).count(), 1, "whoever was somebody still is");
  await page.locator("#rated .number").first().click();
  await until("page-a", ({ error }) => error?.code === "unknown_user");
  await page.locator("#notice button", { hasText: "Undo" }).click();
  await until("page-a", ({ ratings }) => ratings?.[0].rating === 3);

  await page.click("#visitor");
  await page.locator("#rated-status", { hasText: "this device" }).waitFor();
  assert.deepEqual(await mine(page).locator("> a").allTextContents(), ["Fargo"], "the visitor's own are as they were");
  assert.equal(await page.evaluate(() => localStorage.getItem("matinee-user")), null);
  await forget("page-a");
}, { allowErrors: true });

await test("a user of the model is chosen from the list of known users, and gets the user's list", async (page) => {
  await begun(page);
  await page.locator("summary", { hasText: "known user" }).click();
  await page.fill("#user", "2");
  await page.keyboard.press("Enter");
  await page.locator("#whose button", { hasText: "Rate as this user" }).click();
  await page.locator("#rated-status", { hasText: "user 2" }).waitFor();
  const { count } = await stored("2");
  await page.waitForFunction((expected) => document.querySelectorAll("#rated li").length === expected, count);
  await settled(page, `${count} ratings`);
  const { recommendations } = await (await fetch(`${ADDRESS}/users/2/recommendations?limit=10`)).json();
  assert.deepEqual(await titles(page), recommendations.map(({ display_title: title }) => title));
  assert.equal(await page.locator("#clear").isVisible(), false, "nobody removes everything by a click");
});

await test("a movie is hidden for good, and shown again", async (page) => {
  await begun(page);
  await become(page, "page-b");
  await rate(page, "matrx", "The Matrix", 5);
  await settled(page, "one rating");
  const title = (await titles(page))[0];
  await page.locator("#recommendations .plain").first().click();
  const { hidden_movies: [id] } = await until("page-b", ({ hidden_movies: hidden }) => hidden?.length === 1);
  await page.reload();
  await settled(page, "one rating");
  assert.ok(!(await titles(page)).includes(title));
  await page.locator("#hidden-box summary").click();
  await page.locator(`#hidden [data-movie="${id}"]`, { hasText: title }).waitFor();
  await accessible(page);
  await page.locator("#hidden button", { hasText: "Show again" }).click();
  await until("page-b", ({ hidden_movies: hidden }) => !hidden);
  await page.locator("#recommendations h3", { hasText: title }).first().waitFor();
  assert.equal(await page.locator("#hidden-box").isVisible(), false);
  await forget("page-b");
}, { allowErrors: true });

await test("by keyboard alone", async (page) => {
  await begun(page);
  await box(page).locator("summary").focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await page.keyboard.type("page-c");
  await page.keyboard.press("Enter");
  await page.locator("#rated-status", { hasText: "user page-c" }).waitFor();
  assert.equal(await page.locator("text=You rate as user page-c").count(), 1, "once is enough");
  await page.locator("#start-list input").first().focus();
  await page.keyboard.press("4");
  await until("page-c", ({ count }) => count === 1);
  await page.locator("#visitor").focus();
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.parentElement.id), "someone-box");
  await forget("page-c");
}, { allowErrors: true });

await test("what the server does not keep is taken back, and says why", async (page) => {
  await begun(page);
  await become(page, "page-d");
  await page.route("**/users/page-d/ratings/*", (route) => route.abort());
  await give(strip(page, 0), 4);
  await page.locator("#notice", { hasText: "It was not kept." }).waitFor();
  assert.equal(await mine(page).count(), 0);
}, { allowErrors: true });

await test("a server that keeps no ratings offers no user", async (page) => {
  await begun(page);
  await page.locator("#model-line", { hasText: "ratings of" }).waitFor();
  assert.equal(await box(page).isVisible(), false);
}, {
  before: (page) => page.route("**/model", async (route) => {
    const answer = await route.fetch();
    const { keeps_ratings: _, ...model } = await answer.json();
    await route.fulfill({ response: answer, json: model });
  }),
});

for (const [name, options] of [["someone", {}], ["someone-dark", DARK], ["someone-phone", PHONE]]) {
  await test(`it looks right and is accessible: ${name}`, async (page) => {
    await begun(page);
    await become(page, `look-${name}`);
    await rate(page, "matrx", "The Matrix", 5);
    await settled(page, "one rating");
    await page.locator("#recommendations .plain:visible").first().click();
    await page.locator("#hidden-box summary").click();
    await page.locator("#hidden a").first().waitFor();
    await accessible(page);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wide <= 0, `${wide} pixels too wide`);
    await page.locator("#mine-title").scrollIntoViewIfNeeded();
    await page.screenshot({ path: `${OUTPUT}/${name}.png`, fullPage: true });
    await forget(`look-${name}`);
  }, { allowErrors: true, ...options });
}
