//! That API Gateway may invoke the alias, for exactly the methods of the API. Policies belong to the qualifier
//! (`AWS_FACTS` B5), so they stand on the alias that the integrations name.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::aws::{Aws, ErrorKind, Repeat, Result, found, gone};
use crate::engine::plan::{Change, Side};
use crate::engine::{Handle, Identity, Known, NodeId, Resource};
use crate::event::Action;
use crate::resources::RestApi;

/// What a resource policy may hold, with room for what others put there: AWS says 20 KB (`AWS_FACTS` D).
const ROOM: usize = 19_000;

/// How the id of a statement begins that stands for all methods for a while.
const BRIDGE: &str = "poc-bridge";

/// The statements on one alias, for one API.
#[derive(Clone, Debug)]
pub struct Permission {
    pub allowed: Allowed,
    pub alias: NodeId,
    /// Deleted with the function, its policies go along.
    pub function_node: NodeId,
    pub api: Handle<RestApi>,
}

/// What may call the alias.
#[derive(Clone, Debug)]
pub struct Allowed {
    pub function: String,
    pub alias_name: String,
    pub stage: String,
    /// Path and verb of every method that invokes the function.
    pub methods: Vec<(String, String)>,
    pub region: String,
    pub account: String,
    pub partition: String,
}

/// Statement id to source ARN.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    statements: BTreeMap<String, String>,
}

impl Resource for Permission {
    type Observed = Observed;
    type Outputs = ();

    fn identity(&self) -> Identity {
        Identity::one("permission", "invoke permission", self.allowed.name())
    }

    fn needs(&self) -> Vec<NodeId> {
        vec![self.alias, self.api.id()]
    }

    async fn read(&self, aws: &Aws<'_>, _: &Known) -> Result<Option<Observed>> {
        let seen = self.allowed.read(aws).await?;
        Ok((!seen.statements.is_empty()).then_some(seen))
    }

    fn outputs(&self, _: &Observed) {}

    fn diff(&self, seen: &Observed, known: &Known) -> Vec<Change> {
        let Some(api) = known.get(self.api) else { return self.unknown(known) };
        self.allowed.missing(&api.id, seen)
    }

    fn creation(&self, known: &Known) -> Vec<Change> {
        match known.get(self.api) {
            Some(api) => self.allowed.missing(&api.id, &Observed::default()),
            None => self.unknown(known),
        }
    }

    fn consequences(&self, action: Action, changes: &[Change]) -> Vec<String> {
        let gathered = "too many methods for one statement each (AWS allows 20 KB): gathered under wider source ARNs \
                        within this API and stage";
        let bridged = "the statements of before and after do not fit together (AWS allows 20 KB): one for all of this \
                       API and stage stands until the new methods are served";
        let bridges = action == Action::Update && changes.iter().any(|change| change.path.starts_with(BRIDGE));
        let told = [(self.allowed.gathered(), gathered), (bridges, bridged)];
        told.into_iter().filter(|(true_of_it, _)| *true_of_it).map(|(_, text)| text.to_owned()).collect()
    }

    async fn create(&self, aws: &Aws<'_>, known: &Known) -> Result<()> {
        self.allowed.add_missing(aws, &known.require(self.api)?.id, &Observed::default()).await
    }

    async fn update(&self, aws: &Aws<'_>, known: &Known, seen: &Observed, _: &[Change]) -> Result<()> {
        self.allowed.add_missing(aws, &known.require(self.api)?.id, seen).await
    }

    /// Statements that no method needs any more go once the stage serves the new definition (law 6).
    fn surplus(&self, seen: &Observed, known: &Known, _: bool) -> Vec<Change> {
        let (allowed, api) = (&self.allowed, known.get(self.api));
        let wanted = api.as_ref().map(|api| allowed.wanted(&api.id)).unwrap_or_default();
        let bridge = api.filter(|_| allowed.is_too_much(seen, &wanted)).map(|api| allowed.bridge(&api.id));
        let stale = seen.statements.iter().filter(|(id, _)| !wanted.contains_key(*id));
        let mut doomed: BTreeMap<String, String> = stale.map(|(id, source)| (id.clone(), source.clone())).collect();
        doomed.extend(bridge);
        doomed.into_iter().map(|(id, source)| Change::removed(id, source)).collect()
    }

