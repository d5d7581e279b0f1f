// The page where callers have to say who they are.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { accessible, ADDRESS, begun, DARK, give, mine, OUTPUT, PHONE, proxied, settled, strip, test, TOKEN, TOKEN_ADDRESS } from "./harness.mjs";

const POOL = "https://movies.auth.example";
const CLIENT = "1a2b3c";

const dialog = (page) => page.locator("#sign-in");
const asked = (page, text) => page.locator("#sign-in-status", { hasText: text }).waitFor();

// An identity token of the person whose ratings are those of the user `page-me` of the server.
function identity(email, number) {
  const part = (content) => Buffer.from(JSON.stringify(content)).toString("base64url");
  return [part({ alg: "RS256" }), part({ sub: "page-me", email, jti: number }), "signature"].join(".");
}

// API Gateway with a user pool: the page is open, everything else needs a token that is valid now.
function gateway({ isValid, pool = {} }) {
  const path = ({ url }) => new URL(url, ADDRESS).pathname;
  return {
    allowErrors: true,
    instead: (request) => (path(request) === "/page/sign-in.json" ? pool : undefined),
    refuse: (request) => {
      if (path(request) === "/" || path(request).startsWith("/page/")) return undefined;
      if (!isValid(request.headers.authorization?.replace(/^Bearer /, ""))) return { status: 401, code: "unauthorized" };
      const isOther = path(request).startsWith("/users/") && !path(request).startsWith("/users/me/");
      return isOther ? { status: 403, code: "access_denied" } : undefined;
    },
    rewrite: (url) => url.replace("/users/me/", "/users/page-me/"),
  };
}

// The login page of a user pool, and its token endpoint.
async function poolOf(page, { issue, refusal }) {
  let begun;
  const seen = [];
  const html = (text, to) => ({ contentType: "text/html", body: `<a id="on" href="${to.replaceAll("&", "&amp;")}">${text}</a>` });
  await page.route(`${POOL}/**`, async (route) => {
    const request = route.request();
    const { pathname, searchParams: given } = new URL(request.url());
    seen.push(pathname);
    if (pathname === "/oauth2/authorize") {
      begun = given;
      const answer = refusal ? { error: refusal } : { code: "the-code" };
      return route.fulfill(html("Sign in", `${given.get("redirect_uri")}?${new URLSearchParams({ ...answer, state: given.get("state") })}`));
    }
    if (pathname === "/logout") {
      assert.equal(given.get("client_id"), CLIENT);
      return route.fulfill(html("Signed out", given.get("logout_uri")));
    }
    const sent = new URLSearchParams(request.postData());
    assert.equal(pathname, "/oauth2/token");
    const digest = createHash("sha256").update(sent.get("code_verifier")).digest("base64url");
    assert.equal(digest, begun.get("code_challenge"));
    assert.deepEqual([sent.get("grant_type"), sent.get("client_id"), sent.get("code"), sent.get("redirect_uri")], ["authorization_code", CLIENT, "the-code", begun.get("redirect_uri")]);
    return route.fulfill({ headers: { "access-control-allow-origin": "*" }, json: { id_token: issue(), token_type: "Bearer" } });
  });
  return { seen, asked: () => begun };
}

const stored = async () => (await fetch(`${ADDRESS}/users/page-me/ratings`)).json();
const forget = () => fetch(`${ADDRESS}/users/page-me`, { method: "DELETE" });

