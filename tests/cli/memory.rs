//! A package of Lambda's largest size, deployed by the program as it is built: what it takes of the machine's memory.

use std::fs::File;
use std::io::Write;
use std::time::Duration;

use poc::aws::{EmbeddedCloud, Port};
use poc::clock::Clock;
use poc::local::cloud::{Cloud, Profile};
use rand::rngs::SmallRng;
use rand::{RngCore, SeedableRng};

use super::{Desk, Ran};

const MB: usize = 1 << 20;

/// The most that the process had in memory so far, in bytes; none once it is gone.
fn peak(process: u32) -> Option<usize> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<usize>().ok()? * 1024)
}

/// 245 MB that do not pack, beside the sample's code. The cloud is this process's, so what it keeps does not count.
#[tokio::test]
async fn a_package_as_large_as_lambda_takes_deploys_within_100_mb() {
    let desk = Desk::new();
    let (mut chance, mut part) = (SmallRng::seed_from_u64(1), vec![0; MB]);
    let mut model = File::create(desk.directory.path().join("app/model.bin")).unwrap();
    for _ in 0..245 {
        chance.fill_bytes(&mut part);
        model.write_all(&part).unwrap();
    }
    let port = Port::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let endpoint = format!("http://{}", port.address().unwrap());
    let mut serving = EmbeddedCloud::from(Cloud::in_memory(Clock::system(), Profile::quick())).serve(port).unwrap();
    let mut command = desk.command(&["deploy", "--yes", "--json", "--no-checks", "--endpoint-url", &endpoint]);
    command.env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE").env("AWS_SECRET_ACCESS_KEY", "secret");
    let mut command = tokio::process::Command::from(command);
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).kill_on_drop(true);
    let child = command.spawn().unwrap();
    let process = child.id().unwrap();
    let watching = async {
        let mut highest = 0;
        while let Some(now) = peak(process) {
            highest = highest.max(now);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        highest
    };
    let (ended, highest) = tokio::join!(child.wait_with_output(), watching);
    serving.stop(|_| ()).await;
    let finished = Ran::of(ended.unwrap()).exits(0).last_event();
    assert_eq!(finished["outcome"], "changed", "{finished}");
    assert!(highest > 10 * MB, "it was not looked at: {highest}");
    assert!(highest < 100 * MB, "{} MB", highest / MB);
}
