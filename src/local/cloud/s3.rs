use serde::{Deserialize, Serialize};

use super::{Call, Failure, Reply, Request};

#[derive(Debug, Default, Serialize, Deserialize)]
pub struct State {}

pub fn handle(_call: &mut Call<'_>, _request: &Request) -> Reply {
    Failure::new(400, "UnknownOperationException", "not built").json()
}
