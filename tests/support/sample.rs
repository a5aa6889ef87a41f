//! The sample of this repository, in a directory of its own.

use std::fs;
use std::path::Path;

/// Every file of it.
pub const FILES: [&str; 8] = [
    "deploy.yaml",
    "templates/admit/request.vtl",
    "templates/admit/error.vtl",
    "app/handler.py",
    "web/icon.svg",
    "web/index.html",
    "web/page.js",
    "web/style.css",
];

pub fn copy(to: &Path) {
    for path in FILES {
        let to = to.join(path);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join(path), to).unwrap();
    }
}
