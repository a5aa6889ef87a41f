// The page where `--host` opens the port to others: what can be called, and the answers; no key, and nobody's calls.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { call, fits, key, origin, phone, quit, shot, tab } from "./harness.mjs";
import { complaints } from "./site.mjs";

after(quit);

test("methods can be called with a key of one's own, and no call is shown", async () => {
  const { page, context, seen } = await tab(phone);
  await call("/prod/admit?gre=800&gpa=4&rank=1", { headers: { "x-api-key": key } });
  await page.goto(`${origin}/_poc/`);
  await page.waitForSelector("#send");
  assert.match(await page.innerText("#no-calls"), /Others can reach this port, so calls are not kept/);
  assert.equal(await page.locator("#calls button").count(), 0);
  assert.match(await page.textContent("#key-hint"), /^Not filled in/);
  await page.click("#send");
  await page.waitForFunction(() => document.querySelector("#outcome").textContent.includes("403 Forbidden"));
  await page.getByLabel("Value of the other key").fill(key);
  await page.click("#send");
  await page.waitForFunction(() => document.querySelector("#outcome").textContent.includes("200 OK"));
  assert.match(await page.innerText("#steps"), /^\{"result": ?true\}$/);
  await fits(page);
  await shot(page, "page-open-phone", { fullPage: true });
  assert.equal(await page.locator("#picture a").count(), 0, "no life is drawn of it");
  assert.deepEqual(complaints(seen), [403]);
  await context.close();
});
