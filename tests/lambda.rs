//! Functions run on this machine, through the real SDK client and with real handler processes. What is expected comes
//! from `AWS_FACTS` (B5, C6, C8, D and appendix B) and from what AWS's own runtimes say.

#[path = "lambda/api.rs"]
mod api;
#[path = "lambda/limits.rs"]
mod limits;
#[path = "lambda/logs.rs"]
mod logs;
#[path = "lambda/node.rs"]
mod node;
#[path = "lambda/provided.rs"]
mod provided;
#[path = "lambda/python.rs"]
mod python;
#[path = "lambda/sandboxes.rs"]
mod sandboxes;
#[path = "lambda/support.rs"]
mod support;
