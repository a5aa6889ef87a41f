//! Predicts what a flat costs. Put your own model in the place of `predict`.

use lambda_runtime::{run, service_fn, Error, LambdaEvent};
use serde_json::{json, Value};

/// The price of a flat of `size` square metres.
fn predict(size: f64, rooms: f64) -> f64 {
    (20_000.0 + 1_500.0 * size + 8_000.0 * rooms).round()
}

fn number(event: &Value, name: &str) -> Result<f64, String> {
    let value = event[name].as_str().and_then(|text| text.parse::<f64>().ok());
    let value = value.ok_or_else(|| format!("{name} must be a number"))?;
    if value > 0.0 && value < 10_000.0 {
        Ok(value)
    } else {
        Err(format!("{name} must be between 0 and 10000"))
    }
}

/// Lambda calls this with what templates/request.vtl made of the request.
async fn handler(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let both = number(&event.payload, "size").and_then(|size| Ok((size, number(&event.payload, "rooms")?)));
    match both {
        Ok((size, rooms)) => Ok(json!({ "price": predict(size, rooms) as i64 })),
        // deploy.yaml looks for "httpStatus":400 in this text, and answers with templates/error.vtl.
        Err(mistake) => Err(json!({ "httpStatus": 400, "message": mistake }).to_string().into()),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(handler)).await
}