    async fn prune(&self, aws: &Aws<'_>, known: &Known, seen: &Observed, surplus: &[Change]) -> Result<()> {
        let mut doomed: BTreeSet<String> = surplus.iter().map(|change| change.path.clone()).collect();
        // The API of a bridge may be known only now.
        let (allowed, api) = (&self.allowed, known.require(self.api)?.id);
        doomed.extend(allowed.is_too_much(seen, &allowed.wanted(&api)).then(|| allowed.bridge(&api).0));
        for id in &doomed {
            allowed.remove(aws, id).await?;
        }
        Ok(())
    }

    fn goes_with(&self) -> Option<NodeId> {
        Some(self.function_node)
    }

    async fn delete(&self, aws: &Aws<'_>, _: &Known, seen: &Observed) -> Result<()> {
        for id in seen.statements.keys() {
            self.allowed.remove(aws, id).await?;
        }
        Ok(())
    }
}

impl Permission {
    fn unknown(&self, known: &Known) -> Vec<Change> {
        let sources = self.allowed.sources("").into_iter();
        sources.map(|(what, _)| Change::set(what, Side::KnownAfter(known.step_of(self.api)))).collect()
    }
}

impl Allowed {
    /// `FUNCTION:ALIAS`.
    pub fn name(&self) -> String {
        format!("{}:{}", self.function, self.alias_name)
    }

    /// Our statements on the alias; none where there is no policy.
    ///
    /// # Errors
    /// When Lambda refuses to tell.
    pub async fn read(&self, aws: &Aws<'_>) -> Result<Observed> {
        let call = || aws.lambda().get_policy().function_name(&self.function).qualifier(&self.alias_name).send();
        let answer = found(aws.call("lambda", "GetPolicy", Repeat::Safe, call).await)?;
        let policy = answer.and_then(|answer| answer.policy).unwrap_or_default();
        let policy: Value = serde_json::from_str(&policy).unwrap_or_default();
        Ok(Observed { statements: policy["Statement"].as_array().into_iter().flatten().filter_map(ours).collect() })
    }

    /// Statements that are still to be added for the methods of `api`.
    pub fn missing(&self, api: &str, seen: &Observed) -> Vec<Change> {
        let wanted = self.wanted(api);
        let bridge = self.is_too_much(seen, &wanted).then(|| self.bridge(api));
        let missing = wanted.into_iter().chain(bridge).filter(|(id, _)| !seen.statements.contains_key(id));
        missing.map(|(id, source)| Change::set(id, source)).collect()
    }

    /// Adds what [`Allowed::missing`] tells. Where both sets of statements do not fit, one for all methods stands in.
    ///
    /// # Errors
    /// When Lambda refuses.
    pub async fn add_missing(&self, aws: &Aws<'_>, api: &str, seen: &Observed) -> Result<()> {
        let wanted = self.wanted(api);
        if self.is_too_much(seen, &wanted) {
            let (bridge, source) = self.bridge(api);
            self.add(aws, &bridge, &source).await?;
            for id in seen.statements.keys().filter(|id| !wanted.contains_key(*id) && **id != bridge) {
                self.remove(aws, id).await?;
            }
        }
        for (id, source) in wanted.iter().filter(|(id, _)| !seen.statements.contains_key(*id)) {
            self.add(aws, id, source).await?;
        }
        Ok(())
    }

    /// Statement id to source ARN; the id names what it allows and changes with it.
    fn wanted(&self, api: &str) -> BTreeMap<String, String> {
        self.sources(api).into_iter().map(statement).collect()
    }

    /// Stands for all methods while one set of statements takes the place of another, where both do not fit (law 6).
    fn bridge(&self, api: &str) -> (String, String) {
        statement((BRIDGE.trim_start_matches("poc-").to_owned(), self.arn(api, "*", "/*")))
    }

