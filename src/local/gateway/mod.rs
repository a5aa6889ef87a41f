//! API Gateway's data plane: calls what is deployed in the embedded cloud, step by step as `AWS_FACTS` C1 orders them.

mod call;
mod trace;

use std::sync::Arc;

use bytes::Bytes;

pub use call::{Answer, Call, Target};
pub use trace::{Fact, Step, StepName, Trace};

use super::cloud::Cloud;
use super::lambda::Functions;

/// Serves what a cloud holds.
pub struct Gateway {
    cloud: Arc<Cloud>,
    functions: Arc<dyn Functions>,
}

impl Gateway {
    /// Serves what `cloud` holds. Counters of throttles and quotas are kept beside it (in memory for a cloud in memory).
    pub fn new(cloud: Arc<Cloud>, functions: Arc<dyn Functions>) -> Gateway {
        Gateway { cloud, functions }
    }

    pub async fn handle(&self, call: Call) -> Answer {
        let _ = (&self.cloud, &self.functions, call);
        Answer { response: http::Response::new(Bytes::new()), trace: Trace::default() }
    }

    /// Writes down what was counted; call it before the process ends.
    pub async fn close(&self) {}
}
