// Ratings from the exports of other places, and one's own export.

import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { begun, mine, test } from "./harness.mjs";

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