    /// Do some statements take the place of others, and the policy does not hold all of them?
    fn is_too_much(&self, seen: &Observed, wanted: &BTreeMap<String, String>) -> bool {
        let all: BTreeMap<&String, &String> = seen.statements.iter().chain(wanted).collect();
        let exchanges = all.len() > wanted.len() && all.len() > seen.statements.len();
        exchanges && all.iter().map(|(id, source)| self.weight(id, source)).sum::<usize>() > ROOM
    }

    /// What one statement takes of the policy: with what AWS writes around it (principal, action, resource, condition).
    fn weight(&self, id: &str, source: &str) -> usize {
        330 + self.function.len() + self.alias_name.len() + source.len() + id.len()
    }

    /// What is allowed, in words, and its ARN: one per method or, where they do not fit, one per verb.
    fn sources(&self, api: &str) -> BTreeMap<String, String> {
        if self.gathered() {
            let verbs: BTreeSet<&str> = self.methods.iter().map(|(_, verb)| verb.as_str()).collect();
            return verbs.into_iter().map(|verb| (format!("{verb} *"), self.arn(api, verb, "/*"))).collect();
        }
        let one = |(path, verb): &(String, String)| (format!("{verb} {path}"), self.arn(api, verb, path));
        self.methods.iter().map(one).collect()
    }

    /// Path variables and `ANY` are wildcards in a source ARN (B5).
    fn arn(&self, api: &str, verb: &str, path: &str) -> String {
        let verb = if verb == "ANY" { "*" } else { verb };
        let parts = path.split('/').map(|part| if part.starts_with('{') { "*" } else { part });
        let path = parts.collect::<Vec<_>>().join("/");
        let Allowed { partition, region, account, stage, .. } = self;
        format!("arn:{partition}:execute-api:{region}:{account}:{api}/{stage}/{verb}{path}")
    }

    /// Would one statement per method be more than the policy holds?
    fn gathered(&self) -> bool {
        let statement = |(path, verb): &(String, String)| {
            let source = self.arn("0123456789", verb, path);
            self.weight(&"-".repeat((verb.len() + path.len()).min(60)), &source)
        };
        self.methods.iter().map(statement).sum::<usize>() > ROOM
    }

    async fn add(&self, aws: &Aws<'_>, id: &str, source: &str) -> Result<()> {
        let call = || {
            let request = aws.lambda().add_permission().function_name(&self.function).qualifier(&self.alias_name);
            request
                .statement_id(id)
                .action("lambda:InvokeFunction")
                .principal("apigateway.amazonaws.com")
                .source_arn(source)
                .send()
        };
        match aws.call("lambda", "AddPermission", Repeat::Safe, call).await {
            // A repeated call whose first answer was lost.
            Err(error) if error.is(ErrorKind::AlreadyExists) => Ok(()),
            ended => ended.map(|_| ()),
        }
    }

    async fn remove(&self, aws: &Aws<'_>, id: &str) -> Result<()> {
        let call = || {
            let request = aws.lambda().remove_permission().function_name(&self.function);
            request.qualifier(&self.alias_name).statement_id(id).send()
        };
        gone(aws.call("lambda", "RemovePermission", Repeat::Safe, call).await)
    }
}

/// The id names what a statement allows, and changes with its source.
fn statement((what, source): (String, String)) -> (String, String) {
    let letters = what.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' });
    let name: String = letters.take(60).collect();
    let digest = Sha256::digest(&source);
    let mark: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    (format!("poc-{}-{mark}", name.trim_matches('-')), source)
}

/// Ours by the form of the statement id; others' statements are theirs.
fn ours(statement: &Value) -> Option<(String, String)> {
    let marked = |id: &str| {
        let mark = id.strip_prefix("poc-").and_then(|rest| rest.rsplit_once('-')).map(|(_, mark)| mark);
        mark.is_some_and(|mark| mark.len() == 8 && mark.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    let id = statement["Sid"].as_str().filter(|id| marked(id))?;
    let condition = statement["Condition"].as_object()?;
    let source = condition.values().find_map(|test| test["AWS:SourceArn"].as_str().or(test["aws:SourceArn"].as_str()));
    Some((id.to_owned(), source.unwrap_or_default().to_owned()))
}
