//! deploy.yaml as a user writes it: the sample, stages, and every kind of mistake with the place it is reported at.

#[path = "spec/api.rs"]
mod api;
#[path = "spec/domain.rs"]
mod domain;
#[path = "spec/form.rs"]
mod form;
#[path = "spec/function.rs"]
mod function;
#[path = "spec/methods.rs"]
mod methods;
#[path = "spec/mistakes.rs"]
mod mistakes;
#[path = "spec/package.rs"]
mod package;
#[path = "spec/plan.rs"]
mod plan;
#[path = "spec/project.rs"]
mod project;
#[path = "spec/sample.rs"]
mod sample;
#[path = "spec/schema.rs"]
mod schema;
#[path = "spec/site.rs"]
mod site;
#[path = "spec/stages.rs"]
mod stages;
#[path = "spec/templates.rs"]
mod templates;
#[path = "spec/trap.rs"]
mod trap;
#[path = "spec/values.rs"]
mod values;
#[path = "spec/warnings.rs"]
mod warnings;
