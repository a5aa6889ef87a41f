//! What a package costs before it is sent: 50 MB of files as they come in real ones (code, libraries, a model), zipped
//! and hashed; and the same zip checked when it is given ready-made.

use std::fs;
use std::hint::black_box;
use std::io::Read;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use poc::package::{self, Zipped};
use poc::spec::model::PackageSource;
use rand::rngs::SmallRng;
use rand::{Rng, RngCore, SeedableRng};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// Bytes.
const SIZE: usize = 50_000_000;

/// Half of it a model that hardly compresses, a quarter text, a quarter something in between, in 400 files.
fn files() -> TempDir {
    let directory = TempDir::new().expect("a directory");
    let mut chance = SmallRng::seed_from_u64(4);
    let mut model = vec![0; SIZE / 2];
    chance.fill_bytes(&mut model);
    put(directory.path(), "model.bin", &model);
    for at in 0..200 {
        let words = ["def ", "return ", "self.", "import numpy as np\n", "    ", "x = y + 1\n", "# why\n"];
        let text: String = (0..).map(|_| words[chance.random_range(0..words.len())]).take(SIZE / 800 / 8).collect();
        put(directory.path(), &format!("lib/text{at}.py"), text.as_bytes());
        let binary: Vec<u8> = (0..SIZE / 800).map(|_| chance.random_range(0..24)).collect();
        put(directory.path(), &format!("lib/native{at}.so"), &binary);
    }
    directory
}

fn put(root: &Path, path: &str, bytes: &[u8]) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().expect("a parent")).expect("made");
    fs::write(path, bytes).expect("written");
}

fn build(source: &PackageSource) -> Zipped {
    package::build(source).expect("it is good")
}

fn zipping(criterion: &mut Criterion) {
    let directory = files();
    let source = PackageSource::Directory { path: directory.path().to_owned(), ignore: Vec::new() };
    let zipped = build(&source);
    let mut group = criterion.benchmark_group("package");
    group.sample_size(10);
    group.throughput(Throughput::BytesDecimal(zipped.unzipped_size));
    group.bench_function("zip a directory", |bench| bench.iter(|| black_box(build(&source))));

    let ready = tempfile::NamedTempFile::with_suffix(".zip").expect("a file");
    let mut bytes = vec![0; usize::try_from(zipped.content.size()).expect("it fits")];
    zipped.content.read_at(0, &mut bytes).expect("read");
    fs::write(ready.path(), &bytes).expect("written");
    let source = PackageSource::Zip { path: ready.path().to_owned() };
    group.bench_function("check a ready zip", |bench| bench.iter(|| black_box(build(&source))));

    group.throughput(Throughput::BytesDecimal(bytes.len() as u64));
    group.bench_function("hash a file", |bench| bench.iter(|| black_box(hash(ready.path()))));
    group.finish();
}

/// As the package does: piece by piece.
fn hash(path: &Path) -> [u8; 32] {
    let mut file = fs::File::open(path).expect("opened");
    let (mut hash, mut piece) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut piece).expect("read") {
            0 => return hash.finalize().into(),
            read => hash.update(&piece[..read]),
        }
    }
}

criterion_group!(benches, zipping);
criterion_main!(benches);
