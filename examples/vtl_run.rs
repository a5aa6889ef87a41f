//! Renders cases: a JSON array of them on stdin, a JSON array of results on stdout.

#[path = "../tests/vtl/case.rs"]
mod case;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cases: Vec<serde_json::Value> = serde_json::from_reader(std::io::stdin())?;
    let mut results = Vec::with_capacity(cases.len());
    for case in &cases {
        let mut result = case::run(case);
        result["name"] = case["name"].clone();
        results.push(result);
    }
    serde_json::to_writer(std::io::stdout(), &results)?;
    Ok(())
}
