// Ratings are never lost, and are given where the movie is.

import assert from "node:assert/strict";
import { accessible, begun, give, mine, moved, PHONE, rate, rateThree, settled, strip, test, titles } from "./harness.mjs";

// A link with the ratings of the best known movies, at the address of the page.
async function linkOf(page, count) {
  const address = new URL(page.url());
  const ids = [];
  let cursor = "";
  while (ids.length < count) {
    const answer = await (await fetch(`${address.origin}/movies?limit=100${cursor && `&cursor=${cursor}`}`)).json();
    ids.push(...answer.movies.map(({ movie_id }) => movie_id));
    cursor = answer.next_cursor;
  }
  const pairs = ids.slice(0, count).map((id, place) => `${id}:${place % 2 ? 4.5 : 3}`);
  return `${address.origin}${address.pathname}#${new URLSearchParams({ ratings: pairs.join(",") })}`;
}

const kept = (page) => page.evaluate(() => JSON.parse(localStorage.getItem("matinee")).ratings.map(([id, { rating }]) => [id, rating]));

async function open(page, link) {
  const other = await page.context().newPage();
  await other.goto(link);
  return other;
}

await test("ratings stay on the device, whatever the address becomes", async (page) => {
  await rateThree(page);
  const before = await titles(page);
  await page.reload();
  await settled(page, "3 ratings");
  assert.deepEqual(await titles(page), before);
  await page.evaluate(() => document.activeElement.blur());
  await page.focus("#skip");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "recommendations");
  await page.goto(`${page.url().split("#")[0]}#recommendations`);
  await page.reload();
  await settled(page, "3 ratings");
  assert.equal(await mine(page).count(), 3);
});

await test("a rating is made, changed and removed by pointer, half a star at a time", async (page) => {
  await begun(page);
  for (const rating of [0.5, 1, 2.5, 4, 4.5, 5]) {
    await give(strip(page, 0), rating);
    assert.equal((await kept(page))[0][1], rating);
    assert.match(await page.locator("#start-list .number").first().textContent(), new RegExp(`^${rating.toFixed(1)}`));
  }
  await page.locator("#start-list .number").first().click();
  assert.deepEqual(await kept(page), []);
  await page.click("#notice button");
  assert.equal((await kept(page))[0][1], 5);
});

await test("remove and remove all can be undone", async (page) => {
  await rateThree(page);
  const before = await kept(page);
  await page.locator("#rated .number").nth(1).click();
  await settled(page, "2 ratings");
  await page.locator("#notice button", { hasText: "Undo" }).click();
  await settled(page, "3 ratings");
  await page.click("#clear");
  await begun(page);
  assert.deepEqual(await kept(page), []);
  await page.locator("#notice button", { hasText: "Undo" }).click();
  await settled(page, "3 ratings");
  assert.deepEqual((await kept(page)).sort(), before.sort());
});

await test("a link is looked at, or added to one's own", async (page) => {
  await rateThree(page);
  const expected = await titles(page);
  await page.click("#share");
  await page.locator("#share-status", { hasText: "copied" }).waitFor();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  await page.click("#clear");
  await rate(page, "fargo", "Fargo", 2);
  const other = await open(page, link);
  await other.locator("#whose", { hasText: "3 ratings" }).waitFor();
  await other.waitForFunction((first) => document.querySelector("#recommendations h3")?.textContent === first, expected[0]);
  assert.deepEqual(await titles(other), expected);
  assert.equal((await kept(other)).length, 1, "a look changes nothing");
  await other.locator("#whose button", { hasText: "Back" }).click();
  await settled(other, "Noted.");
  await other.goBack();
  await other.locator("#whose button", { hasText: "Add" }).click();
  await settled(other, "4 ratings");
  assert.equal((await kept(other)).length, 4);
});

await test("a link of 100 ratings takes at most 8 requests, and the 101st is there after a reload", async (page) => {
  await begun(page);
  const link = await linkOf(page, 100);
  const other = await page.context().newPage();
  const asked = [];
  other.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await other.goto(link);
  await other.locator("#whose button", { hasText: "Add" }).click();
  await settled(other, "100 ratings");
  await other.waitForFunction(() => [...document.querySelectorAll("#rated li > a")].every((link) => !/^Movie \d/.test(link.textContent)));
  const api = asked.filter((path) => path !== "/" && !path.startsWith("/page/"));
  assert.ok(api.length <= 8, `${api.length} requests: ${api}`);
  console.log(`    a link of 100 ratings: ${api.length} requests`);
  await rate(other, "rashomon", "Rashomon", 5);
  await other.reload();
  await settled(other, "101 ratings");
  assert.equal(await mine(other).count(), 101);
});

