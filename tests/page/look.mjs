// What the page looks like, and what it says.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { accessible, ADDRESS, begun, DARK, give, OUTPUT, PHONE, rate, rateThree, settled, strip, test, titles } from "./harness.mjs";

// Posters are drawn when they come near.
async function shoot(page, name) {
  await page.waitForFunction(() => [...document.querySelectorAll(".poster:empty")].every((poster) => {
    const { top, bottom, left, right } = poster.getBoundingClientRect();
    return bottom <= 0 || top >= innerHeight || right <= 0 || left >= innerWidth || !poster.checkVisibility();
  }));
  await page.screenshot({ path: `${OUTPUT}/${name}.png` });
}

async function rateFive(page) {
  await rateThree(page);
  await give(strip(page, 1), 4.5);
  await settled(page, "4 ratings");
  await give(strip(page, 5), 4);
  await settled(page, "5 ratings");
}

const fits = async (page) => assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= page.viewportSize().width);

// Two more people on this device.
function addPeople(page) {
  return page.evaluate(() => {
    const people = [["Ann", ["1", 5], ["356", 4], ["593", 3]], ["Bo", ["318", 5], ["527", 5], ["2858", 4]]];
    const kept = { ...JSON.parse(localStorage.matinee), people: people.map(([name, ...ratings]) => ({ name, ratings })) };
    localStorage.matinee = JSON.stringify(kept);
  });
}

