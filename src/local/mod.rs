//! AWS on this machine. This side never imports the deployer's modules, and they never import it (but for
//! `aws/embedded.rs`, which may put it in the place of AWS): the two meet on the wire only.

pub mod aws;
pub mod cloud;
pub mod gateway;
pub mod lambda;
pub mod page;
pub mod serve;
