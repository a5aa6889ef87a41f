//! Lambda's data plane: runs the functions that the embedded cloud holds, in processes on this machine.

mod invoke;

pub use invoke::{FunctionError, Functions, Invocation, Invoked, Refused};
