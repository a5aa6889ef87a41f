// Predicts what a flat costs. Put your own model in the place of `predict`.

/** The price of a flat of `size` square metres. */
function predict(size, rooms) {
  return Math.round(20_000 + 1_500 * size + 8_000 * rooms);
}

class Mistake extends Error {}

function number(event, name) {
  const text = event[name];
  const value = Number(text);
  if (text === undefined || text === "" || Number.isNaN(value)) {
    throw new Mistake(`${name} must be a number`);
  }
  if (!(value > 0 && value < 10_000)) {
    throw new Mistake(`${name} must be between 0 and 10000`);
  }
  return value;
}

/** Lambda calls this with what templates/request.vtl made of the request. */
export const handler = async (event) => {
  try {
    return { price: predict(number(event, "size"), number(event, "rooms")) };
  } catch (mistake) {
    if (!(mistake instanceof Mistake)) throw mistake;
    // deploy.yaml looks for "httpStatus":400 in this text, and answers with templates/error.vtl.
    throw new Error(JSON.stringify({ httpStatus: 400, message: mistake.message }));
  }
};