await test("what cannot be named yet keeps its rating, and what is rated meanwhile too", async (page) => {
  await begun(page);
  const link = await linkOf(page, 3);
  await page.route("**/movies?ids=*", (route) => route.abort());
  const other = await page.context().newPage();
  let release;
  const waiting = new Promise((resolve) => (release = resolve));
  await other.route("**/movies?ids=*", async (route) => {
    await waiting;
    await route.abort();
  });
  await other.goto(link);
  await other.locator("#whose button", { hasText: "Add" }).click();
  await rate(other, "fargo", "Fargo", 4.5);
  release();
  await settled(other, "4 ratings");
  assert.equal((await kept(other)).length, 4);
  await other.unroute("**/movies?ids=*");
  await other.reload();
  await settled(other, "4 ratings");
  await other.waitForFunction(() => [...document.querySelectorAll("#rated li > a")].every((link) => !/^Movie \d/.test(link.textContent)));
}, { allowErrors: true });

await test("no rating is lost offline", async (page) => {
  await rateThree(page);
  const before = await titles(page);
  await page.context().setOffline(true);
  await give(page.locator("#recommendations .strip").first(), 4);
  await page.locator("#status.error", { hasText: "cannot be reached" }).waitFor();
  assert.deepEqual(await titles(page), before, "the list stays");
  assert.equal(await page.locator("#recommendations.old").count(), 1, "and is dimmed");
  await page.context().setOffline(false);
  await settled(page, "4 ratings");
  await page.reload();
  await settled(page, "4 ratings");
}, { allowErrors: true });

await test("what was kept and is damaged is left out, and the rest counts", async (page) => {
  await settled(page, "From your one rating");
  assert.equal(await mine(page).count(), 1);
  await give(strip(page, 0), 4);
  await settled(page, "2 ratings");
}, {
  before: (page) => page.addInitScript(() => {
    const ratings = [["1", null], ["2", { rating: "x" }], ["3", { rating: 99, at: 1 }], ["260", { rating: 5, at: 1, movie: {} }], 5];
    localStorage.matinee ??= JSON.stringify({ ratings, hidden: 5, people: [null, { name: "Ann", ratings: 5 }] });
  }),
});

await test("two tabs have the same ratings", async (page) => {
  await begun(page);
  const other = await open(page, page.url());
  await begun(other);
  await give(strip(page, 0), 4);
  await settled(other, "one rating");
  await give(strip(other, 1), 4);
  await settled(page, "2 ratings");
});

// A tab in the background may learn late, or never, what another one has written.
await test("a tab that was told nothing overwrites nothing", async (page) => {
  await begun(page);
  const other = await open(page, page.url());
  await begun(other);
  await give(strip(other, 1), 4);
  await settled(other, "one rating");
  await give(strip(page, 0), 5);
  await settled(page, "2 ratings");
  assert.deepEqual((await kept(page)).map(([, rating]) => rating).sort(), [4, 5]);
}, { before: (page) => page.addInitScript(() => addEventListener("storage", (event) => event.stopImmediatePropagation())) });

await test("rating moves nothing", async (page) => {
  await begun(page);
  const farthest = {};
  farthest.start = await moved(page, strip(page, 1), async () => {
    await give(strip(page, 1), 4.5);
    await settled(page, "one rating");
  });
  await page.evaluate(() => document.querySelectorAll("#recommendations .card")[6].scrollIntoView({ block: "center" }));
  const card = page.locator("#recommendations .card").nth(6);
  farthest.card = await moved(page, card, async () => {
    const answered = page.waitForResponse((response) => response.url().includes("recommendations"));
    await give(card.locator(".strip"), 4);
    await answered;
    await settled(page, "2 ratings");
  });
  farthest.hidden = await moved(page, page.locator("#recommendations .card").nth(5), async () => {
    await page.locator("#recommendations .card").nth(5).locator(".plain").click();
    await page.locator(".card.gone").waitFor();
  });
  console.log(`    pixels moved: ${JSON.stringify(farthest)}`);
  assert.ok(Object.values(farthest).every((pixels) => pixels < 5), JSON.stringify(farthest));
});

