//! Uploads in parts: what S3 refuses on the way, and how what is under way is told.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::support::{Env, refusal};

const KEY: &str = "app/prod/model";
/// The least that a part which is not the last may have.
const LEAST: usize = 5 * 1024 * 1024;

struct Upload {
    env: Env,
    id: String,
}

fn sha256(bytes: &[u8]) -> String {
    STANDARD.encode(Sha256::digest(bytes))
}

impl Upload {
    async fn begin() -> Upload {
        let env = Env::new();
        env.s3.create_bucket().bucket("parts").send().await.unwrap();
        let begun = env.s3.create_multipart_upload().bucket("parts").key(KEY);
        let begun = begun.checksum_algorithm(ChecksumAlgorithm::Sha256).send().await.unwrap();
        assert_eq!(begun.checksum_algorithm(), Some(&ChecksumAlgorithm::Sha256));
        Upload { id: begun.upload_id().unwrap().to_owned(), env }
    }

    async fn put(&self, number: i32, bytes: Vec<u8>) -> CompletedPart {
        let checksum = sha256(&bytes);
        let put = self.env.s3.upload_part().bucket("parts").key(KEY).upload_id(&self.id).part_number(number);
        let put = put.checksum_sha256(&checksum).body(ByteStream::from(bytes)).send().await.unwrap();
        assert_eq!(put.checksum_sha256(), Some(checksum.as_str()));
        CompletedPart::builder().part_number(number).e_tag(put.e_tag().unwrap()).checksum_sha256(checksum).build()
    }

    async fn refused(&self, parts: Vec<CompletedPart>) -> String {
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let complete = self.env.s3.complete_multipart_upload().bucket("parts").key(KEY).upload_id(&self.id);
        refusal(complete.multipart_upload(parts).send().await).0
    }
}

