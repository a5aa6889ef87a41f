//! A package on its way into the bucket: in one request, or above 16 MiB in parts, some at once. An upload in parts that
//! was cut off is gone on with: a part whose checksum is the file's is not sent again.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use aws_sdk_s3::primitives::{ByteStream, DateTime, SdkBody};
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};
use aws_smithy_types::timeout::TimeoutConfig;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use hyper::body::{Body, Frame, SizeHint};

use super::Object;
use crate::aws::{Aws, Error, ErrorKind, Repeat, Result, current_step, found, gone, once};
use crate::engine::wait;
use crate::event::Event;
use crate::package::{Content, PART, Part};

/// Up to here one request carries it all.
const WHOLE: u64 = 2 * PART;

/// Parts under way at once.
const AT_ONCE: usize = 4;

/// The slowest line on which an upload is still waited for, in bytes per second.
const SLOWEST: u64 = 65_536;

/// Handed to the connection at once.
const PIECE: u64 = 1 << 16;

/// An upload in parts that was begun and neither completed nor given up: it is paid for, and seen by no other list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    pub key: String,
    pub id: String,
    pub initiated: DateTime,
}

impl Unfinished {
    /// Its address in the bucket.
    pub fn address(&self) -> String {
        format!("{}?uploadId={}", self.key, self.id)
    }
}

impl Object {
    /// Uploads under our prefix that are not finished, the newest first.
    pub(super) async fn unfinished(&self, aws: &Aws<'_>) -> Result<Vec<Unfinished>> {
        let mut uploads = Vec::new();
        let mut from: Option<(String, String)> = None;
        loop {
            let call = || {
                let list = aws.s3().list_multipart_uploads().bucket(&self.bucket_name).prefix(&self.prefix);
                let list = list.expected_bucket_owner(&self.account);
                let (key, id) = from.clone().unzip();
                list.set_key_marker(key).set_upload_id_marker(id).send()
            };
            let Some(page) = found(aws.call("s3", "ListMultipartUploads", Repeat::Safe, call).await)? else { break };
            uploads.extend(page.uploads().iter().filter_map(|upload| {
                let key = upload.key().filter(|key| self.is_package(key))?.to_owned();
                let initiated = upload.initiated().copied().unwrap_or(DateTime::from_secs(0));
                Some(Unfinished { key, id: upload.upload_id()?.to_owned(), initiated })
            }));
            match (page.is_truncated(), page.next_key_marker, page.next_upload_id_marker) {
                (Some(true), Some(key), Some(id)) => from = Some((key, id)),
                _ => break,
            }
        }
        uploads.sort_by(|one, other| other.initiated.cmp(&one.initiated).then_with(|| one.id.cmp(&other.id)));
        Ok(uploads)
    }

