//! `poc open`: the page that a person looks at, of what is deployed.

use serde::Serialize;

use super::session::{Session, unnamed};
use super::{Failure, Settings};
use crate::aws::Error;
use crate::desired;
use crate::event::Reporter;

/// `poc open`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Page {
    /// Never with a key in it (law 10).
    pub url: String,
    /// `site`, `api`, or `local` for what `poc dev` serves.
    pub of: &'static str,
}

/// The site where the file has one, else the API under its own name or AWS's. With `--local`, what `poc dev` serves on
/// `port`.
///
/// # Errors
/// Where nothing is deployed, or an emulator serves APIs under URLs of its own.
pub async fn page(settings: &Settings, port: u16, reporter: &dyn Reporter) -> Result<Page, Failure> {
    let session = Session::open(settings, "open", reporter).await?;
    let api = session.our_api(&session.lookups()).await?.ok_or_else(|| session.not_deployed())?;
    if settings.local {
        let path = if session.spec.site.is_some() { "" } else { &session.spec.stage };
        return Ok(Page { url: format!("http://127.0.0.1:{port}/{path}"), of: "local" });
    }
    if session.aws.is_emulated() {
        return Err(unnamed(Error::refused(
            "emulated",
            "an emulator serves its APIs under URLs of its own, which only it can tell",
            "look into the emulator's manual for them; `poc call --url URL` calls one",
        )));
    }
    let (spec, account) = (&session.spec, &session.account);
    Ok(match desired::site_url(spec, account) {
        Some(url) => Page { url, of: "site" },
        None => {
            let url = desired::custom_url(spec).unwrap_or_else(|| desired::base_url(spec, account, &api));
            Page { url, of: "api" }
        }
    })
}
