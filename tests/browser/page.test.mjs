// The page of `poc dev` at /_poc/, as somebody uses it who wants to see what happens to a call.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { address, call, desktop, directory, fits, key, legible, origin, phone, quit, shot, tab, until, visit } from "./harness.mjs";
import { complaints } from "./site.mjs";

after(quit);

const good = "/prod/admit?gre=800&gpa=4&rank=1";

/** The page knows the API and the key. */
async function opened(page) {
  await page.waitForSelector("#send");
}

/** Sends the form by Enter or by the button, and waits until that status is told. */
async function send(page, status) {
  await page.click("#send");
  await told(page, status);
}

async function told(page, status) {
  await page.waitForFunction((wanted) => document.querySelector("#outcome").textContent.includes(wanted), status);
  await page.waitForSelector("#send:not(:disabled)");
}

/** What one step of the picture says. */
async function step(page, name) {
  return (await page.innerText(`#picture .${name}`)).replace(/\s+/g, " ");
}

/** The values of one step by their names. */
async function values(page, name) {
  return page.evaluate((name) => {
    const rows = [...document.querySelectorAll(`#step-${name} dt`)];
    return Object.fromEntries(rows.map((row) => [row.textContent, row.nextElementSibling.textContent]));
  }, name);
}

test("a call's life is drawn with its real values: 200, 400, 403", async () => {
  for (const [size, name] of [[desktop, "desktop"], [phone, "phone"]]) {
    for (const colorScheme of ["light", "dark"]) {
      const { page, context, seen } = await tab({ ...size, colorScheme });
      await page.goto(`${origin}/_poc/`);
      await opened(page);
      await fits(page);
      await shot(page, `page-new-${name}-${colorScheme}`, { fullPage: true });
      assert.match(await page.innerText("#methods"), /GET\s+\/admit/);
      assert.equal(await page.inputValue("#field-0"), "800", "values from the file's check");

      await send(page, "200 OK");
      await fits(page);
      await legible(page);
      await shot(page, `page-200-${name}-${colorScheme}`, { fullPage: true });
      assert.match(await step(page, "client"), /GET \/prod\/admit\?gre=800&gpa=4&rank=1 200 OK/);
      assert.match(await step(page, "method_request"), /route GET \/admit key ServerlessPOC/);
      assert.match(await step(page, "integration_request"), /template application\/json event \{ "gre": "800", "gpa": "4", "rank": "1" \}/);
      assert.match(await step(page, "integration"), /^Lambda function .* result \{ "result": true \}$/);
      assert.match(await step(page, "integration_response"), /pattern none matched: the default, 200/);
      assert.match(await step(page, "method_response"), /status 200 OK body \{ "result": true \}$/);
      const asked = await values(page, "integration_request");
      assert.equal(asked.template, "application/jsontemplates/admit/request.vtl");
      assert.deepEqual(JSON.parse(asked.body), { gre: "800", gpa: "4", rank: "1" });

      await page.fill("#field-0", "abc");
      await send(page, "400 Bad Request");
      await fits(page);
      await legible(page);
      await shot(page, `page-400-${name}-${colorScheme}`, { fullPage: true });
      assert.match(await step(page, "integration"), /error \w+ result \{ "errorMessage":/);
      assert.match(await step(page, "integration_response"), /pattern \.\*"httpStatus":400\.\* → 400/);
      assert.match((await values(page, "integration_response")).template, /^application\/jsontemplates\/admit\/error\.vtl$/);
      assert.equal(JSON.parse((await values(page, "method_response")).body).message, "gre must be a number, not 'abc'");

      await page.selectOption("#choice", "no key");
      await send(page, "403 Forbidden");
      await fits(page);
      await legible(page);
      await shot(page, `page-403-${name}-${colorScheme}`, { fullPage: true });
      assert.match(await step(page, "method_request"), /ended here route GET \/admit key none sent/);
      for (const skipped of ["integration_request", "integration", "integration_response"]) {
        assert.match(await step(page, skipped), /not reached$/);
      }
      assert.match(await step(page, "method_response"), /status 403 Forbidden error type ForbiddenException/);
      assert.equal((await values(page, "method_response"))["gateway response"], "INVALID_API_KEY");
      assert.match(await page.innerText(".reason"), /has no x-api-key header/);
      assert.ok(await page.locator("#outcome").isVisible());
      const top = await page.evaluate(() => document.querySelector("#outcome").getBoundingClientRect().top);
      assert.ok(top >= 0 && top < size.viewport.height, `the outcome is in sight, not at ${top}`);
      assert.deepEqual(complaints(seen), [400, 403]);
      assert.deepEqual(seen.foreign, []);
      await context.close();
    }
  }
});

test("another method of calling: a key that is typed in, and one that opens nothing", async () => {
  const { page, context, seen } = await tab();
  await page.goto(`${origin}/_poc/`);
  await opened(page);
  await page.selectOption("#choice", "another, typed in");
  await page.getByLabel("Value of the other key").fill("somebody-elses-key-1234");
  await send(page, "403 Forbidden");
  assert.match(await step(page, "method_request"), /key not taken/);
  await page.getByLabel("Value of the other key").fill(key);
  await send(page, "200 OK");
  assert.equal((await page.innerText("#steps")).includes("<API key>"), false, "headers are folded");
  await page.locator("#step-method_request summary").click();
  const text = await page.innerText("#steps");
  assert.ok(text.includes("<API key>") && !text.includes(key));
  assert.deepEqual(complaints(seen), [403]);
  await context.close();
});

test("the keyboard alone is enough", async () => {
  await visit("/_poc/", async (page) => {
    await opened(page);
    const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.textContent);
    const seen = [];
    // To the form, through everything before it.
    for (let n = 0; n < 12 && (await focused()) !== "field-0"; n += 1) {
      await page.keyboard.press("Tab");
      const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
      assert.notEqual(outline, "none", `${await focused()} is seen to be in focus`);
      seen.push(await focused());
    }
    assert.equal(seen[0], "Skip to the life of the call");
    assert.ok(seen.some((text) => text.includes("/admit")), seen.join(", "));
    await page.keyboard.press("ControlOrMeta+A");
    await page.keyboard.type("700");
    await page.keyboard.press("Enter");
    await told(page, "200 OK");
    assert.match(await step(page, "client"), /gre=700/);
    // From the picture to a step's values, by Enter on the step.
    await page.locator("#picture a.integration_request").focus();
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => location.hash), "#step-integration_request");
    await page.keyboard.press("Shift+Tab");
    // An older call, by the arrows in the list.
    await call("/prod/nowhere");
    await told(page, "403 Forbidden");
    await page.locator("#calls button").first().focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await told(page, "200 OK");
    assert.equal(await page.locator("#calls [aria-current]").count(), 1);
    assert.equal(await page.isChecked("#follow"), false, "what was chosen stays");
    await call(good, { headers: { "x-api-key": key } });
    await until("the new call in the list", async () => (await page.locator("#calls button").count()) >= 3 && /gre=800/.test(await page.locator("#calls button").first().innerText()));
    assert.match(await step(page, "client"), /gre=700/);
    assert.match(await focused(), /gre=700/, "the focus stays where it was");
  });
});

