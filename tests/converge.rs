//! What a deploy leaves behind, told from the outside: which calls were sent and what the cloud holds afterwards.

mod support;

#[path = "converge/calls.rs"]
mod calls;
#[path = "converge/depth.rs"]
mod depth;
#[path = "converge/everything.rs"]
mod everything;
#[path = "converge/foreign.rs"]
mod foreign;
#[path = "converge/iam.rs"]
mod iam;
#[path = "converge/images.rs"]
mod images;
#[path = "converge/inventory.rs"]
mod inventory;
#[path = "converge/killed.rs"]
mod killed;
#[path = "converge/lock.rs"]
mod lock;
#[path = "converge/logs.rs"]
mod logs;
#[path = "converge/lost.rs"]
mod lost;
#[path = "converge/many_routes.rs"]
mod many_routes;
#[path = "converge/pace.rs"]
mod pace;
#[path = "converge/pictures.rs"]
mod pictures;
#[path = "converge/policy.rs"]
mod policy;
#[path = "converge/references.rs"]
mod references;
#[path = "converge/refusals.rs"]
mod refusals;
#[path = "converge/rollback.rs"]
mod rollback;
#[path = "converge/rotation.rs"]
mod rotation;
#[path = "converge/site.rs"]
mod site;
#[path = "converge/stories.rs"]
mod stories;
#[path = "converge/turns.rs"]
mod turns;