    /// The upload that the package's own goes on with.
    pub(super) fn resumed<'u>(&self, unfinished: &'u [Unfinished]) -> Option<&'u Unfinished> {
        let (large, key) = (self.package.content.size() > WHOLE, self.key());
        unfinished.iter().find(|upload| large && upload.key == key)
    }

    /// Puts the package there, and tells how far it is where that takes a while.
    pub(super) async fn upload(&self, aws: &Aws<'_>, unfinished: &[Unfinished]) -> Result<()> {
        let content = &self.package.content;
        let sent = Sent::of(content);
        let work = async {
            if content.size() > WHOLE {
                self.in_parts(aws, self.resumed(unfinished), &sent).await
            } else {
                self.whole(aws, &sent).await
            }
        };
        let done = wait::telling(work, |elapsed| {
            let (step, total) = (current_step(), content.size());
            aws.report(&Event::StepProgress { step, done: sent.bytes(), total, elapsed });
        });
        done.await.map_err(changed_meanwhile)
    }

    async fn whole(&self, aws: &Aws<'_>, sent: &Sent) -> Result<()> {
        let size = self.package.content.size();
        let call = || {
            let put = aws.s3().put_object().bucket(&self.bucket_name).expected_bucket_owner(&self.account);
            let put = put.key(self.key()).content_type("application/zip");
            let put = put.checksum_sha256(&self.package.sha256_base64);
            let put = put.content_length(length(size)).body(sent.body(0, 0, size));
            put.customize().config_override(patient(size)).send()
        };
        aws.call("s3", "PutObject", Repeat::Safe, call).await?;
        Ok(())
    }

    async fn in_parts(&self, aws: &Aws<'_>, resumed: Option<&Unfinished>, sent: &Sent) -> Result<()> {
        let there = match resumed {
            Some(upload) => self.arrived(aws, &upload.id).await?.map(|parts| (upload.id.clone(), parts)),
            None => None,
        };
        let (id, there) = match there {
            Some(known) => known,
            // None was begun, or it is gone by now.
            None => (self.begin(aws, resumed).await?, Vec::new()),
        };
        let known: BTreeSet<i32> = there.iter().filter_map(CompletedPart::part_number).collect();
        let numbered = || (1..).zip(self.package.content.parts());
        numbered().filter(|(number, _)| known.contains(number)).for_each(|(number, part)| sent.is_there(number, part));
        let missing = numbered().filter(|(number, _)| !known.contains(number));
        let uploads = missing.map(|(number, part)| self.part(aws, &id, number, part, sent));
        let uploaded: Vec<CompletedPart> = stream::iter(uploads).buffer_unordered(AT_ONCE).try_collect().await?;
        let mut parts = [there, uploaded].concat();
        parts.sort_by_key(CompletedPart::part_number);
        self.complete(aws, &id, parts).await
    }

    /// Begins an upload. Where the answer is lost, the one that came into being is found by its not being `known`.
    async fn begin(&self, aws: &Aws<'_>, known: Option<&Unfinished>) -> Result<String> {
        let create = async || {
            let call = || {
                let create = aws.s3().create_multipart_upload().bucket(&self.bucket_name).key(self.key());
                let create = create.expected_bucket_owner(&self.account).content_type("application/zip");
                create.checksum_algorithm(ChecksumAlgorithm::Sha256).send()
            };
            let begun = aws.call("s3", "CreateMultipartUpload", Repeat::Never, call).await?;
            begun.upload_id.ok_or_else(|| Error::unexpected("CreateMultipartUpload gave no upload id"))
        };
        let find = async || {
            let ours = self.unfinished(aws).await?.into_iter().filter(|upload| upload.key == self.key());
            Ok(ours.map(|upload| upload.id).find(|id| known.is_none_or(|known| known.id != *id)))
        };
        once(create, find).await
    }

    /// The parts of an upload that arrived as the package has them; nothing where there is no such upload.
    async fn arrived(&self, aws: &Aws<'_>, id: &str) -> Result<Option<Vec<CompletedPart>>> {
        let wanted = self.package.content.parts();
        let (mut arrived, mut from) = (Vec::new(), None::<String>);
        loop {
            let call = || {
                let list = aws.s3().list_parts().bucket(&self.bucket_name).key(self.key()).upload_id(id);
                list.expected_bucket_owner(&self.account).set_part_number_marker(from.clone()).send()
            };
            let Some(page) = found(aws.call("s3", "ListParts", Repeat::Safe, call).await)? else { return Ok(None) };
            arrived.extend(page.parts().iter().filter_map(|part| {
                let number = part.part_number()?;
                let wanted = wanted.get(usize::try_from(number).ok()?.checked_sub(1)?)?;
                let same = part.size() == Some(length(wanted.size))
                    && part.checksum_sha256() == Some(wanted.sha256_base64.as_str());
                same.then(|| completed(number, part.e_tag(), wanted))
            }));
            match (page.is_truncated(), page.next_part_number_marker) {
                (Some(true), Some(next)) => from = Some(next),
                _ => return Ok(Some(arrived)),
            }
        }
    }

    async fn part(&self, aws: &Aws<'_>, id: &str, number: i32, part: &Part, sent: &Sent) -> Result<CompletedPart> {
        let call = || {
            let put = aws.s3().upload_part().bucket(&self.bucket_name).key(self.key()).upload_id(id);
            let put = put.expected_bucket_owner(&self.account).part_number(number);
            let put = put.checksum_sha256(&part.sha256_base64).content_length(length(part.size));
            let put = put.body(sent.body(slot(number), part.offset, part.size));
            put.customize().config_override(patient(part.size)).send()
        };
        let answer = aws.call("s3", "UploadPart", Repeat::Safe, call).await?;
        Ok(completed(number, answer.e_tag(), part))
    }

    async fn complete(&self, aws: &Aws<'_>, id: &str, parts: Vec<CompletedPart>) -> Result<()> {
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let call = || {
            let complete = aws.s3().complete_multipart_upload().bucket(&self.bucket_name).key(self.key());
            let complete = complete.expected_bucket_owner(&self.account).upload_id(id);
            complete.multipart_upload(parts.clone()).customize().config_override(patient(WHOLE)).send()
        };
        match aws.call("s3", "CompleteMultipartUpload", Repeat::Safe, call).await {
            // Repeated after a lost answer: the first one may have put it together.
            Err(error) if error.is(ErrorKind::NotFound) => {
                let call = || {
                    let head = aws.s3().head_object().bucket(&self.bucket_name).key(self.key());
                    head.expected_bucket_owner(&self.account).send()
                };
                let there = found(aws.call("s3", "HeadObject", Repeat::Safe, call).await)?;
                there.map(drop).ok_or(error)
            }
            answer => answer.map(drop),
        }
    }

    /// Gives an upload up, with the parts that arrived.
    pub(super) async fn abort(&self, aws: &Aws<'_>, upload: &Unfinished) -> Result<()> {
        let call = || {
            let abort = aws.s3().abort_multipart_upload().bucket(&self.bucket_name).key(&upload.key);
            abort.expected_bucket_owner(&self.account).upload_id(&upload.id).send()
        };
        gone(aws.call("s3", "AbortMultipartUpload", Repeat::Safe, call).await)
    }
}

