//! How the making of a package is told, and what is inside of one.

use std::path::PathBuf;
use std::time::Duration;

use crate::event::{Event, Reporter};
use crate::pipeline::{Packaged, PackedZip};
use crate::ui::{Captured, Format, Ui, Volume};

fn story() -> Vec<Event> {
    let libraries = "dependencies of app/requirements.txt for python3.13 on arm64".to_owned();
    vec![
        Event::WorkFinished { work: "npm run build".to_owned(), elapsed: Duration::ZERO, kept: true },
        Event::WorkStarted { work: libraries.clone() },
        Event::WorkOutput { line: "Resolved 3 packages in 116ms".to_owned() },
        Event::WorkFinished { work: libraries, elapsed: Duration::from_millis(2_100), kept: false },
        Event::WorkStarted { work: "make model".to_owned() },
        Event::WorkOutput { line: "make: *** No rule\u{1b}[31m to make target 'model'.  Stop.".to_owned() },
        Event::WorkFailed {
            work: "make model".to_owned(),
            output: "make: *** No rule\u{1b}[31m to make target 'model'.  Stop.\n".to_owned(),
        },
    ]
}

fn told(format: Format, volume: Volume) -> Captured {
    let (ui, captured) = Ui::captured(format, volume, 80, None);
    story().iter().for_each(|event| ui.report(event));
    captured
}

#[tokio::test(start_paused = true)]
async fn the_work_on_a_package_in_a_log() {
    insta::assert_snapshot!(told(Format::Human, Volume::Normal).err(), @r#"
    ✓ built    dependencies of app/requirements.txt for python3.13 on arm64
               (2.1 s)
    ✗ failed   make model (what it printed is below)
      make: *** No rule\u{1b}[31m to make target 'model'.  Stop.
    "#);
    insta::assert_snapshot!(told(Format::Human, Volume::Verbose).err(), @r#"
    · kept     npm run build (nothing changed)
    … building dependencies of app/requirements.txt for python3.13 on arm64
      Resolved 3 packages in 116ms
    ✓ built    dependencies of app/requirements.txt for python3.13 on arm64
               (2.1 s)
    … building make model
      make: *** No rule\u{1b}[31m to make target 'model'.  Stop.
    ✗ failed   make model (what it printed is above)
    "#);
    insta::assert_snapshot!(told(Format::Human, Volume::Quiet).err(), @r#"
    ✗ failed   make model (what it printed is below)
      make: *** No rule\u{1b}[31m to make target 'model'.  Stop.
    "#);
}

#[tokio::test(start_paused = true)]
async fn the_work_on_a_package_for_programs() {
    insta::assert_snapshot!(told(Format::JsonLines, Volume::Normal).out(), @r#"
    {"event":"work_finished","work":"npm run build","elapsed_ms":0,"kept":true}
    {"event":"work_started","work":"dependencies of app/requirements.txt for python3.13 on arm64"}
    {"event":"work_finished","work":"dependencies of app/requirements.txt for python3.13 on arm64","elapsed_ms":2100,"kept":false}
    {"event":"work_started","work":"make model"}
    {"event":"work_failed","work":"make model","output":"make: *** No rule\u001b[31m to make target 'model'.  Stop.\n"}
    "#);
}

#[tokio::test(start_paused = true)]
async fn a_log_shows_that_a_long_build_goes_on() {
    let (ui, captured) = Ui::captured(Format::Human, Volume::Normal, 80, None);
    ui.report(&Event::WorkStarted { work: "python train.py".to_owned() });
    for _ in 0..40 {
        tokio::time::advance(Duration::from_secs(1)).await;
        ui.pulse();
    }
    insta::assert_snapshot!(captured.err(), @"  … still building python train.py, 30 s so far");
}

fn packaged() -> Packaged {
    let part = |name: &str, files, unzipped| crate::pipeline::PackedPart { name: name.to_owned(), files, unzipped };
    Packaged {
        source: "app".to_owned(),
        stage: "prod".to_owned(),
        runtime: "python3.13".to_owned(),
        architecture: "arm64",
        zip: Some(PackedZip {
            sha256: "6e9b9b1db1b9447b929d5b31ec9540740944bcb0cf46e66ffaf11da20cf494cd".to_owned(),
            files: 368,
            zipped: 31_205_968,
            unzipped: 94_771_123,
            limit: 262_144_000,
            dependencies: Some(crate::pipeline::PackedDependencies {
                list: PathBuf::from("app/requirements.txt"),
                files: 366,
                unzipped: 94_768_000,
            }),
            parts: vec![part("numpy/", 343, 84_500_000), part("six.py", 1, 34_549), part("empty", 1, 0)],
            list: None,
            output: Some(PathBuf::from("function.zip")),
        }),
    }
}

fn shown(packaged: &Packaged) -> String {
    let (ui, captured) = Ui::captured(Format::Human, Volume::Normal, 80, None);
    ui.packaged(packaged);
    captured.out()
}

#[test]
fn what_is_inside_is_told_by_size() {
    insta::assert_snapshot!(shown(&packaged()), @"
    ✓ app: 368 files, 31.2 MB zipped, 94.7 MB unzipped (36 % of what Lambda takes),
    for python3.13 on arm64
      sha256 6e9b9b1db1b9447b929d5b31ec9540740944bcb0cf46e66ffaf11da20cf494cd
      dependencies of app/requirements.txt: 366 files, 94.7 MB

      84.5 MB  numpy/  343 files
      34.5 KB  six.py
      0 bytes  empty

    written to function.zip
    ");
    let image =
        Packaged { source: "000000000000.dkr.ecr.us-east-1.amazonaws.com/model:1".to_owned(), zip: None, ..packaged() };
    insta::assert_snapshot!(shown(&image), @"
    The code is the container image
    000000000000.dkr.ecr.us-east-1.amazonaws.com/model:1 (arm64): there is nothing
    to pack.
    ");
}
