//! The template language against Apache Velocity 1.7: the corpus, the constructs one by one, and hostile templates.

#[path = "vtl/case.rs"]
mod case;
#[path = "vtl/corpus.rs"]
mod corpus;
#[path = "vtl/faults.rs"]
mod faults;
#[path = "vtl/generate.rs"]
mod generate;
#[path = "vtl/hostile.rs"]
mod hostile;
#[path = "vtl/language.rs"]
mod language;
#[path = "vtl/oracle.rs"]
mod oracle;
#[path = "vtl/patterns.rs"]
mod patterns;
#[path = "vtl/wide.rs"]
mod wide;
