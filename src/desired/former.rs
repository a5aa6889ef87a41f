//! What an earlier deploy.yaml named: the record of names that the REST API carries as tags, and keys with our tags.
//! With it a renamed function or a removed domain is cleaned up without a state file (law 1).

use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use aws_sdk_apigateway::types::{ApiKey as Key, RestApi as Api};

use super::{Choices, Live, Page, Parts, Words};
use crate::aws::ordered;
use crate::engine::Graph;
use crate::package::Zipped;
use crate::resources::domain_name::CertificateHandle;
use crate::resources::function::Configuration;
use crate::resources::{Function, HostedZone, IssuedCertificate, Owner, ValidationRecord};
use crate::spec::Spec;
use crate::spec::model::{self, Endpoint};

const FUNCTION: &str = "poc:function";
const ROLE: &str = "poc:role";
const BUCKET: &str = "poc:bucket";
const DOMAIN: &str = "poc:domain";
const SITE: &str = "poc:site";

/// Names that were given before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Former {
    function: Option<String>,
    role: Option<String>,
    bucket: Option<String>,
    domain: Option<FormerDomain>,
    site: Option<String>,
    /// Keys of ours that deploy.yaml does not name.
    pub(super) keys: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct FormerDomain {
    endpoint: Endpoint,
    name: String,
    base_path: Option<String>,
}

/// The names of today, as tags for the REST API: only characters that API Gateway's tags allow (`AWS_FACTS` F).
pub(super) fn record(spec: &Spec) -> Words {
    let mut record = Words::from([
        (FUNCTION.to_owned(), spec.function.name.clone()),
        (ROLE.to_owned(), spec.role.name.clone()),
        (BUCKET.to_owned(), spec.package.bucket.clone()),
    ]);
    if let Some(domain) = &spec.domain {
        let endpoint = match domain.endpoint {
            Endpoint::Regional => "regional",
            Endpoint::Edge => "edge",
        };
        let path = domain.base_path.as_deref().unwrap_or_default();
        record.insert(DOMAIN.to_owned(), format!("{endpoint}:{}/{path}", domain.name));
    }
    if let Some(site) = &spec.site {
        record.insert(SITE.to_owned(), site.bucket.clone());
    }
    record.values_mut().for_each(|name| *name = encoded(name));
    record
}

/// A wildcard's star and some letters of role names and base paths may not stand in a tag: they become `=2A`.
fn encoded(name: &str) -> String {
    let letter = |byte: u8| match byte {
        byte if byte.is_ascii_alphanumeric() || b"-._+:/".contains(&byte) => char::from(byte).to_string(),
        byte => format!("={byte:02X}"),
    };
    name.bytes().map(letter).collect()
}

fn decoded(tag: &str) -> String {
    let mut parts = tag.split('=');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        match part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend_from_slice(&part.as_bytes()[2..]);
            }
            None => bytes.extend_from_slice(format!("={part}").as_bytes()),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A key that is only to be found and removed.
pub(super) fn nameless_key(name: &str) -> model::ApiKey {
    model::ApiKey { name: name.to_owned(), description: None, enabled: true, value: None }
}

impl Former {
    /// Reads the record of our API among `apis`, and our keys among `keys`, less what `spec` names.
    pub fn told_by(apis: &[Api], keys: &[Key], owner: &Owner, spec: &Spec) -> Former {
        let ours = apis.iter().map(|api| ordered(api.tags())).find(|tags| owner.tags.own(tags)).unwrap_or_default();
        let named: Vec<&str> =
            spec.usage_plan.iter().flat_map(|plan| &plan.keys).map(|key| key.name.as_str()).collect();
        let mut keys: Vec<String> = keys
            .iter()
            .filter(|key| owner.tags.own(&ordered(key.tags())))
            .filter_map(|key| key.name().map(str::to_owned))
            .filter(|name| !named.contains(&name.as_str()))
            .collect();
        keys.sort();
        keys.dedup();
        let differs = |tag: &str, now: &str| ours.get(tag).map(|was| decoded(was)).filter(|was| was != now);
        Former {
            function: differs(FUNCTION, &spec.function.name),
            role: differs(ROLE, &spec.role.name),
            bucket: differs(BUCKET, &spec.package.bucket),
            site: differs(SITE, spec.site.as_ref().map_or("", |site| &site.bucket)),
            domain: ours.get(DOMAIN).and_then(|text| FormerDomain::parse(&decoded(text))),
            keys,
        }
    }