await test("stars by touch, with targets of 44 pixels", async (page) => {
  await begun(page);
  const { width, height } = await strip(page, 0).boundingBox();
  assert.ok(width / 5 >= 44 && height >= 44, `${width} x ${height}`);
  await strip(page, 0).tap({ position: { x: 3.5 * 44 - 11, y: 22 } });
  await settled(page, "one rating");
  assert.equal((await kept(page))[0][1], 3.5);
  const first = await page.locator("#recommendations .card h3").first().boundingBox();
  assert.ok(first.y + first.height < 740, `the first recommendation is at ${first.y}`);
  console.log(`    the first recommendation on a phone of 740 pixels: at ${first.y}`);
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 360);
}, PHONE);

for (const [locale, name] of [["en", "Search for a movie"], ["zh-CN", "搜索电影"]]) {
  await test(`the search field has a name, not a hint alone: ${locale}`, async (page) => {
    // Without a label a browser would take the hint.
    await page.getByRole("searchbox", { name, exact: true }).waitFor();
    assert.equal(await page.locator("#search").evaluate((field) => field.labels[0]?.textContent), name);
    assert.notEqual(await page.getAttribute("#search", "placeholder"), name);
    const unlabelled = await page.locator("input, select").evaluateAll((all) => all.filter((field) => !field.labels.length && !field.ariaLabel).map((field) => field.id));
    assert.deepEqual(unlabelled, [], "every field has one");
  }, { locale });
}

await test("the keyboard is enough", async (page) => {
  await begun(page);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.id), "search");
  await page.keyboard.type("godfahter");
  await page.locator("#found li").first().waitFor();
  await accessible(page);
  await page.keyboard.press("ArrowDown");
  for (let step = 0; step < 7; step += 1) await page.keyboard.press("ArrowRight");
  await settled(page, "one rating");
  const slider = page.locator("#found input").first();
  assert.equal(await slider.getAttribute("aria-valuetext"), "3.5 stars");
  assert.equal(await slider.getAttribute("aria-label"), "Your rating of The Godfather");
  await page.keyboard.press("4");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("2");
  await settled(page, "2 ratings");
  assert.deepEqual((await kept(page)).map(([, rating]) => rating), [4, 2]);
  await page.keyboard.press("Escape");
  assert.equal(await page.evaluate(() => document.activeElement.id), "search");
  assert.equal(await page.locator("#found-box").isVisible(), false);
});

await test("a list to start with, whose first rating counts", async (page) => {
  await begun(page);
  const count = await page.locator("#start-list li").count();
  assert.ok(count >= 12 && count <= 18, `${count} movies`);
  const before = await titles(page);
  assert.match(await page.textContent("#started"), /0 of 5 rated/);
  await give(strip(page, 0), 1);
  await settled(page, "Noted. Rate one you liked, too.");
  await give(strip(page, 1), 5);
  await settled(page, "2 ratings");
  assert.match(await page.textContent("#started"), /2 of 5 rated/);
  assert.notDeepEqual(await titles(page), before);
  assert.deepEqual(await page.locator("#rated li a").allTextContents(), await page.locator("#start-list li a").evaluateAll((links) => [links[1], links[0]].map((link) => link.querySelector(".sight").textContent)), "the newest first");
});

await test("not for me: hidden, sent as an exclusion, kept, and undone", async (page) => {
  await rateThree(page);
  const [first] = await titles(page);
  await page.locator("#recommendations .plain").first().click();
  await page.locator(".card.gone", { hasText: first }).waitFor();
  const asked = page.waitForRequest((request) => request.method() === "POST" && request.url().includes("recommendations"));
  await page.reload();
  assert.equal((await asked).postDataJSON().exclude.length, 1);
  await settled(page, "3 ratings");
  assert.ok(!(await titles(page)).includes(first));
  await page.locator("#recommendations .plain").first().click();
  const again = page.locator(".card.gone button", { hasText: "Undo" });
  await again.click();
  assert.equal(await page.locator(".card.gone").count(), 0);
});
