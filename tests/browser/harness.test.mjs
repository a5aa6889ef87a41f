// The harness bites: what it is to notice, it notices.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { call, fits, key, phone, quit, tab, visit } from "./harness.mjs";

after(quit);

const good = "/prod/admit?gre=800&gpa=4&rank=1";

test("the sample answers in a browser and to a program", async () => {
  assert.equal((await call(good, { headers: { "x-api-key": key } })).status, 200);
  await assert.rejects(
    visit(good, async (page) => {
      assert.match(await page.textContent("body"), /Forbidden/);
    }),
    // Chromium itself complains of an answer like that.
    /the browser complained[^]*403/,
  );
});

test("a request to another host is noticed, and is asked of nobody", async () => {
  await assert.rejects(
    visit("/_poc/health", async (page) => {
      await page.evaluate(() => fetch("http://elsewhere.example/", { mode: "no-cors" }).catch(() => {}));
    }),
    /the page asked another host/,
  );
});

test("what is too wide is noticed", async () => {
  const { page, context } = await tab(phone);
  await page.setContent('<meta name="viewport" content="width=device-width"><div style="width: 30rem">wide</div>');
  await assert.rejects(fits(page), /px wide in a window of 360 px/);
  await context.close();
});
