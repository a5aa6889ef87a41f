//! API Gateway's data plane: calls what is deployed in the embedded cloud, step by step as `AWS_FACTS` C1 orders them.

mod call;
mod trace;

pub use call::{Answer, Call, Target};
pub use trace::{Fact, Step, StepName, Trace};
