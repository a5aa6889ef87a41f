use super::{Call, Failure, Reply, Request};

pub fn handle(_call: &mut Call<'_>, _request: &Request) -> Reply {
    Failure::new(400, "UnknownOperationException", "not built").json()
}
