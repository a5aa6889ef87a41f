//! STS: who the caller is. Query protocol.

use super::xml::Writer;
use super::{ACCOUNT, Call, Failure, Reply, Request};

pub fn handle(_call: &mut Call<'_>, request: &Request) -> Reply {
    let form = request.form();
    let action = form.iter().find(|(key, _)| key == "Action").map_or("", |(_, value)| value.as_str());
    match action {
        "GetCallerIdentity" => caller(),
        other => Failure::new(400, "InvalidAction", format!("Could not find operation {other} for version 2011-06-15"))
            .query_xml(),
    }
}

fn caller() -> Reply {
    let mut body = Writer::new();
    body.element("GetCallerIdentityResult", |result| {
        result
            .text("Arn", format_args!("arn:aws:iam::{ACCOUNT}:user/local"))
            .text("UserId", "AIDALOCALLOCALLOCAL00")
            .text("Account", ACCOUNT);
    });
    body.element("ResponseMetadata", |meta| {
        meta.text("RequestId", "local");
    });
    Reply::xml(200, body.document("GetCallerIdentityResponse", "https://sts.amazonaws.com/doc/2011-06-15/"))
}
