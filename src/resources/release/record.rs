//! How a deployment of the API and a version of the function are told to belong together, in AWS itself (law 1): a
//! deployment's description names the versions that it was served with, the alias's description the definitions that each
//! version was served with. What changes only one of the two writes only that one; both together tell every release.
//! Descriptions of before, which tell less, and descriptions of others are read as what they are.

use std::fmt;

/// Before everything that this program writes into a description.
const MARK: &str = "poc ";

/// Digits of a definition's fingerprint that tell it apart from the few others of the same API.
const SHORT: usize = 8;

/// How many versions one deployment tells.
const VERSIONS: usize = 10;

/// How long an alias's description may be (the API's model).
const DESCRIPTION: usize = 256;

/// Names of people and CI runs are cut here.
const NAME: usize = 200;

/// A deployment's description: `poc FINGERPRINT FUNCTION:7 FUNCTION:8 by alice@laptop`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OfDeployment {
    /// Of the definition that it pictures.
    pub fingerprint: String,
    /// `FUNCTION:7`, the latest last.
    pub versions: Vec<String>,
    /// Who made it: a person at a machine, or the page of a CI run.
    pub by: Option<String>,
}

impl OfDeployment {
    /// None where it is not ours.
    pub fn parse(description: &str) -> Option<OfDeployment> {
        let mut words = description.strip_prefix(MARK)?.split(' ');
        let fingerprint = words.next()?.to_owned();
        let (mut versions, mut by) = (Vec::new(), None);
        while let Some(word) = words.next() {
            match word {
                "by" => by = words.next().map(str::to_owned),
                version => versions.push(version.to_owned()),
            }
        }
        Some(OfDeployment { fingerprint, versions, by })
    }

    pub fn new(fingerprint: &str, version: String, by: &str) -> OfDeployment {
        let by: String =
            by.chars().map(|letter| if letter.is_whitespace() { '-' } else { letter }).take(NAME).collect();
        let by = Some(by).filter(|by| !by.is_empty());
        OfDeployment { fingerprint: fingerprint.to_owned(), versions: vec![version], by }
    }

    /// The same, served with one more version; none where it tells of that already.
    pub fn and(&self, version: &str) -> Option<OfDeployment> {
        if self.versions.iter().any(|known| known == version) {
            return None;
        }
        let mut more = self.clone();
        more.versions.push(version.to_owned());
        let beyond = more.versions.len().saturating_sub(VERSIONS);
        more.versions.drain(..beyond);
        Some(more)
    }
}

impl fmt::Display for OfDeployment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{MARK}{}", self.fingerprint)?;
        self.versions.iter().try_for_each(|version| write!(f, " {version}"))?;
        self.by.iter().try_for_each(|by| write!(f, " by {by}"))
    }
}

/// An alias's description: `poc 7@0123abcd 8@0123abcd`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OfAlias {
    /// Version, and the beginning of the fingerprint that it was served with; the latest last.
    pub pairs: Vec<(String, String)>,
}

impl OfAlias {
    /// None where somebody else wrote a description of their own, which stays theirs.
    pub fn parse(description: Option<&str>) -> Option<OfAlias> {
        let Some(description) = description.filter(|text| !text.is_empty()) else { return Some(OfAlias::default()) };
        let pairs = description.strip_prefix(MARK)?.split(' ').map(|pair| {
            let (version, picture) = pair.split_once('@')?;
            Some((version.to_owned(), picture.to_owned()))
        });
        Some(OfAlias { pairs: pairs.collect::<Option<_>>()? })
    }

    /// The same with one more, as the latest. The oldest go where there is no room.
    #[must_use]
    pub fn and(mut self, version: &str, fingerprint: &str) -> OfAlias {
        let picture = fingerprint.get(..SHORT).unwrap_or(fingerprint);
        let pair = (version.to_owned(), picture.to_owned());
        self.pairs.retain(|known| *known != pair);
        self.pairs.push(pair);
        while self.to_string().len() > DESCRIPTION && self.pairs.len() > 1 {
            self.pairs.remove(0);
        }
        self
    }

    /// Was this version served with that definition?
    pub fn tells(&self, version: u64, fingerprint: &str) -> bool {
        let of = |(known, picture): &(String, String)| {
            known.parse() == Ok(version) && !picture.is_empty() && fingerprint.starts_with(picture.as_str())
        };
        self.pairs.iter().any(of)
    }

    /// The first version that was told of.
    pub fn first(&self) -> Option<u64> {
        self.pairs.iter().filter_map(|(version, _)| version.parse().ok()).min()
    }
}

impl fmt::Display for OfAlias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pairs = self.pairs.iter().map(|(version, picture)| format!("{version}@{picture}"));
        write!(f, "{MARK}{}", pairs.collect::<Vec<_>>().join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deployment_tells_its_versions_and_who_made_it() {
        let made = OfDeployment::new("0123abcd", "f:7".to_owned(), "alice b@laptop");
        assert_eq!(made.to_string(), "poc 0123abcd f:7 by alice-b@laptop");
        let more = made.and("f:8").unwrap();
        assert_eq!(more.to_string(), "poc 0123abcd f:7 f:8 by alice-b@laptop");
        assert_eq!((more.and("f:8"), OfDeployment::parse(&more.to_string())), (None, Some(more.clone())));
        let many = (9..30).fold(more, |made, version| made.and(&format!("f:{version}")).unwrap());
        assert_eq!((many.versions.len(), many.versions.last().unwrap().as_str()), (VERSIONS, "f:29"));
    }

    #[test]
    fn descriptions_of_before_and_of_others_are_read_as_they_are() {
        let before = OfDeployment { fingerprint: "0123abcd".to_owned(), ..OfDeployment::default() };
        assert_eq!(OfDeployment::parse("poc 0123abcd"), Some(before));
        assert_eq!(OfDeployment::parse("made by hand"), None);
        assert_eq!(OfAlias::parse(None), Some(OfAlias::default()));
        assert_eq!(OfAlias::parse(Some("live")), None);
        assert_eq!(OfAlias::parse(Some("poc is good")), None);
    }

    #[test]
    fn an_alias_forgets_the_oldest_where_its_description_is_full() {
        let one = OfAlias::default().and("1", "0123456789abcdef");
        assert_eq!(one.to_string(), "poc 1@01234567");
        assert!(one.tells(1, "0123456789abcdef") && !one.tells(1, "1123456789abcdef") && !one.tells(2, "0123456789"));
        let all = (2..100).fold(one, |all, version| all.and(&version.to_string(), "0123456789abcdef"));
        assert!(all.to_string().len() <= DESCRIPTION && all.tells(99, "0123456789") && !all.tells(1, "0123456789"));
        assert_eq!(OfAlias::parse(Some(&all.to_string())), Some(all.clone()));
        assert_eq!(all.clone().and("99", "0123456789abcdef"), all);
    }
}
