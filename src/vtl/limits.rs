//! How much a template may ask for. The first two are API Gateway's documented limits; the rest keep a render within
//! bounded time, memory and stack, far above what a template that finishes on API Gateway needs.

/// Size of a template.
pub(super) const TEMPLATE_BYTES: usize = 300 * 1024;

/// Rounds of one `#foreach`; it stops silently after them.
pub(super) const FOREACH_ROUNDS: usize = 1000;

/// Blocks, parentheses, arguments and lists inside one another.
pub(super) const NESTING: usize = 100;

/// Renders and evaluations in progress at one time.
pub(super) const DEPTH: usize = 200;

/// Macros calling one another; the language's own default.
pub(super) const MACRO_DEPTH: usize = 20;

/// A `#define` rendering itself; the language's own default.
pub(super) const DEFINE_DEPTH: usize = 2;

/// Nodes, values and list elements touched in one render.
pub(super) const STEPS: u64 = 2_000_000;

/// Bytes of text made in one render, results included.
pub(super) const BYTES: u64 = 64 * 1024 * 1024;

/// Bytes of one text, the output included: API Gateway's payload limit.
pub(super) const TEXT_BYTES: usize = 10 * 1024 * 1024;

/// Elements of one list or map.
pub(super) const ELEMENTS: usize = 1_000_000;

/// 32-bit digits of a whole number.
pub(super) const BIG_DIGITS: usize = 1_000;

/// Lists and maps inside one another, where they are printed, compared or hashed.
pub(super) const VALUE_DEPTH: usize = 200;

/// What compiling a regular expression counts as.
pub(super) const REGEX_STEPS: usize = 5_000;

/// What each match of a regular expression counts as.
pub(super) const MATCH_STEPS: usize = 10;

/// Steps of one regular expression match.
pub(super) const REGEX_BACKTRACKS: usize = 1_000_000;

/// The same on a long text, where one step may be long.
pub(super) const REGEX_BACKTRACKS_LONG: usize = 100_000;

/// The same in a render, which may match often, for a pattern whose groups look around or are referred to.
pub(super) const REGEX_BACKTRACKS_HARD: usize = 10_000;

/// What each match of such a pattern counts as.
pub(super) const HARD_MATCH_STEPS: usize = 1_000;

/// Bytes of one compiled part of a regular expression.
pub(super) const REGEX_BYTES: usize = 4 * 1024 * 1024;

/// Rounds of parsing inside rendering: `#evaluate` in what `#evaluate` was given.
pub(super) const EVALUATE_DEPTH: usize = 30;

/// Values compared or hashed at one time, in keys of maps and elsewhere.
pub(super) const KEY_FUEL: u32 = 256;
pub(super) const VALUE_FUEL: u32 = 100_000;

/// Bytes of text that count as one step where a text is searched or compared.
pub(super) const BYTES_PER_STEP: usize = 256;
