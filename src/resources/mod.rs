//! One file per AWS resource, each reading top to bottom the same way: what is wanted, what is observed, read, diff,
//! create, update, delete. Nothing here decides an order; `desired.rs` does.

pub mod alias_record;
pub mod certificate;
pub mod domain_name;
pub mod domain_ready;
pub mod given_certificate;
pub mod hosted_zone;
pub mod issued_certificate;
pub mod log_group;
mod owner;
pub mod validation_record;

pub use alias_record::AliasRecord;
pub use certificate::Certificate;
pub use domain_name::DomainName;
pub use domain_ready::DomainReady;
pub use given_certificate::GivenCertificate;
pub use hosted_zone::HostedZone;
pub use issued_certificate::IssuedCertificate;
pub use log_group::LogGroup;
pub use owner::Owner;
pub use validation_record::ValidationRecord;