    /// Adds what must go, each after what it needed.
    pub(super) fn add_surplus(&self, page: &Page<'_>, g: &mut Graph, live: Live, parts: Parts) {
        let page =
            &Page { choices: Choices { adopt: false, ..page.choices }, owner: page.owner.without_adopting(), ..*page };
        let now = page.spec;
        if let Some(name) = &self.bucket {
            let bucket = g.add_unwanted(page.bucket(name, &Rc::default()));
            g.add_unwanted(page.object(name, bucket, Rc::default()));
        }
        if self.function.is_some() || self.role.is_some() {
            let name = self.function.as_ref().unwrap_or(&now.function.name);
            let role = self.role.as_ref().unwrap_or(&now.role.name);
            self.add_function(page, g, parts, (name, role));
        }
        if let Some(name) = &self.site {
            let gone = model::Site {
                path: PathBuf::new(),
                bucket: name.clone(),
                index: String::new(),
                error: None,
                cache: Duration::ZERO,
                ignore: Vec::new(),
            };
            let bucket = g.add_unwanted(page.site_bucket(name, &gone));
            g.add_unwanted(page.pages(name, bucket, Rc::default()));
            g.add_unwanted(page.site_settings(name, bucket, live.api));
        }
        if let Some(former) = &self.domain {
            former.add_surplus(page, g, live, parts);
        }
    }

    /// Of function and role only what has another name today.
    fn add_function(&self, page: &Page<'_>, g: &mut Graph, parts: Parts, (function, role): (&str, &str)) {
        let wanted = page.role(function, model::Role { name: role.to_owned(), ..page.spec.role.clone() });
        let configuration = Configuration::new(&page.spec.function, wanted.arn(), &Zipped::default());
        let role = match self.role {
            Some(_) => g.add_unwanted(wanted),
            None => parts.role,
        };
        if self.function.is_some() {
            let log_group = g.add_unwanted(page.log_group(function));
            g.add_unwanted(Function {
                role,
                package: parts.object,
                image: None,
                log_group,
                name: function.to_owned(),
                arn: page.function_arn(function),
                configuration: Rc::new(configuration),
                description: None,
                reserved_concurrency: None,
                owner: page.owner.clone(),
            });
        }
    }
}

impl FormerDomain {
    fn parse(text: &str) -> Option<FormerDomain> {
        let (endpoint, rest) = text.split_once(':')?;
        let (name, path) = rest.split_once('/')?;
        let endpoint = if endpoint == "edge" { Endpoint::Edge } else { Endpoint::Regional };
        let base_path = (!path.is_empty()).then(|| path.to_owned());
        Some(FormerDomain { endpoint, name: name.to_owned(), base_path })
    }

    fn add_surplus(&self, page: &Page<'_>, g: &mut Graph, live: Live, parts: Parts) {
        let (name, path) = (&self.name, self.base_path.clone());
        match &page.spec.domain {
            Some(domain) if domain.name == self.name && domain.endpoint != self.endpoint => {
                self.add_certificate(page, g, domain.endpoint);
            }
            _ => {}
        }
        match (&page.spec.domain, parts.domain) {
            (Some(domain), _) if domain.name == self.name && domain.base_path == self.base_path => {}
            (Some(domain), Some(standing)) if domain.name == self.name => {
                g.add_unwanted(page.mapping(name, path, standing.id(), live));
            }
            _ => self.add_names(page, g, live),
        }
    }

    /// The certificate of the other kind of endpoint, where that lives in another region.
    fn add_certificate(&self, page: &Page<'_>, g: &mut Graph, now: Endpoint) {
        let region = page.certificate_region(self.endpoint);
        if region != page.certificate_region(now) {
            g.add_unwanted(page.certificate(&self.name, region));
        }
    }

    /// The whole of a name that is given up.
    fn add_names(&self, page: &Page<'_>, g: &mut Graph, live: Live) {
        let (domain, wait) = (self.name.clone(), true);
        let region = page.certificate_region(self.endpoint);
        let zone =
            g.add_unwanted(HostedZone { domain: domain.clone(), zone_name: None, lookups: page.lookups.clone() });
        let request = page.certificate(&domain, region);
        let certificate = g.add_unwanted(request.clone());
        let validation = g.add_unwanted(ValidationRecord { domain: domain.clone(), zone, certificate });
        let issued = g.add_unwanted(IssuedCertificate { request, certificate, validation, wait });
        let gone = model::Domain {
            name: domain.clone(),
            base_path: self.base_path.clone(),
            certificate: model::Certificate::Request,
            hosted_zone: None,
            endpoint: self.endpoint,
            security_policy: "TLS_1_2".to_owned(),
            dualstack: false,
            mutual_tls: None,
        };
        let gone = page.domain_name(&gone, CertificateHandle::Issued(issued));
        let name = g.add_unwanted(gone.clone());
        g.add_unwanted(page.mapping(&domain, self.base_path.clone(), name.id(), live));
        g.add_unwanted(page.alias_record(&gone, zone, name));
    }
}

#[cfg(test)]
mod tests {
    use super::{decoded, encoded};

    #[test]
    fn every_name_comes_back_from_its_tag() {
        for name in ["edge:*.example.com/a$!'()*", "a@b,c=d+e", "plain-name_1", "é=", ""] {
            let tag = encoded(name);
            assert!(tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._+:/=".contains(&byte)), "{tag}");
            assert_eq!(decoded(&tag), name);
        }
        // As written before there was an escape.
        assert_eq!(decoded("a=role@x"), "a=role@x");
    }
}
