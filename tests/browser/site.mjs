// The sample's page: filled in, sent off, and read.

/** The page has found its API. */
export async function opened(page) {
  await page.waitForSelector("#access:not([hidden])");
}

export async function fill(page, { gre, gpa, rank, key }) {
  for (const [name, value] of Object.entries({ gre, gpa, key })) {
    if (value !== undefined) await page.fill(`#${name}`, value);
  }
  // As people do: the label is what is seen of it.
  if (rank !== undefined) await page.locator("#rank label", { hasText: rank }).click();
}

/** Fills in what is given, asks, and gives the answer's text. */
export async function ask(page, values) {
  await fill(page, values);
  await page.click("#ask");
  return answer(page);
}

/** Once there is one, and nothing is being asked any more. */
export async function answer(page, { disabled = false } = {}) {
  await page.waitForSelector(disabled ? "#ask:disabled" : "#ask:enabled");
  await page.waitForSelector("#answer:not([aria-busy]) strong");
  return (await page.innerText("#answer")).trim();
}

/** Chromium complains of every answer from 400 on; the statuses of those, and whatever else it complained of. */
export function complaints(seen) {
  const status = /^error: Failed to load resource: the server responded with a status of (\d+) /;
  return seen.console.map((text) => Number(status.exec(text)?.[1]) || text);
}