async function untilStored(count) {
  for (let tries = 0; tries < 100; tries += 1) {
    const found = await stored();
    if ((found.count ?? 0) === count) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return assert.fail(`not reached: ${JSON.stringify(await stored())}`);
}

let valid = "";
let tokens = 0;
let pool;
await proxied("with a user pool a person signs in, rates, and signs out", async (page) => {
  await asked(page, "asks who you are");
  await accessible(page);
  await page.screenshot({ path: `${OUTPUT}/sign-in.png` });
  await page.evaluate(() => (location.hash = "#genre=Drama"));
  const here = new URL(page.url());
  await page.click("#sign-in-go");
  await page.click("#on");
  await page.locator("#signed-as", { hasText: "Signed in as ann@example.com." }).waitFor();
  const begin = pool.asked();
  assert.deepEqual(
    ["response_type", "client_id", "scope", "code_challenge_method", "redirect_uri"].map((name) => begin.get(name)),
    ["code", CLIENT, "openid", "S256", `${here.origin}/`],
  );
  await page.locator("#rated-status", { hasText: "You rate as ann@example.com." }).waitFor();
  await begun(page);
  assert.equal(page.url(), `${here.origin}/#genre=Drama`, "the address is as it was");
  await accessible(page);

  await give(strip(page, 0), 4.5);
  const { ratings: [rated] } = await untilStored(1);
  assert.equal(rated.rating, 4.5);
  const [local, session] = await page.evaluate(() => [JSON.stringify(localStorage), JSON.stringify(sessionStorage)]);
  assert.ok(session.includes(valid) && !local.includes(valid), "the token is in this tab alone");
  await page.reload();
  await settled(page, "one rating");
  assert.equal(await mine(page).count(), 1);
  assert.equal(await dialog(page).isVisible(), false);

  await page.locator("summary", { hasText: "known user" }).click();
  await page.fill("#user", "2");
  await page.keyboard.press("Enter");
  await page.locator("#status.error", { hasText: "for its own user alone" }).waitFor();

  await page.click("#sign-out");
  await page.locator("#on", { hasText: "Signed out" }).waitFor();
  assert.ok(pool.seen.includes("/logout"));
  await page.click("#on");
  await asked(page, "asks who you are");
  assert.ok(!(await page.evaluate(() => JSON.stringify(sessionStorage))).includes(valid));
  await forget();
}, {
  ...gateway({ isValid: (token) => token === valid, pool: { domain: new URL(POOL).host, client_id: CLIENT } }),
  others: [POOL],
  before: async (page) => {
    pool = await poolOf(page, { issue: () => (valid = identity("ann@example.com", (tokens += 1))) });
  },
});

let accepted = identity("ann@example.com", 0);
await proxied("a token that has expired is told, and another one taken", async (page) => {
  await asked(page, "asks who you are");
  assert.equal(await page.locator("#sign-in-go").isVisible(), false, "there is no page to sign in at");
  await page.fill("#token-value", "wrong");
  await page.keyboard.press("Enter");
  await asked(page, "does not accept your token");
  await page.fill("#token-value", accepted);
  await page.keyboard.press("Enter");
  await page.locator("#rated-status", { hasText: "You rate as ann@example.com." }).waitFor();
  await begun(page);

  accepted = identity("ann@example.com", 1);
  await give(strip(page, 0), 4);
  await asked(page, "does not accept your token, or it has expired");
  await page.locator("#notice", { hasText: "It was not kept." }).waitFor();
  assert.equal(await page.locator("#signed").isVisible(), false);
  await page.fill("#token-value", accepted);
  await page.keyboard.press("Enter");
  await page.locator("#signed-as", { hasText: "ann@example.com" }).waitFor();
  await give(strip(page, 0), 4);
  await untilStored(1);
  await page.click("#sign-out");
  await asked(page, "asks who you are");
  await page.locator("#rated-status", { hasText: "None yet." }).waitFor();
  await forget();
}, gateway({ isValid: (token) => token === accepted }));

for (const [name, query, text] of [
  ["that was not asked for", "?code=x&state=y", "did not begin in this tab"],
  ["that refuses without having been asked", "?error=access_denied&state=y", "did not begin in this tab"],
]) {
  await proxied(`an answer ${name} signs nobody in`, async (page) => {
    await asked(page, text);
    assert.deepEqual(pool.seen, [], "the code is not exchanged");
    assert.equal(new URL(page.url()).search, "");
  }, {
    ...gateway({ isValid: () => false, pool: { domain: new URL(POOL).host, client_id: CLIENT } }),
    path: `/${query}`,
    before: async (page) => {
      pool = await poolOf(page, { issue: () => assert.fail("no token") });
    },
  });
}

await proxied("a user pool that refuses says why", async (page) => {
  await page.click("#sign-in-go");
  await page.click("#on");
  await asked(page, "You are not signed in: access_denied");
  await accessible(page);
}, {
  ...gateway({ isValid: () => false, pool: { domain: new URL(POOL).host, client_id: CLIENT } }),
  others: [POOL],
  before: (page) => poolOf(page, { issue: () => assert.fail("no token"), refusal: "access_denied" }),
});

await test("a server with a token asks for it where it is needed", async (page) => {
  await begun(page);
  assert.equal(await dialog(page).isVisible(), false, "what is about nobody needs none");
  await page.locator("#someone-box summary").click();
  await page.fill("#someone", "page-token");
  await page.keyboard.press("Enter");
  await asked(page, "asks who you are");
  await page.fill("#token-value", "another");
  await page.keyboard.press("Enter");
  await asked(page, "does not accept your token");
  await page.fill("#token-value", TOKEN);
  await page.keyboard.press("Enter");
  await page.locator("#rated-status", { hasText: "user page-token" }).waitFor();
  await page.locator("#signed-as", { hasText: "A token is used." }).waitFor();
  await give(strip(page, 0), 3.5);
  await settled(page, "one rating");
  await page.reload();
  await settled(page, "one rating");
  const own = await fetch(`${TOKEN_ADDRESS}/users/page-token/ratings`, { headers: { authorization: `Bearer ${TOKEN}` } });
  assert.equal((await own.json()).ratings[0].rating, 3.5);
  await page.locator("#sign-out", { hasText: "Remove the token" }).click();
  await asked(page, "asks who you are");
}, { allowErrors: true, address: `${TOKEN_ADDRESS}/` });

for (const [name, options] of [["signed-in", {}], ["signed-in-dark", DARK], ["signed-in-phone", PHONE]]) {
  await proxied(`it looks right and is accessible: ${name}`, async (page) => {
    await asked(page, "asks who you are");
    await page.screenshot({ path: `${OUTPUT}/${name}-dialog.png` });
    await accessible(page);
    await page.fill("#token-value", identity("ann@example.com", 2));
    await page.keyboard.press("Enter");
    await begun(page);
    await page.locator("#signed").waitFor();
    await accessible(page);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wide <= 0, `${wide} pixels too wide`);
    await page.screenshot({ path: `${OUTPUT}/${name}.png` });
  }, { ...gateway({ isValid: Boolean, pool: { domain: new URL(POOL).host, client_id: CLIENT } }), ...options });
}