test("everything has a name, and the outcome is read out", async () => {
  await visit("/_poc/", async (page) => {
    await opened(page);
    for (const [role, name] of [["heading", "ServerlessPOC"], ["region", "Methods"], ["region", "Try it"], ["region", "Life of the call"], ["region", "Last calls"], ["button", "Send"], ["textbox", /^gre query, required$/], ["combobox", /^API key/], ["checkbox", "Show every new call at once"], ["group", "The steps of the call"]]) {
      assert.equal(await page.getByRole(role, { name, exact: true }).count(), 1, `${role} ${name}`);
    }
    assert.equal(await page.getByRole("status").first().getAttribute("aria-live"), "polite");
    await send(page, "200 OK");
    for (const name of ["Method request", "Integration request", "Lambda function", "Integration response", "Method response"]) {
      assert.equal(await page.getByRole("region", { name }).count(), 1, name);
      assert.equal(await page.getByRole("group", { name: "The steps of the call" }).getByRole("link", { name }).count(), 1, name);
    }
  });
});

test("a value that looks like markup stays text", async () => {
  const markup = "<img src=x onerror=alert(1)><script>alert(2)</script>";
  const { page, context, seen } = await tab();
  await page.goto(`${origin}/_poc/`);
  await opened(page);
  await page.fill("#field-0", markup);
  await send(page, "400 Bad Request");
  assert.equal((await values(page, "method_response")).body.includes("<img src=x onerror=alert(1)>"), true);
  // Also from another program, in the path, a header and a body.
  await call(`/prod/${encodeURIComponent(markup)}`, { headers: { "x-odd": markup } });
  await told(page, "403 Forbidden");
  assert.equal(await page.locator("#picture img, #steps img, #calls img, main script").count(), 0);
  assert.deepEqual(complaints(seen), [400]);
  // And if a mistake ever got by, the browser would refuse it.
  const refused = await page.evaluate(() => {
    try {
      document.body.innerHTML = "<b>x</b>";
      return false;
    } catch (error) {
      return error instanceof TypeError;
    }
  });
  assert.ok(refused, "text is never taken for markup");
  await context.close();
});

