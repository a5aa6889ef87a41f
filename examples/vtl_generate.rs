//! Prints cases made up from seeds: `vtl_generate FIRST COUNT`.

#[path = "../tests/vtl/generate.rs"]
mod generate;

fn main() -> Result<(), serde_json::Error> {
    let mut numbers = std::env::args().skip(1).filter_map(|argument| argument.parse::<u64>().ok());
    let first = numbers.next().unwrap_or(1);
    let count = numbers.next().unwrap_or(1000);
    let cases: Vec<_> = (first..first + count).map(generate::case).collect();
    serde_json::to_writer(std::io::stdout(), &cases)
}
