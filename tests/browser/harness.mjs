// A page of `poc dev` in headless Chromium, watched: what it asks other hosts for, what it complains of, how wide it is.
// `tests/browser.rs` starts `poc dev` on a copy of the sample and says by environment variables where it is.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

/** `127.0.0.1:PORT` of the `poc dev` under test. */
export const address = process.env.POC_ADDRESS;
export const origin = `http://${address}`;
/** The API key's value. */
export const key = process.env.POC_KEY;
/** The directory of deploy.yaml, to edit things in. */
export const directory = process.env.POC_DIRECTORY;

const shots = process.env.POC_SHOTS ?? mkdtempSync(join(tmpdir(), "poc-shots-"));

/** How long anything may take on a busy machine. */
export const patience = 30_000;

export const desktop = { viewport: { width: 1280, height: 900 } };
export const phone = { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };

const flags = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
  // Whatever a page asks for by name is asked of nobody.
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
];

let browser;

/** One browser for a file of tests; it starts with an empty profile. */
async function launched() {
  const executablePath = process.env.POC_CHROMIUM ?? "/usr/bin/chromium";
  browser ??= await chromium.launch({ executablePath, args: flags });
  return browser;
}

/** Call it in `after`. */
export async function quit() {
  await browser?.close();
  browser = undefined;
}

/** A tab of its own, without a history, and what was seen of it. */
export async function tab(options = desktop) {
  const context = await (await launched()).newContext({ reducedMotion: "reduce", ...options });
  context.setDefaultTimeout(patience);
  const page = await context.newPage();
  const seen = { foreign: [], console: [] };
  const ours = new Set([address, address.replace("127.0.0.1", "localhost")]);
  context.on("request", (asked) => {
    const url = new URL(asked.url());
    if (!["data:", "blob:", "about:"].includes(url.protocol) && !ours.has(url.host)) seen.foreign.push(asked.url());
  });
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) seen.console.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => seen.console.push(`uncaught: ${error.message}`));
  page.on("dialog", (dialog) => {
    seen.console.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  return { page, context, seen };
}

/** Opens it, lets `act` use it, and holds it to what every page of ours keeps: no other host, no complaint. */
export async function visit(path, act, options = desktop) {
  const { page, context, seen } = await tab(options);
  try {
    await page.goto(origin + path);
    await act(page, seen);
    assert.deepEqual(seen.foreign, [], "the page asked another host");
    assert.deepEqual(seen.console, [], "the browser complained");
  } catch (error) {
    await shot(page, `failed-${Date.now()}`).catch(() => {});
    throw error;
  } finally {
    await context.close();
  }
}

/** A picture of the page, for people; where it was put is told. */
export async function shot(page, name, options = {}) {
  mkdirSync(shots, { recursive: true });
  const path = join(shots, `${name}.png`);
  await page.screenshot({ path, ...options });
  return path;
}

/** The page is no wider than the window, and nothing in it sticks out. */
export async function fits(page) {
  const { wide, window } = await page.evaluate(() => ({
    wide: Math.max(document.documentElement.scrollWidth, document.body.scrollWidth),
    window: document.documentElement.clientWidth,
  }));
  assert.ok(wide <= window, `the page is ${wide} px wide in a window of ${window} px`);
}

/** Text stands out from what is behind it as WCAG asks for: 4.5 to 1. */
export async function legible(page) {
  const faint = await page.evaluate(() => {
    const channels = (color) => {
      const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
      canvas.fillStyle = color;
      canvas.fillRect(0, 0, 1, 1);
      return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const light = (color) => {
      const [r, g, b] = channels(color).map((one) => one / 255).map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (element) => {
      for (let at = element; at; at = at.parentElement) {
        const color = getComputedStyle(at).backgroundColor;
        if (channels(color)[3] === 255) return color;
      }
      return "#fff";
    };
    const texts = [...document.querySelectorAll("h1, h2, h3, p, a, label, legend, button, strong, span, dt, pre, th, td, summary, input")];
    return texts
      .filter((element) => element.checkVisibility() && (element.textContent.trim() || element.value))
      .map((element) => {
        const [one, other] = [light(getComputedStyle(element).color), light(behind(element))].sort((a, b) => b - a);
        return [element.outerHTML.slice(0, 60), (one + 0.05) / (other + 0.05)];
      })
      .filter(([, contrast]) => contrast < 4.5);
  });
  assert.deepEqual(faint, []);
}

/** Waits until `look` is content. */
export async function until(what, look) {
  const end = Date.now() + patience;
  let last;
  while (Date.now() < end) {
    try {
      const found = await look();
      if (found) return found;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`waited in vain for ${what}${last ? `: ${last.message}` : ""}`);
}

/** A call that no browser makes: any header, any path; as curl would. */
export function call(target, { method = "GET", headers = {}, body } = {}) {
  const [host, port] = address.split(":");
  return new Promise((resolve, reject) => {
    const asked = request({ host, port, path: target, method, headers: { Connection: "close", ...headers } }, (answer) => {
      const chunks = [];
      answer.on("data", (chunk) => chunks.push(chunk));
      answer.on("end", () => {
        resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks).toString() });
      });
    });
    asked.on("error", reject);
    asked.end(body);
  });
}
