// The sample's page, as somebody uses it who wants to know whether they will be admitted.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { after, test } from "node:test";
import { desktop, directory, fits, key, legible, origin, phone, quit, shot, tab, until, visit } from "./harness.mjs";
import { answer, ask, complaints, fill, opened } from "./site.mjs";

after(quit);

test("good input is answered in words, on a desk and on a phone, by day and by night", async () => {
  for (const [size, name] of [[desktop, "desktop"], [phone, "phone"]]) {
    for (const colorScheme of ["light", "dark"]) {
      await visit("/", async (page) => {
        await opened(page);
        await fits(page);
        await shot(page, `site-empty-${name}-${colorScheme}`, { fullPage: true });
        assert.match(await ask(page, { gre: "800", gpa: "4", rank: "1", key }), /^Likely to be admitted\.\s+With a GRE score of 800,/);
        await fits(page);
        await legible(page);
        await shot(page, `site-yes-${name}-${colorScheme}`, { fullPage: true });
        assert.match(await ask(page, { gre: "300", gpa: "1", rank: "4" }), /^Not likely to be admitted\.\s+.*a school of rank 4/);
        await legible(page);
      }, { ...size, colorScheme });
    }
  }
});

test("bad input is told in the API's words, beside the field and in the answer", async () => {
  const { page, context, seen } = await tab(phone);
  await page.goto(origin);
  await opened(page);
  for (const [values, field, words] of [
    [{ gre: "abc", gpa: "4" }, "gre", /^That cannot be judged yet\.\s+GRE must be a number, not 'abc'\.$/],
    [{ gre: "9000", gpa: "4" }, "gre", /GRE must be between 200 and 800, not 9000\.$/],
    [{ gre: "800", gpa: "" }, "gpa", /GPA is missing\.$/],
    [{ gre: "800", gpa: "<b>4</b>\"'" }, "gpa", /GPA must be a number, not '<b>4<\/b>/],
  ]) {
    assert.match(await ask(page, { rank: "1", key, ...values }), words);
    const wrong = page.locator("[aria-invalid=true]");
    assert.equal(await wrong.count(), 1);
    assert.equal(await wrong.getAttribute("id"), field);
    assert.equal(await page.evaluate(() => document.activeElement.id), field);
    // What describes the field to whoever cannot see it.
    const described = page.locator(`#${await wrong.getAttribute("aria-describedby")}`);
    assert.match(await described.textContent(), /^(Must|Is) /);
    await fits(page);
  }
  await legible(page);
  await shot(page, "site-bad-phone", { fullPage: true });
  assert.match(await ask(page, { gre: "800", gpa: "4" }), /^Likely/);
  assert.equal(await page.locator("[aria-invalid]").count(), 0);
  assert.equal(await page.textContent("#gre-hint"), "200 to 800");
  assert.deepEqual(complaints(seen), [400, 400, 400, 400]);
  await context.close();
});

test("without a key, and with a wrong one, the page says which it is", async () => {
  const { page, context, seen } = await tab();
  await page.goto(origin);
  await opened(page);
  assert.match(await ask(page, { gre: "800", gpa: "4", rank: "1" }), /^The API wants a key\./);
  assert.equal(await page.evaluate(() => document.activeElement.id), "key");
  assert.equal(await page.textContent("#key-hint"), "A key is needed.");
  await shot(page, "site-no-key");
  assert.match(await ask(page, { key: "somebody-elses-key-1234" }), /^The API does not take this key\./);
  assert.match(await ask(page, { key: `  ${key}  ` }), /^Likely/, "spaces around a pasted key are nobody's mistake");
  assert.deepEqual(complaints(seen), [403, 403]);
  await context.close();
});

test("the keyboard alone is enough", async () => {
  await visit("/", async (page) => {
    await opened(page);
    await page.keyboard.press("Tab");
    await page.keyboard.type("700");
    await page.keyboard.press("Tab");
    await page.keyboard.type("3.9");
    await page.keyboard.press("Tab");
    await page.keyboard.press("ArrowLeft");
    assert.equal(await page.locator("input[name=rank]:checked").inputValue(), "1");
    await page.keyboard.press("Tab");
    await page.keyboard.type(key);
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    assert.notEqual(outline, "none", "what is in focus is seen to be");
    await page.keyboard.press("Enter");
    assert.match(await answer(page), /^Likely to be admitted\./);
  });
});

test("everything has a name, and the answer is read out", async () => {
  await visit("/", async (page) => {
    await opened(page);
    for (const name of ["GRE score", "Grade point average", "API key", "Remember it until this tab is closed"]) {
      assert.equal(await page.getByLabel(name, { exact: true }).count(), 1, name);
    }
    assert.equal(await page.getByRole("group", { name: "Rank of your school" }).getByRole("radio").count(), 4);
    assert.equal(await page.getByRole("button", { name: "Ask the model" }).count(), 1);
    const status = page.getByRole("status");
    assert.equal(await status.getAttribute("aria-live"), "polite");
    await ask(page, { gre: "800", gpa: "4", rank: "1", key });
    assert.match(await status.innerText(), /^Likely/);
  });
});

test("the key stays in the tab, and only if that is asked for", async () => {
  const { page, context } = await tab();
  await page.goto(origin);
  await opened(page);
  const kept = () => page.evaluate(() => [sessionStorage.length, localStorage.length, document.cookie.length]);
  await ask(page, { gre: "800", gpa: "4", rank: "1", key });
  assert.deepEqual(await kept(), [0, 0, 0]);
  await page.reload();
  await opened(page);
  assert.equal(await page.inputValue("#key"), "");
  await page.check("#remember");
  await ask(page, { gre: "800", gpa: "4", rank: "1", key });
  assert.deepEqual(await kept(), [1, 0, 0]);
  await page.reload();
  await opened(page);
  assert.equal(await page.inputValue("#key"), key);
  const other = await context.newPage();
  await other.goto(origin);
  await opened(other);
  assert.equal(await other.inputValue("#key"), "", "another tab knows nothing of it");
  await page.uncheck("#remember");
  await ask(page, { gre: "800", gpa: "4", rank: "1" });
  assert.deepEqual(await kept(), [0, 0, 0]);
  assert.ok(!page.url().includes(key) && !(await page.content()).includes(key), "it is in no address and no text");
  await context.close();
});

test("what does not answer is told apart from what refuses", async () => {
  const { page, context } = await tab();
  await page.goto(origin);
  await opened(page);
  await page.route("**/prod/admit?*", (route) => route.abort("connectionrefused"));
  assert.match(await ask(page, { gre: "800", gpa: "4", rank: "1", key }), /^The API cannot be reached\.\s+It may be down, or/);
  await page.route("**/prod/admit?*", (route) => route.fulfill({ status: 502, body: "<html>Bad Gateway" }));
  assert.match(await ask(page, {}), /^The API failed \(502\)\./);
  await page.unroute("**/prod/admit?*");
  assert.match(await ask(page, {}), /^Likely/);
  await page.route("**/poc.json", (route) => route.fulfill({ status: 403, body: "" }));
  await page.reload();
  assert.match(await answer(page, { disabled: true }), /^This page does not know its API yet\./);
  assert.ok(await page.isDisabled("#ask"));
  await context.close();
});

test("an edited page is there when it is loaded again", async () => {
  const file = join(directory, "web/index.html");
  const text = readFileSync(file, "utf8");
  await visit("/", async (page) => {
    assert.equal(await page.textContent("h1"), "Will I be admitted?");
    writeFileSync(file, text.replaceAll("Will I be admitted?", "Shall I be admitted?"));
    await until("the edit", async () => {
      await page.reload();
      return (await page.textContent("h1")) === "Shall I be admitted?";
    });
    writeFileSync(file, text);
  });
});

// As on AWS: the page comes from one origin, the API is another, and the browser keeps to CORS.
test("from another origin the page is let in, and may read every refusal", async () => {
  const types = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
  const pages = createServer((asked, reply) => {
    const path = asked.url === "/" ? "/index.html" : asked.url;
    if (path === "/poc.json") {
      reply.setHeader("content-type", "application/json");
      return reply.end(JSON.stringify({ app: "x", stage: "prod", api: `${origin}/prod`, needs_key: true }));
    }
    reply.setHeader("content-type", types[extname(path)]);
    reply.end(readFileSync(join(directory, "web", path)));
  });
  await new Promise((listening) => pages.listen(0, "127.0.0.1", listening));
  const elsewhere = `http://127.0.0.1:${pages.address().port}`;
  const { page, context, seen } = await tab();
  try {
    const asked = [];
    const cdp = await context.newCDPSession(page);
    await cdp.send("Network.enable");
    cdp.on("Network.requestWillBeSent", ({ request }) => {
      if (request.url.startsWith(origin)) asked.push(request.method);
    });
    await page.goto(elsewhere);
    await opened(page);
    assert.notEqual(new URL(page.url()).origin, origin);
    assert.match(await ask(page, { gre: "800", gpa: "4", rank: "1", key }), /^Likely/);
    assert.ok(asked.includes("OPTIONS"), `the browser asked before it sent the key: ${asked}`);
    assert.match(await ask(page, { gre: "abc" }), /GRE must be a number, not 'abc'\.$/);
    assert.match(await ask(page, { gre: "800", key: "somebody-elses-key-1234" }), /^The API does not take this key\./);
    assert.match(await ask(page, { key: "" }), /^The API wants a key\./);
    assert.deepEqual(complaints(seen), [400, 403, 403]);
  } finally {
    await context.close();
    pages.close();
  }
});
