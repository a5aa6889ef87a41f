//! Prints cases made up from seeds: `vtl_generate FIRST COUNT`. Every other one is of the wider kind.

#[path = "../tests/vtl/generate.rs"]
mod generate;
#[path = "../tests/vtl/wide.rs"]
mod wide;

fn main() -> Result<(), serde_json::Error> {
    let mut numbers = std::env::args().skip(1).filter_map(|argument| argument.parse::<u64>().ok());
    let first = numbers.next().unwrap_or(1);
    let count = numbers.next().unwrap_or(1000);
    let made = |seed: u64| if seed.is_multiple_of(2) { generate::case(seed) } else { wide::case(seed) };
    let cases: Vec<_> = (first..first + count).map(made).collect();
    serde_json::to_writer(std::io::stdout(), &cases)
}
