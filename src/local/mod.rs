//! AWS on this machine. This side never imports the deployer's modules, and they never import it (but for
//! `aws/connect.rs`, which may choose it as the HTTP client): the two meet on the wire only.

pub mod cloud;
