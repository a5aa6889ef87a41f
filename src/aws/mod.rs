//! AWS as the deployer sees it: the clients, the account, the region, and what an error means.

pub mod connect;