test("the file's words are shown as text, and an edit is there at once", async () => {
  const file = join(directory, "deploy.yaml");
  const text = readFileSync(file, "utf8");
  const own = "        summary: Is an applicant with these marks admitted?\n";
  assert.ok(text.includes(own));
  const words = "        summary: Admitted <i>or not</i>?\n        description: |\n          One line.\n          Another.\n";
  const query = "{ gre: { required: true, description: 200 to 800 }, gpa: required, rank: required }";
  await visit("/_poc/", async (page) => {
    await opened(page);
    await page.fill("#field-1", "3.5");
    assert.equal(await page.evaluate(() => document.activeElement.id), "field-1");
    writeFileSync(file, text.replace(own, words).replace("{ gre: required, gpa: required, rank: required }", query));
    await page.waitForFunction(() => document.querySelector("#methods").textContent.includes("Admitted <i>or not</i>?"));
    assert.match(await page.innerText("#method"), /One line\.\nAnother\./);
    assert.equal(await page.textContent("#field-0-hint"), "200 to 800");
    assert.equal(await page.getAttribute("#field-0", "aria-describedby"), "field-0-hint");
    assert.equal(await page.inputValue("#field-1"), "3.5", "what was typed is kept");
    assert.equal(await page.evaluate(() => document.activeElement.id), "field-1", "and where somebody types");
  });
  writeFileSync(file, text);
});

test("path variables, headers, any method and a body go where they belong", async () => {
  const file = join(directory, "deploy.yaml");
  const text = readFileSync(file, "utf8");
  const route = "    /things/{id}/{rest+}:\n      ANY: { integration: mock, headers: { X-Odd: optional }, query: { q: optional } }\n    /admit:\n";
  writeFileSync(file, text.replace("    /admit:\n", route));
  await visit("/_poc/", async (page) => {
    await page.getByRole("button", { name: "ANY /things/{id}/{rest+}" }).click();
    await page.selectOption("#verb", "PUT");
    await page.click("#send");
    await until("what is missing", async () => /^Not sent: id is a part of the path/.test(await page.innerText("#said")));
    assert.equal(await page.getAttribute("#field-0", "aria-invalid"), "true");
    await page.getByLabel("id in the path, required").fill("a b/c");
    await page.getByLabel("rest in the path, required").fill("d/e?f");
    await page.getByLabel("q query").fill("ä&b");
    await page.getByLabel("X-Odd header").fill("odd");
    await page.getByLabel("Body").fill('{"a": 4.0}');
    await send(page, "200 OK");
    assert.match(await step(page, "client"), /PUT \/prod\/things\/a%20b%2Fc\/d\/e%3Ff\?q=%C3%A4%26b 200 OK/);
    assert.match(await step(page, "integration"), /^Mock /);
    const seen = await values(page, "method_request");
    assert.equal(seen.path, "ida b/crestd/e?f");
    assert.equal(seen.query, "qä&b");
    assert.equal(seen.body, '{\n  "a": 4.0\n}', "a number as it was sent");
    await page.locator("#step-method_request summary").click();
    assert.match(await page.innerText("#step-method_request"), /x-odd\s+odd/);
  });
  writeFileSync(file, text);
});

test("the key is the page's alone: not in storage, and no other page of this origin gets it", async () => {
  await visit("/_poc/", async (page) => {
    await opened(page);
    await send(page, "200 OK");
    const kept = await page.evaluate(() => [sessionStorage.length, localStorage.length, document.cookie.length]);
    assert.deepEqual(kept, [0, 0, 0]);
    assert.equal((await page.content()).includes(key), false, "nor in the page's text");
  });
  const { page, context, seen } = await tab();
  await page.goto(origin);
  const got = await page.evaluate(async () => {
    const token = /name="poc-page" content="(.*?)"/.exec(await (await fetch("/_poc/")).text())[1];
    const asked = await fetch("/_poc/keys", { headers: { "x-poc-page": token } });
    return { token, status: asked.status, body: await asked.text() };
  });
  assert.deepEqual([got.token, got.status], ["", 403]);
  // In a window that it opens the page has its token, and whoever opened it cannot look inside.
  const [window] = await Promise.all([
    context.waitForEvent("page"),
    page.evaluate(() => {
      globalThis.other = open("/_poc/");
    }),
  ]);
  await opened(window);
  assert.equal((await window.getAttribute("meta[name=poc-page]", "content")).length, 32);
  const inside = await page.evaluate(() => {
    try {
      return globalThis.other.document.querySelector("meta[name=poc-page]").content;
    } catch {
      return "nothing";
    }
  });
  assert.equal(inside, "nothing");
  assert.equal(got.body.includes(key), false);
  assert.deepEqual(complaints(seen), [403]);
  await context.close();
  // Under the other name of this machine it is another origin.
  const other = await tab();
  await other.page.goto(`http://localhost:${address.split(":")[1]}/`);
  const read = await other.page.evaluate((url) => fetch(url).then(() => "read", () => "refused"), `${origin}/_poc/calls`);
  assert.equal(read, "refused");
  await other.context.close();
});
