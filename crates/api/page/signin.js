// Signing in: on the page of a user pool, which leads back here with a code (OAuth 2.0 with PKCE), or with a token that
// somebody has. The token stays in this tab.

import * as api from "./api.js";
import { byId, tell } from "./elements.js";
import { t } from "./strings.js";

// What the way back needs, in this tab: `{ state, verifier, hash }`.
const PENDING = "matinee-sign-in";

let retry = () => {};
let known;

// `again` asks again for everything that was refused.
export function start(again) {
  retry = again;
  byId("sign-in-form").addEventListener("submit", (event) => {
    event.preventDefault();
    byId("sign-in").close();
    use(byId("token-value").value.trim());
    byId("token-value").value = "";
  });
  byId("sign-in-go").addEventListener("click", leaveToSignIn);
  byId("sign-in-cancel").addEventListener("click", () => byId("sign-in").close());
  byId("sign-out").addEventListener("click", signOut);
  render();
}

// Asks who the visitor is. `wasSent` tells whether a token was refused.
export async function ask(wasSent) {
  if (wasSent) forget();
  // What went wrong before says more.
  else if (byId("sign-in").open) return;
  await offer(t(wasSent ? "tokenWrong" : "tokenAsked"), wasSent);
}

async function offer(text, isError) {
  byId("sign-in-go").hidden = !(await pool()).domain;
  tell(byId("sign-in-status"), text, isError);
  if (!byId("sign-in").open) byId("sign-in").showModal();
}

// For somebody who comes back from signing in: exchanges the code for a token. The address is as it was before.
export async function finish() {
  const given = new URLSearchParams(location.search);
  const pending = taken();
  history.replaceState(null, "", here() + (pending?.hash ?? ""));
  try {
    if (!pending || given.get("state") !== pending.state) throw new Error(t("notBegunHere"));
    if (given.has("error")) throw new Error(given.get("error_description") ?? given.get("error"));
    api.useToken(await tokenFor(given.get("code"), pending.verifier));
    render();
  } catch (error) {
    await offer(t("signInFailed", { why: error.message }), true);
  }
}

async function tokenFor(code, verifier) {
  const { domain, client_id } = await pool();
  const body = new URLSearchParams({ grant_type: "authorization_code", client_id, code, code_verifier: verifier, redirect_uri: here() });
  const answer = await fetch(`https://${domain}/oauth2/token`, { method: "POST", body });
  const { id_token, error } = await answer.json();
  if (!id_token) throw new Error(error ?? `status ${answer.status}`);
  return id_token;
}

async function leaveToSignIn() {
  const [state, verifier] = [random(), random()];
  try {
    sessionStorage.setItem(PENDING, JSON.stringify({ state, verifier, hash: location.hash }));
  } catch {
    tell(byId("sign-in-status"), t("cannotSignIn"), true);
    return;
  }
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  const { domain, client_id } = await pool();
  const parameters = new URLSearchParams({
    response_type: "code",
    client_id,
    redirect_uri: here(),
    scope: "openid",
    state,
    code_challenge_method: "S256",
    code_challenge: base64url(new Uint8Array(digest)),
  });
  location.assign(`https://${domain}/oauth2/authorize?${parameters}`);
}

// The user pool forgets the visitor too, so that the next one has to sign in.
async function signOut() {
  const hasUser = api.holder() !== undefined;
  forget();
  const { domain, client_id } = hasUser ? await pool() : {};
  if (domain) location.assign(`https://${domain}/logout?${new URLSearchParams({ client_id, logout_uri: here() })}`);
  else retry();
}

function use(token) {
  api.useToken(token);
  render();
  retry();
}

function forget() {
  api.useToken("");
  render();
}

function render() {
  const name = api.holder();
  byId("signed").hidden = !api.hasToken();
  tell(byId("signed-as"), name === undefined ? t("tokenUsed") : t("signedInAs", { name }));
  tell(byId("sign-out"), t(name === undefined ? "removeToken" : "signOut"));
}

// Domain and client of the user pool; nothing of them if people cannot sign in on a page.
async function pool() {
  known ??= await api.signInPage().catch(() => undefined);
  return known ?? {};
}

// The page without query and fragment: the address that the user pool has to know.
function here() {
  return location.origin + location.pathname;
}

function taken() {
  try {
    const pending = JSON.parse(sessionStorage.getItem(PENDING));
    sessionStorage.removeItem(PENDING);
    return pending;
  } catch {
    return null;
  }
}

function random() {
  return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