// Of two colours as the browser gives them, by WCAG 2.
function contrast(one, other) {
  const luminance = (colour) => {
    const parts = colour.match(/[\d.]+/g).slice(0, 3).map((part) => part / 255);
    const [red, green, blue] = parts.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

const style = (locator, property) => locator.evaluate((element, name) => getComputedStyle(element)[name], property);

for (const [scheme, device, options] of [
  ["light", "desktop", {}],
  ["dark", "desktop", DARK],
  ["light", "phone", PHONE],
  ["dark", "phone", { ...PHONE, ...DARK }],
]) {
  await test(`pictures, contrast and a screen reader: ${device}, ${scheme}`, async (page) => {
    await begun(page);
    await shoot(page, `start-${device}-${scheme}`);
    await accessible(page);
    const ground = await style(page.locator("body"), "backgroundColor");
    const star = await style(page.locator("#start-list .stars").first(), "color");
    assert.ok(contrast(star, ground) >= 3, `stars: ${contrast(star, ground)}`);
    await rateFive(page);
    const card = page.locator("#recommendations .card").first();
    const panel = await style(card, "backgroundColor");
    for (const part of [".soft", ".score", "h3", ".plain"]) {
      const found = contrast(await style(card.locator(part).first(), "color"), panel);
      assert.ok(found >= 4.5, `${part}: ${found}`);
    }
    await page.fill("#search", "");
    await page.locator("#search").blur();
    await page.evaluate(() => scrollTo(0, 0));
    await shoot(page, `rated-${device}-${scheme}`);
    await accessible(page);
    await page.locator("#recommendations h3 a").first().click();
    await page.locator("#predicted .bar").waitFor();
    await shoot(page, `movie-${device}-${scheme}`);
    await accessible(page);
    await fits(page);
    await page.keyboard.press("Escape");
    await page.click("#model-line");
    await page.locator(".tiles").waitFor();
    await shoot(page, `model-${device}-${scheme}`);
    await accessible(page);
    await fits(page);
    await page.keyboard.press("Escape");
    await addPeople(page);
    await page.goto(`${ADDRESS}/#together=3`);
    await page.reload();
    await settled(page, "What 3 people would enjoy");
    await page.evaluate(() => scrollTo(0, 0));
    await shoot(page, `together-${device}-${scheme}`);
    await accessible(page);
    await fits(page);
  }, options);
}

await test("posters are drawn, the same each time, in columns, under titles as people write them", async (page) => {
  await rateThree(page);
  const drawn = async () => {
    await page.waitForFunction(() => !document.querySelector("#recommendations .poster:empty"));
    return page.locator("#recommendations .poster").evaluateAll((posters) => posters.map((poster) => poster.outerHTML));
  };
  const before = await drawn();
  assert.equal(before.length, 10);
  assert.equal(new Set(before).size, 10);
  await page.reload();
  await settled(page, "3 ratings");
  assert.deepEqual(await drawn(), before);
  const lefts = await page.locator("#recommendations .card").evaluateAll((cards) => [...new Set(cards.map((card) => Math.round(card.getBoundingClientRect().left)))]);
  assert.ok(lefts.length === 2 || lefts.length === 3, `${lefts.length} columns`);
  assert.deepEqual(await page.locator("#rated li > a").allTextContents(), ["Toy Story", "The Matrix", "Star Wars: Episode V - The Empire Strikes Back"]);
}, { viewport: { width: 1280, height: 2400 } });

await test("a poster is drawn when it comes near", async (page) => {
  await begun(page);
  const last = page.locator("#start-list .poster").last();
  await page.locator("#start-list .poster").first().locator("text").first().waitFor();
  assert.equal(await last.locator("*").count(), 0);
  await last.scrollIntoViewIfNeeded();
  await last.locator("text").first().waitFor();
});

await test("without colours of its own, stars differ by shape", async (page) => {
  await begun(page);
  await give(strip(page, 0), 2.5);
  const [rims, fills] = await Promise.all([".rim", ".fill"].map((part) => strip(page, 0).locator(part).evaluate((path) => path.getAttribute("d").split(/(?=M)/))));
  assert.deepEqual(fills.slice(0, 2), rims.slice(0, 2));
  assert.ok(rims.length === 5 && fills.length === 3 && fills[2].length < rims[2].length, String(fills));
  assert.equal(await style(strip(page, 0).locator(".rim").first(), "stroke"), await style(page.locator("body"), "color"));
  await shoot(page, "forced-colours");
  await accessible(page);
}, { forcedColors: "active" });

await test("one reason, as people say it, and the contributions on demand", async (page) => {
  await rateThree(page);
  const because = page.locator("#recommendations .because").first();
  assert.match(await because.innerText(), /^Because you loved (The Empire Strikes Back|The Matrix)$/);
  await because.locator("summary").click();
  const shares = (await because.locator("li").allTextContents()).map((text) => Number(/: (-?\d+)%$/.exec(text)[1]));
  const sum = shares.reduce((one, other) => one + other, 0);
  assert.ok(Math.abs(sum - 100) <= 2, `${shares} add up to ${sum}`);
  const explained = await page.locator("text=what we think you would give it").count();
  assert.equal(explained, 1, "what is predicted is explained once");
  await page.locator("#model-line", { hasText: /Model [0-9a-f]{16} .* RMSE 0\.\d+ · NDCG@10 0\.\d+/ }).waitFor();
});

await test("a movie has a view of its own, and back leads to the list", async (page) => {
  await rateThree(page);
  const list = page.url();
  await page.locator("#recommendations h3 a").first().click();
  await page.locator("#predicted .bar").waitFor();
  assert.match(page.url(), /#movie=/);
  const first = await page.textContent("#movie-title");
  assert.match(await page.textContent("#predicted"), /You might give it \d\.\d, most likely between \d\.\d and \d\.\d/);
  assert.match(await page.textContent("#movie-body"), /Rated by \d+ people/);
  assert.match(await page.locator(".histogram").getAttribute("aria-label"), /4 stars: \d+%/);
  await give(page.locator("#movie .cards .stars:not(.given) .strip").first(), 4);
  await page.waitForFunction(() => JSON.parse(localStorage.matinee).ratings.length === 4);
  await page.locator("#movie h4 a").nth(1).click();
  await page.waitForFunction((title) => document.getElementById("movie-title").textContent.trim() !== title && document.querySelector("#predicted .bar"), first);
  await page.goBack();
  await page.waitForFunction((title) => document.getElementById("movie-title").textContent === title, first);
  await page.goBack();
  await page.locator("#movie").waitFor({ state: "hidden" });
  assert.equal(page.url(), list);
  await page.goForward();
  await page.locator("#movie").waitFor();
  await page.reload();
  await page.locator("#predicted .bar").waitFor();
  await page.locator("#why", { hasText: "Because you" }).waitFor();
  await page.keyboard.press("Escape");
  await page.locator("#movie").waitFor({ state: "hidden" });
});

await test("the model has a view of its own, which tells what the API tells", async (page) => {
  await begun(page);
  const told = await (await fetch(`${ADDRESS}/model`)).json();
  await page.click("#model-line");
  await page.locator(".tiles").waitFor();
  assert.match(page.url(), /#model$/);
  const figures = await page.locator(".tiles b").allTextContents();
  const coverage = `${(100 * told.interval_coverage).toFixed(1)}%`;
  assert.ok(Math.abs(told.interval_coverage - 0.8) < 0.03 && told.interval_coverage !== 0.8, `measured: ${told.interval_coverage}`);
  assert.deepEqual(figures, [told.metrics.hold_out.rmse.toFixed(3), told.metrics.ranking.ndcg_at_10.toFixed(3), coverage, told.counts.ratings.toLocaleString("en")]);
  assert.match(await page.textContent("#about-model-body"), new RegExp(`version ${told.version}.* trained by ${told.algorithm}`));
  assert.equal(await page.locator("#about-model table").count(), 0, "no one has published another");
  await page.reload();
  await page.locator(".tiles").waitFor();
  await page.keyboard.press("Escape");
  await page.locator("#about-model").waitFor({ state: "hidden" });
  assert.ok(!page.url().includes("model"));
});

// As `GET /model/versions` answers after a rollback; crates/api/tests/it/versions.rs has the same.
const versions = JSON.parse(readFileSync(new URL("../../crates/api/tests/it/versions.json", import.meta.url), "utf8"));

for (const [device, options] of [["desktop", {}], ["phone", { ...PHONE, ...DARK }]]) {
  await test(`which model is live, and what became of the others: ${device}`, async (page) => {
    await page.locator("#about-model tbody").first().waitFor();
    const statuses = await page.locator("#about-model tbody b").allTextContents();
    assert.deepEqual(statuses, ["● live", "↶ rolled back", "✕ refused", "○ replaced"]);
    assert.match(await page.locator("#about-model tbody.refused").textContent(), /hold-out RMSE 0\.8451 is more than/);
    assert.match(await page.locator("#about-model tbody").last().textContent(), /–––$/, "without figures");
    assert.match(await page.locator(".errors").getAttribute("aria-label"), /, live: 0\.813/);
    assert.match(await page.textContent("#about-model .error"), /still answers with version 0c1d766f0aa8e001/);
    await shoot(page, `versions-${device}`);
    await accessible(page);
    await fits(page);
    const dialog = page.locator("#about-model");
    assert.ok(await dialog.evaluate(({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth));
  }, {
    ...options,
    address: `${ADDRESS}/#model`,
    before: (page) => page.route("**/model/versions", (route) => route.fulfill({ json: versions })),
  });
}

await test("of what was not measured the model's view says nothing", async (page) => {
  await page.locator(".tiles").waitFor();
  assert.deepEqual(await page.locator(".tiles dt").allTextContents(), ["RMSE", "NDCG@10", "Ratings"]);
}, {
  address: `${ADDRESS}/#model`,
  before: (page) => page.route("**/model/versions", (route) => {
    const [live] = versions.models;
    return route.fulfill({ json: { ...versions, models: [{ ...live, figures: { ...live.figures, interval_coverage: null } }] } });
  }),
});

await test("links to IMDb and TMDB, where the data has them", async (page) => {
  await page.goto(`${ADDRESS}/#movie=260`);
  const links = page.locator("#movie-body .elsewhere a");
  await links.nth(1).waitFor();
  assert.deepEqual(await links.evaluateAll((all) => all.map(({ href, rel }) => [href, rel])), [
    ["https://www.imdb.com/title/tt0076759/", "noopener noreferrer"],
    ["https://www.themoviedb.org/movie/11", "noopener noreferrer"],
  ]);
  await page.goto(`${ADDRESS}/#movie=296`);
  await page.locator("#movie-title", { hasText: "Pulp Fiction" }).waitFor();
  assert.equal(await links.count(), 0, "a movie without a record in links.csv");
});

await test("a known user's list says whose it is, and how to leave it", async (page) => {
  await begun(page);
  await page.locator("summary", { hasText: "known user" }).click();
  await page.fill("#user", "2");
  await page.keyboard.press("Enter");
  await page.locator("#recommendations-title", { hasText: "For user 2" }).waitFor();
  await page.locator("#recommendations .because", { hasText: "Because they " }).first().waitFor();
  assert.match(page.url(), /#user=2/);
  const theirs = page.locator("#theirs");
  await theirs.locator("summary", { hasText: /^Their ratings \(\d+\)$/ }).waitFor();
  const rated = await theirs.locator("li").allTextContents();
  assert.equal(rated.length, Math.min(100, Number(/\d+/.exec(await theirs.locator("summary").textContent()))));
  const stars = rated.map((text) => Number(/^★ (\d\.\d) ./.exec(text)[1]));
  assert.deepEqual(stars, stars.toSorted((one, other) => other - one), "the highest first");
  await accessible(page);
  await shoot(page, "user");
  await page.goBack();
  await begun(page);
  await page.goForward();
  await page.locator("#whose button", { hasText: "Back to my list" }).click();
  await begun(page);
});

for (const [device, options] of [["desktop", {}], ["phone", { ...PHONE, ...DARK }]]) {
  await test(`together: one list, and what each would say: ${device}`, async (page) => {
    await rateThree(page);
    const own = await titles(page);
    await page.locator("summary", { hasText: "Together" }).click();
    await page.click("#together-ask");
    await page.locator("#together-status.error", { hasText: "two to six" }).waitFor();
    await page.fill("#person", "Ann");
    await page.fill("#person-link", "https://example.org/");
    await page.keyboard.press("Enter");
    await page.locator("#together-status.error", { hasText: "not a link" }).waitFor();
    for (const [name, ratings] of [["Ann", "356:5,597:4.5,1721:4"], ["Bo", "1214:5,1200:5,593:4.5"]]) {
      await page.fill("#person", name);
      await page.fill("#person-link", `${ADDRESS}/#${new URLSearchParams({ ratings })}`);
      await page.keyboard.press("Enter");
      await page.locator("#people li", { hasText: `${name} (3 ratings)` }).waitFor();
    }
    await page.click("#together-ask");
    await settled(page, "What 3 people would enjoy");
    assert.notDeepEqual(await titles(page), own);
    const said = await page.locator("#recommendations .each").first().innerText();
    assert.match(said, /^You: ★ \d\.\d\s+Ann: ★ \d\.\d\s+Bo: ★ \d\.\d$/);
    assert.equal(await page.locator("#whose").isVisible(), true);
    await accessible(page);
    await page.locator("#whose").evaluate((whose) => whose.scrollIntoView());
    await shoot(page, `together-${device}`);
    // The people stay on the device.
    await page.reload();
    await settled(page, "What 3 people would enjoy");
    await page.locator("#whose button", { hasText: "Back to my list" }).click();
    await settled(page, "3 ratings");
    assert.deepEqual(await titles(page), own);
    await page.goBack();
    await settled(page, "What 3 people would enjoy");
  }, options);
}

await test("filters are in the address, and the next page has other movies", async (page) => {
  await rateThree(page);
  await page.locator("#filters summary").click();
  await page.selectOption("#genre", "Comedy");
  await page.fill("#year-from", "2000");
  const fits = () => page.waitForFunction(() => {
    const facts = [...document.querySelectorAll("#recommendations .soft")].map((soft) => soft.textContent);
    return facts.length > 0 && facts.every((text) => text.includes("Comedy") && text.slice(0, 4) >= "2000");
  });
  await fits();
  await page.reload();
  await fits();
  assert.equal(await page.inputValue("#genre"), "Comedy");
  // Two clicks before the answer to the first.
  const pages = [];
  page.on("request", (request) => request.url().includes("cursor=") && pages.push(request.url()));
  await page.evaluate(() => {
    document.getElementById("more").click();
    document.getElementById("more").click();
  });
  await page.waitForFunction(() => document.querySelectorAll("#recommendations h3").length === 20);
  assert.equal(pages.length, 1, "the second click asks for nothing");
  assert.equal(new Set(await titles(page)).size, 20);
  const asked = page.waitForResponse((response) => response.url().includes("varied=true") && response.ok());
  await page.check("#varied");
  await asked;
  assert.match(page.url(), /varied=true/);
  await page.fill("#year-from", "2100");
  await settled(page, "Nothing fits");
});

await test("printed, the list is all there is", async (page) => {
  await rateThree(page);
  await page.emulateMedia({ media: "print" });
  for (const gone of ["#start", "aside", "#more", ".actions", "#search", "footer"]) {
    assert.equal(await page.locator(gone).first().isVisible(), false, gone);
  }
  assert.equal(await page.locator("#recommendations h3").first().isVisible(), true);
  await shoot(page, "printed");
});

await test("Chinese where the browser prefers it", async (page) => {
  await settled(page, "就会变成你的推荐");
  assert.equal(await page.getAttribute("html", "lang"), "zh");
  await give(strip(page, 0), 5);
  await settled(page, "1 个评分");
  assert.match(await page.locator(".because").first().textContent(), /因为你很喜欢/);
  const untold = await page.locator("[data-t]").evaluateAll((told) => told.filter((one) => !one.textContent || one.textContent === "undefined").map((one) => one.dataset.t));
  assert.deepEqual(untold, []);
}, { locale: "zh-CN" });

await test("the same strings in both languages", async (page) => {
  const source = readFileSync(new URL("../../crates/api/page/strings.js", import.meta.url), "utf8");
  const keys = (language) => [...source.split(`const ${language} = {`)[1].split("\n};")[0].matchAll(/^  (?:  )?(\w+):/gm)].map(([, key]) => key);
  const chinese = keys("Chinese");
  assert.deepEqual(keys("English").filter((key) => !chinese.includes(key)), []);
  await begun(page);
});
