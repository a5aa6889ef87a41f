//! Planning at API Gateway's limit, 299 routes beside `/`: from the file to the graph, from the graph to the plan (against
//! an empty account, one that is as wanted, and one with one route different), and to the document of an import.

use std::fmt::Write;
use std::hint::black_box;
use std::path::Path;
use std::rc::Rc;

use criterion::{Criterion, criterion_group, criterion_main};
use poc::aws::{Aws, Connection, EmbeddedCloud, Place};
use poc::clock::Clock;
use poc::desired::{self, Account, Choices, Desired, Former, Uploads};
use poc::engine::{decide, read};
use poc::event::Recorder;
use poc::local::cloud::{ACCOUNT, Cloud, Profile};
use poc::pipeline::{self, Settings, Stop};
use poc::resources::Lookups;
use poc::resources::definition::Form;
use poc::spec::{Document, Spec, Variables};
use tokio::runtime::Builder;

const REGION: &str = "us-east-1";
const ROUTES: usize = 299;

/// Routes with a Lambda method, two answers and CORS; in `edited` of them another word.
fn deploy_yaml(edited: usize) -> String {
    let mut file = format!(
        "name: many\nstage: prod\nregion: {REGION}\npackage: {{ path: app }}\nfunction: {{ name: many, runtime: \
         python3.13, handler: handler.lambda_handler }}\napi:\n  name: many\n  cors: true\n  resources:\n"
    );
    for at in 0..ROUTES {
        let word = if at < edited { "new" } else { "old" };
        let route = write!(
            file,
            "    /r{at}:\n      GET:\n        request: {{ templates: {{ application/json: {{ inline: {word} }} }} }}\n        \
             responses: {{ 200: {{}}, 400: {{ pattern: 'Bad:.*' }} }}\n"
        );
        route.expect("memory takes it");
    }
    file
}

fn document(text: String) -> Document {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy.yaml");
    Document::parse(&path, text).expect("it is a deploy.yaml")
}

fn spec(document: &Document) -> Spec {
    let variables = Variables { account: Some(ACCOUNT), region: Some(REGION), stage: None, env: &|_| None };
    document.spec(&variables).expect("it is right")
}

fn account() -> Account {
    Account { id: ACCOUNT.to_owned(), partition: "aws".to_owned(), region: REGION.to_owned() }
}

fn draw(spec: &Spec) -> Desired {
    let choices = Choices { by: "", adopt: false, wait: true };
    desired::desired(spec, &account(), choices, Uploads::default(), &Rc::new(Lookups::default()), &Former::default())
}

fn bench(criterion: &mut Criterion) {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    let file = document(deploy_yaml(0));
    let spec = spec(&file);
    criterion.bench_function("plan/read the file", |bencher| bencher.iter(|| self::spec(black_box(&file))));
    criterion.bench_function("plan/draw the graph", |bencher| bencher.iter(|| draw(black_box(&spec))));
    criterion.bench_function("plan/document of an import", |bencher| {
        bencher.iter(|| desired::openapi(black_box(&spec), &account(), Form::Extended).to_string());
    });

    let empty = EmbeddedCloud::from(Cloud::in_memory(Clock::system(), Profile::quick()));
    let deployed = EmbeddedCloud::from(Cloud::in_memory(Clock::system(), Profile::quick()));
    runtime.block_on(deploy(&deployed));
    let edited = self::spec(&document(deploy_yaml(1)));
    for (name, cloud, spec) in
        [("fresh", &empty, &spec), ("unchanged", &deployed, &spec), ("one of them edited", &deployed, &edited)]
    {
        let recorder = Recorder::default();
        let (graph, observed) = runtime.block_on(async {
            let connection = Connection {
                place: Place::Embedded(cloud.clone()),
                region: Some(REGION.to_owned()),
                profile: None,
                clock: Clock::system(),
                seed: 1,
            };
            let aws = Aws::connect(connection, &recorder).await.expect("it is at hand");
            let Desired { graph, .. } = draw(spec);
            let Ok(observed) = read(&graph, &aws).await else { panic!("the embedded cloud can be read") };
            (graph, observed)
        });
        criterion.bench_function(&format!("plan/decide, {name}"), |bencher| {
            bencher.iter(|| decide(black_box(&graph), black_box(&observed)));
        });
    }
}

async fn deploy(cloud: &EmbeddedCloud) {
    let directory = tempfile::tempdir().expect("a directory");
    let write = |path: &str, text: &str| {
        let path = directory.path().join(path);
        std::fs::create_dir_all(path.parent().expect("it has one")).expect("a directory");
        std::fs::write(path, text).expect("a file");
    };
    write("deploy.yaml", &deploy_yaml(0));
    write("app/handler.py", "def lambda_handler(event, context):\n    return event\n");
    let settings = Settings {
        file: directory.path().join("deploy.yaml"),
        stage: None,
        region: None,
        profile: None,
        endpoint_url: None,
        local: true,
        cloud: Some(cloud.clone()),
        adopt: false,
        wait: true,
        checks: false,
        rebuild: false,
        wait_for_lock: std::time::Duration::ZERO,
        stop: Stop::default(),
    };
    pipeline::deploy(&settings, &Recorder::default(), &|_| true).await.expect("it deploys");
}

criterion_group!(benches, bench);
criterion_main!(benches);
