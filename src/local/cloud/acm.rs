use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Call, Failure, Reply, Request};

#[derive(Debug, Default, Serialize, Deserialize)]
pub struct State {
    pub certificates: BTreeMap<String, (bool, Vec<String>)>,
}

pub struct CertificateView {
    pub issued: bool,
    pub domains: Vec<String>,
}

impl State {
    pub fn certificate(&self, region: &str, arn: &str) -> Option<CertificateView> {
        let (issued, domains) = self.certificates.get(arn)?;
        arn.contains(&format!(":{region}:")).then(|| CertificateView { issued: *issued, domains: domains.clone() })
    }

    pub fn set_in_use(&mut self, _arn: &str, _by: &str, _in_use: bool, _now: u64) {}
}

pub fn handle(_call: &mut Call<'_>, _request: &Request) -> Reply {
    Failure::new(400, "UnknownOperationException", "not built").json()
}
