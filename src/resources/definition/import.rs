//! Many edits at once: one `PutRestApi` with the document that describes the whole API. What an import makes of a
//! document is AWS's matter; the draft is read back afterwards, and what is not as wanted is put right call by call.

use aws_sdk_apigateway::primitives::Blob;
use aws_sdk_apigateway::types::PutMode;

use super::edits::calls;
use super::openapi::{AllWords, Form, document, inexpressible};
use super::{Draft, Edits, Observed, read};
use crate::aws::{Aws, ErrorKind, Repeat, Result};
use crate::event::Event;

/// From this cost on ([`Edits::cost`]) a document is worth it. Call by call, the first 40 go at once and the others at 10
/// per second (`AWS_FACTS` A): 120 take 8 seconds. An import takes 3: a lookup before it, the import itself, 1 per second
/// and no quick one, five lookups after it. Below, 5 seconds at most would be gained by replacing what nobody changed.
const WORTH_IT: usize = 120;

/// What API Gateway takes in one document, in bytes (`AWS_FACTS` A).
const LARGEST: usize = 6 * 1024 * 1024;

impl Draft {
    /// The draft after an import, where `edits` are worth one and AWS takes the document.
    pub(super) async fn import(&self, aws: &Aws<'_>, api: &str, edits: &Edits) -> Result<Option<Observed>> {
        // Emulators keep no pace that would be worth it, and their importers know little of what AWS's does.
        if self.saved(edits) < WORTH_IT || aws.is_emulated() {
            return Ok(None);
        }
        let before = self.whole.whole(aws, api).await?;
        let mut document = document(&self.want, &before.settings, &[], &AllWords::new(), Form::Extended);
        for (name, value) in before.kept_by() {
            document[name] = value.into();
        }
        let text = document.to_string();
        if text.len() > LARGEST {
            return Ok(None);
        }
        let call = || {
            let request = aws.apigateway().put_rest_api().rest_api_id(api).mode(PutMode::Overwrite);
            request.body(Blob::new(text.as_bytes())).send()
        };
        match aws.call("apigateway", "PutRestApi", Repeat::Safe, call).await {
            Ok(_) => {}
            // Nothing was changed then; the one call that AWS does not like tells more than the whole document.
            Err(error) if error.is(ErrorKind::Invalid) => {
                let text =
                    format!("the API is written call by call, because its document was refused: {}", error.message);
                aws.report(&Event::Note { text });
                return Ok(None);
            }
            Err(error) => return Err(error),
        }
        self.whole.restore(aws, api, &before).await?;
        read::draft(aws, api).await
    }

    /// The cost of what an import would spare.
    fn saved(&self, edits: &Edits) -> usize {
        let places = edits.put_methods.iter().filter_map(|(path, verb)| self.want.method(path, verb));
        let apart: usize = places.filter(|method| inexpressible(method)).map(|method| 1 + calls(method)).sum();
        edits.cost(&self.want).saturating_sub(apart)
    }
}
