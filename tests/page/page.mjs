// Every test of the page.

import { end } from "./harness.mjs";

await import("./ratings.mjs");
await import("./someone.mjs");
await import("./signing.mjs");
await import("./look.mjs");
await import("./files.mjs");
await import("./speed.mjs");
await import("./reports.mjs");
await import("./errors.mjs");
await end();
