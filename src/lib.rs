//! `poc` puts a prediction function behind a protected web API. One `deploy.yaml`, one binary, no state file:
//!
//! > package → S3 → IAM role → Lambda → REST API with VTL mapping templates → stage → usage plan and API key →
//! > certificate → custom domain → base path mapping → Route 53 alias
//!
//! and back down again with `poc teardown`.
//!
//! # A command is seven stages in a row
//!
//! | stage   | takes                          | gives                    | where |
//! |---------|--------------------------------|--------------------------|-------|
//! | load    | deploy.yaml, templates, package | a [`spec::Spec`]; every mistake with file, line and column | [`spec`], [`package`] |
//! | desired | the spec, account and region   | the graph of resources; pure, on one page | [`desired`] |
//! | read    | the graph                      | what AWS has, looked up concurrently | [`engine`], [`resources`] |
//! | decide  | wanted and observed            | a [`engine::plan::Plan`]; pure, no client in reach | [`engine`] |
//! | confirm | the plan                       | yes or no                | [`cli`], [`ui`] |
//! | apply   | the plan and nothing else      | what was made            | [`engine`], [`resources`] |
//! | check   | the file's checks              | pass or fail             | [`pipeline`] |
//!
//! [`pipeline`] is that row; every command is a prefix of it. `plan` stops after decide, `deploy` goes to the end, and a
//! `teardown` is the same with nothing desired. There is no dry run that could drift from the real one.
//!
//! # The rooms, and who may import whom
//!
//! From the top down. A module may import what its row names and itself, nothing else; `tests/layers.rs` reads this
//! table and holds every file under `src/` to it.
//!
//! | module | may import | what it is |
//! |--------|------------|------------|
//! | `cli` | `pipeline`, `ui`, `event` | one file per command: its arguments and a straight-line `run` |
//! | `ui` | `pipeline`, `engine::plan`, `spec::Fault`, `spec::Source`, `spec::Span`, `spec::Warning`, `event` | data in, text out: for people and for programs; the only room that prints |
//! | `pipeline` | `explain`, `desired`, `resources`, `engine`, `aws`, `package`, `spec`, `vtl`, `event`, `clock` | the seven stages in a row, and the commands around what they built |
//! | `explain` | `spec`, `event` | the story behind every code: pages compiled in |
//! | `desired` | `resources`, `engine`, `aws`, `package`, `spec` | every resource that a deploy.yaml stands for, in order |
//! | `resources` | `engine`, `aws`, `package`, `spec`, `event` | one file per AWS resource: read, diff, create, update, delete |
//! | `engine` | `aws`, `event` | the graph, the plan that follows from it, and its execution; knows no resource |
//! | `aws` | `event`, `clock`, and in `src/aws/embedded.rs` alone `local` | clients, pace, retries, and what an error means |
//! | `package` | `spec` | what is uploaded: a directory with its libraries as a zip, the same bytes on any machine; a site's folder as pages; the deployer's one room that runs programs (but `cli`, which opens a browser) |
//! | `spec` | `vtl` | what deploy.yaml may say: reading, judging, the typed result |
//! | `local` | `vtl`, `clock` | AWS on this machine: stands for AWS itself and knows nothing of the deployer |
//! | `vtl` | | the mapping template language |
//! | `event` | | what happened, as data: all that passes from the engine to the ui |
//! | `clock` | | the one reading of the wall clock |
//!
//! `local` and the deployer meet on the wire only: the real SDK clients, with the embedded cloud as their HTTP client.
//! So no mistake can be shared by both sides.
//!
//! # Laws
//!
//! 1. **AWS is the state.** What is ours is known by its name and its tags; nothing local can be lost.
//! 2. **A re-run is a resume.** Killed at any call, the same command finishes the job, and nothing is doubled.
//! 3. **No change, no write.** A second deploy sends lookups only.
//! 4. **The plan is the apply.** What was shown is what is done.
//! 5. **Not ours, not touched.** A namesake without our tags stops the run; shared things are never changed.
//! 6. **No caller sees a gap.** Add before remove, permission before deployment, alias before stage.
//! 7. **API Gateway is spoken to at its own pace**, budgeted on this side.
//! 8. **Waits are conditions**, never sleeps, with what is waited for shown.
//! 9. **Errors are classified once, by code**, in `aws/error.rs`; each says what to do next.
//! 10. **Secrets stay quiet**: no key's value in a plan, an event or an error.
//! 11. **Time and chance are injected**, so that a run can be simulated with the clock paused.
//! 12. **Teardown proves it**: everything is looked up again, and the run ends with what is left.
//!
//! # Where to start reading
//!
//! [`desired::desired`] says what is built and in which order. `resources/bucket.rs` or `resources/log_group.rs` show
//! what a resource is, [`engine`] what happens to one, [`pipeline`] how a command runs. `tests/converge.rs` looks at deploys
//! from the outside: which calls were sent, and what the cloud holds afterwards.

#![recursion_limit = "256"]

/// An enum whose members have the names that `--json` and `poc explain` know them by.
macro_rules! kinds {
    ($(#[$about:meta])* $kinds:ident: $($kind:ident = $name:literal;)*) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $kinds {
            $(#[doc = $name] $kind,)*
        }

        impl $kinds {
            /// Every kind, by name.
            pub fn all() -> &'static [$kinds] {
                &[$($kinds::$kind,)*]
            }

            /// What `--json` calls it.
            pub fn name(self) -> &'static str {
                match self { $($kinds::$kind => $name,)* }
            }

            /// The kind that is called so.
            pub fn named(name: &str) -> Option<$kinds> {
                $kinds::all().iter().find(|kind| kind.name() == name).copied()
            }
        }
    };
}

pub mod aws;
pub mod cli;
pub mod clock;
pub mod desired;
pub mod engine;
pub mod event;
pub mod explain;
pub mod local;
pub mod package;
pub mod pipeline;
pub mod resources;
pub mod spec;
pub mod ui;
pub mod vtl;
