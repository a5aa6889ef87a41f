// The sample's page, and the two ways of having asked too much. `tests/browser.rs` sets the plan: two requests at once,
// five in a month.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { call, directory, key, origin, quit, shot, tab, until } from "./harness.mjs";
import { ask, complaints, opened } from "./site.mjs";

after(quit);

test("too fast is told apart from used up", async () => {
  const { page, context, seen } = await tab();
  await page.goto(origin);
  await opened(page);
  const asked = { gre: "800", gpa: "4", rank: "1", key };
  assert.match(await ask(page, asked), /^Likely/);
  assert.match(await ask(page, asked), /^Likely/);
  assert.match(await ask(page, asked), /^Too fast\.\s+.*Wait a second, then ask again\.$/);
  await shot(page, "site-too-fast");
  assert.deepEqual(complaints(seen), [429]);

  const file = join(directory, "deploy.yaml");
  writeFileSync(file, readFileSync(file, "utf8").replace("rate: 0.01, burst: 2", "rate: 1000, burst: 2000"));
  await until("the new limit", async () => {
    const { status, body } = await call("/prod/admit?gre=800&gpa=4&rank=1", { headers: { "x-api-key": key } });
    return status === 429 && body.includes("Limit Exceeded");
  });
  assert.match(await ask(page, asked), /^This key's requests are used up\./);
  await shot(page, "site-used-up");
  await context.close();
});
