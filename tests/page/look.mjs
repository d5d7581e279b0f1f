// What the page looks like, and what it says.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { accessible, ADDRESS, begun, DARK, give, isPage, mine, OUTPUT, PHONE, rate, rateThree, settled, strip, test, titles } from "./harness.mjs";

const shoot = (page, name) => page.screenshot({ path: `${OUTPUT}/${name}.png` });

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
  const drawn = () => page.locator("#recommendations .poster").evaluateAll((posters) => posters.map((poster) => poster.outerHTML));
  const before = await drawn();
  assert.equal(before.length, 10);
  assert.equal(new Set(before).size, 10);
  await page.reload();
  await settled(page, "3 ratings");
  assert.deepEqual(await drawn(), before);
  const lefts = await page.locator("#recommendations .card").evaluateAll((cards) => [...new Set(cards.map((card) => Math.round(card.getBoundingClientRect().left)))]);
  assert.ok(lefts.length === 2 || lefts.length === 3, `${lefts.length} columns`);
  assert.deepEqual(await page.locator("#rated li > a").allTextContents(), ["Toy Story", "The Matrix", "Star Wars: Episode V - The Empire Strikes Back"]);
});

await test("without colours of its own, stars differ by shape", async (page) => {
  await begun(page);
  await give(strip(page, 0), 2.5);
  const shapes = await strip(page, 0).locator(".fill").evaluateAll((paths) => paths.map((path) => path.getAttribute("d").length));
  assert.ok(shapes[0] === shapes[1] && shapes[0] > shapes[2] && shapes[2] > 0 && shapes[3] === 0, String(shapes));
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
  assert.match(await page.textContent("#model-line"), /Model [0-9a-f]{16} .* RMSE 0\.\d+ · NDCG@10 0\.\d+/);
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
  const coverage = `${Math.round(100 * told.interval_coverage)}%`;
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

const folder = mkdtempSync(join(tmpdir(), "matinee-"));
const EXPORTS = {
  MovieLens: ["userId,movieId,rating,timestamp\n1,260,5.0,1\n1,2571,4.5,2\n1,99999999,3.0,3\n", ["The Matrix", "Star Wars: Episode IV - A New Hope"], "99999999"],
  Letterboxd: ["Date,Name,Year,Letterboxd URI,Rating\n2024-01-01,Léon: The Professional,1994,https://boxd.it/x,4.5\n2024-01-02,\"The Good, the Bad and the Ugly\",1966,https://boxd.it/y,5\n2024-01-02,Not in Any Catalogue,1966,https://boxd.it/z,5\n2024-01-02,Amélie,2001,https://boxd.it/a,4\n",
    ["Amelie", "The Good, the Bad and the Ugly", "Léon: The Professional"], "Not in Any Catalogue (1966)"],
  IMDb: ["\ufeffConst,Your Rating,Date Rated,Title,Original Title,URL,Title Type,IMDb Rating,Runtime (mins),Year,Genres\ntt0133093,9,2024-01-01,The Matrix,The Matrix,u,Movie,8.7,136,1999,Action\ntt0000001,7,2024-01-01,Carmencita,Carmencita,u,Short,5.7,1,1894,Documentary\n", ["The Matrix"], "Carmencita (1894)"],
};

for (const [place, [text, found, missing]] of Object.entries(EXPORTS)) {
  await test(`ratings from an export of ${place}`, async (page) => {
    await begun(page);
    const file = join(folder, `${place}.csv`);
    writeFileSync(file, text);
    await page.locator("summary", { hasText: "Bring and take" }).click();
    await page.setInputFiles("#bring", file);
    await page.locator("#bring-status", { hasText: `${found.length} of ${found.length + 1} ratings` }).waitFor();
    assert.deepEqual(await page.locator("#rated li > a").allTextContents(), found);
    assert.match(await page.textContent("#bring-missing"), new RegExp(missing.replace(/[()]/g, "\\$&")));
    // One's own export has the same ratings.
    const saved = page.waitForEvent("download");
    await page.click("#take");
    const own = join(folder, `own-${place}.csv`);
    await (await saved).saveAs(own);
    await page.click("#clear");
    await begun(page);
    await page.setInputFiles("#bring", own);
    await page.locator("#bring-status", { hasText: `${found.length} of ${found.length} ratings` }).waitFor();
    assert.equal(await mine(page).count(), found.length);
  });
}

await test("a file that is no export is told", async (page) => {
  const file = join(folder, "other.csv");
  writeFileSync(file, "a,b\n1,2\n");
  await page.locator("summary", { hasText: "Bring and take" }).click();
  await page.setInputFiles("#bring", file);
  await page.locator("#bring-status.error", { hasText: "not an export" }).waitFor();
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