fn completed(number: i32, etag: Option<&str>, part: &Part) -> CompletedPart {
    let builder = CompletedPart::builder().part_number(number).set_e_tag(etag.map(str::to_owned));
    builder.checksum_sha256(&part.sha256_base64).build()
}

/// The place of part `number` in a list.
fn slot(number: i32) -> usize {
    usize::try_from(number - 1).unwrap_or_default()
}

pub(in crate::resources) fn length(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

/// As long as that many bytes may take.
pub(in crate::resources) fn patient(size: u64) -> aws_sdk_s3::config::Builder {
    let patience = Duration::from_secs(60 + size / SLOWEST);
    aws_sdk_s3::Config::builder().timeout_config(TimeoutConfig::builder().read_timeout(patience).build())
}

/// The checksums were made when the package was zipped or checked; a ready zip can be replaced after that.
fn changed_meanwhile(error: Error) -> Error {
    match error.code.as_deref() {
        Some("BadDigest") => {
            let next = "the zip was changed while it was sent: run the same command again".to_owned();
            Error { next: Some(next), ..error }
        }
        _ => error,
    }
}

/// How much has been handed to the connections, by part: one that is sent again begins anew.
struct Sent {
    content: Content,
    parts: Vec<Arc<AtomicU64>>,
}

impl Sent {
    fn of(content: &Content) -> Sent {
        Sent { content: content.clone(), parts: content.parts().iter().map(|_| Arc::default()).collect() }
    }

    fn bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.load(Ordering::Relaxed)).sum()
    }

    fn is_there(&self, number: i32, part: &Part) {
        if let Some(count) = self.parts.get(slot(number)) {
            count.store(part.size, Ordering::Relaxed);
        }
    }

    /// The bytes from `offset` on, counted in `slot` as they go.
    fn body(&self, slot: usize, offset: u64, size: u64) -> ByteStream {
        let count = self.parts.get(slot).cloned().unwrap_or_default();
        count.store(0, Ordering::Relaxed);
        let end = offset + size;
        Stretch { content: self.content.clone(), next: offset, end, count }.into_stream()
    }
}

/// A stretch of the file as a request's body: read when the connection asks for more.
pub(in crate::resources) struct Stretch {
    content: Content,
    next: u64,
    end: u64,
    count: Arc<AtomicU64>,
}

impl Stretch {
    /// All of a file; `count` grows as it goes.
    pub(in crate::resources) fn whole(content: &Content, count: Arc<AtomicU64>) -> Stretch {
        Stretch { content: content.clone(), next: 0, end: content.size(), count }
    }

    pub(in crate::resources) fn into_stream(self) -> ByteStream {
        ByteStream::new(SdkBody::from_body_1_x(self))
    }
}

impl Body for Stretch {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<std::io::Result<Frame<Bytes>>>> {
        let wanted = usize::try_from(PIECE.min(self.end - self.next)).unwrap_or_default();
        if wanted == 0 {
            return Poll::Ready(None);
        }
        let mut piece = vec![0; wanted];
        Poll::Ready(Some(match self.content.read_at(self.next, &mut piece) {
            Ok(read) if read == wanted => {
                self.next += read as u64;
                self.count.fetch_add(read as u64, Ordering::Relaxed);
                Ok(Frame::data(Bytes::from(piece)))
            }
            Ok(_) => Err(std::io::Error::new(std::io::ErrorKind::UnexpectedEof, "the package has become shorter")),
            Err(error) => Err(error),
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.next == self.end
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.end - self.next)
    }
}
