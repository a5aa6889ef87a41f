//! The embedded cloud's services other than API Gateway, through the real SDK clients. What is expected comes from
//! `AWS_FACTS` (sections B5–B9 and appendix B), not from what the cloud happens to answer.

#[path = "cloud/account.rs"]
mod account;
#[path = "cloud/acm.rs"]
mod acm;
#[path = "cloud/ecr.rs"]
mod ecr;
#[path = "cloud/iam.rs"]
mod iam;
#[path = "cloud/lambda.rs"]
mod lambda;
#[path = "cloud/lambda_image.rs"]
mod lambda_image;
#[path = "cloud/logs.rs"]
mod logs;
#[path = "cloud/route53.rs"]
mod route53;
#[path = "cloud/s3.rs"]
mod s3;
#[path = "cloud/s3_parts.rs"]
mod s3_parts;
#[path = "cloud/s3_website.rs"]
mod s3_website;
#[path = "cloud/support.rs"]
mod support;