#[tokio::test(start_paused = true)]
async fn parts_are_put_together_by_number_and_the_object_has_their_checksum() {
    let upload = Upload::begin().await;
    let (first, second) = (vec![1_u8; LEAST], b"end".to_vec());
    let parts = [sha256(&first), sha256(&second)].map(|part| STANDARD.decode(part).unwrap()).concat();
    let wanted = format!("{}-2", sha256(&parts));
    let second = upload.put(2, second).await;
    let first = upload.put(1, first).await;
    let s3 = &upload.env.s3;
    let parts = CompletedMultipartUpload::builder().parts(first).parts(second).build();
    let complete = s3.complete_multipart_upload().bucket("parts").key(KEY).upload_id(&upload.id);
    let done = complete.multipart_upload(parts).send().await.unwrap();
    assert_eq!(done.checksum_sha256(), Some(wanted.as_str()));
    let end = s3.get_object().bucket("parts").key(KEY).range("bytes=-4").send().await.unwrap();
    assert_eq!(end.content_range(), Some("bytes 5242879-5242882/5242883"));
    assert_eq!(end.body.collect().await.unwrap().to_vec(), b"\x01end");
    let blobs = upload.env.cloud.look(|_, blobs| match blobs {
        poc::local::cloud::Blobs::Memory(kept) => kept.lock().unwrap().len(),
        poc::local::cloud::Blobs::Directory(_) => 0,
    });
    assert_eq!(blobs.await.unwrap(), 1, "the parts are kept no longer");
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_together_is_refused() {
    let upload = Upload::begin().await;
    let small = upload.put(1, vec![1; LEAST - 1]).await;
    let last = upload.put(2, b"end".to_vec()).await;
    assert_eq!(upload.refused(vec![small.clone(), last.clone()]).await, "EntityTooSmall");
    let large = upload.put(1, vec![1; LEAST]).await;
    assert_eq!(upload.refused(vec![small, last.clone()]).await, "InvalidPart");
    assert_eq!(upload.refused(vec![last.clone(), large.clone()]).await, "InvalidPartOrder");
    let unknown = CompletedPart::builder().part_number(3).e_tag("\"x\"").checksum_sha256("x").build();
    assert_eq!(upload.refused(vec![large.clone(), unknown]).await, "InvalidPart");
    let wrong = CompletedPart::builder().part_number(2).e_tag(last.e_tag().unwrap());
    assert_eq!(upload.refused(vec![large.clone(), wrong.clone().checksum_sha256("x").build()]).await, "InvalidPart");
    assert_eq!(upload.refused(vec![large, wrong.build()]).await, "InvalidRequest");
    assert_eq!(upload.refused(Vec::new()).await, "MalformedXML");
}

#[tokio::test(start_paused = true)]
async fn a_part_must_be_what_its_checksum_says() {
    let upload = Upload::begin().await;
    let put = || {
        let put = upload.env.s3.upload_part().bucket("parts").key(KEY).upload_id(&upload.id).part_number(1);
        put.body(ByteStream::from_static(b"part"))
    };
    assert_eq!(refusal(put().checksum_sha256(sha256(b"another")).send().await).0, "BadDigest");
    assert_eq!(refusal(put().checksum_crc32("AAAAAA==").send().await).0, "InvalidRequest");
    let elsewhere = put().key("other").checksum_sha256(sha256(b"part")).send().await;
    assert_eq!(refusal(elsewhere).0, "NoSuchUpload");
    assert_eq!(refusal(put().part_number(10_001).checksum_sha256(sha256(b"part")).send().await).0, "InvalidArgument");
}

#[tokio::test(start_paused = true)]
async fn parts_are_listed_in_pages_with_their_checksums() {
    let upload = Upload::begin().await;
    for number in [1, 2, 7] {
        upload.put(number, vec![u8::try_from(number).unwrap(); 4]).await;
    }
    let list = || upload.env.s3.list_parts().bucket("parts").key(KEY).upload_id(&upload.id);
    let page = list().max_parts(2).send().await.unwrap();
    assert_eq!((page.is_truncated(), page.next_part_number_marker()), (Some(true), Some("2")));
    let part = &page.parts()[1];
    assert_eq!((part.part_number(), part.size(), part.checksum_sha256()), (Some(2), Some(4), Some(&*sha256(&[2; 4]))));
    let rest = list().part_number_marker("2").send().await.unwrap();
    assert_eq!((rest.is_truncated(), rest.parts().len(), rest.parts()[0].part_number()), (Some(false), 1, Some(7)));
    upload.env.s3.abort_multipart_upload().bucket("parts").key(KEY).upload_id(&upload.id).send().await.unwrap();
    assert_eq!(refusal(list().send().await).0, "NoSuchUpload");
}

#[tokio::test(start_paused = true)]
async fn uploads_under_way_are_listed_by_prefix_in_pages_and_do_not_hold_up_a_deletion() {
    let upload = Upload::begin().await;
    let s3 = &upload.env.s3;
    let mut ids = vec![upload.id.clone()];
    for key in [KEY, "app/prod/other", "app/dev/model"] {
        crate::support::seconds(1).await;
        let begun = s3.create_multipart_upload().bucket("parts").key(key).send().await.unwrap();
        ids.push(begun.upload_id().unwrap().to_owned());
    }
    let list = || s3.list_multipart_uploads().bucket("parts").prefix("app/prod/").max_uploads(1);
    let (mut told, mut from) = (Vec::new(), (None, None));
    loop {
        let page = list().set_key_marker(from.0).set_upload_id_marker(from.1).send().await.unwrap();
        told.extend(page.uploads().iter().map(|upload| upload.upload_id().unwrap().to_owned()));
        if page.is_truncated() != Some(true) {
            break;
        }
        from = (page.next_key_marker, page.next_upload_id_marker);
    }
    assert_eq!(told, ids[..3], "by key, of each key the oldest first");
    s3.delete_bucket().bucket("parts").send().await.unwrap();
    assert!(upload.env.cloud.inspect(|state| state.s3.uploads.is_empty()).await.unwrap());
}
