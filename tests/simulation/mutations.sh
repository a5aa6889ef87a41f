#!/bin/sh
# Does the simulation bite? Breaks one law of the product after the other in a scratch copy, and shows what catches it.
# Usage: tests/simulation/mutations.sh [SEEDS]; from the root of the repository. Takes a build per law.
set -eu
seeds=${1:-12}
root=$(pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
git archive HEAD | tar -x -C "$scratch"
cd "$scratch"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target/mutations}
missed=0

# mutate NAME FILE PERL-EXPRESSION SCENARIOS…: the expression must change the file.
mutate() {
    name=$1 file=$2 expression=$3
    shift 3
    cp "$file" kept
    perl -0pi -e "$expression" "$file"
    if cmp -s "$file" kept; then
        echo "$name: the code has moved on, nothing was changed in $file"
        missed=1
        return
    fi
    if SIM_SEEDS=$seeds RUST_BACKTRACE=0 cargo test --quiet --test simulation -- "$@" >log 2>&1; then
        echo "$name: NOT CAUGHT"
        missed=1
    elif grep -q '^error' log && ! grep -q 'seeds, ' log; then
        echo "$name: does not compile"
        sed -n '/^error/,+8p' log
        missed=1
    else
        echo "$name: caught"
        sed -n 's/^\([a-z_]*: [0-9]* seeds, [1-9][0-9]* failed .*\)/    \1/p' log
    fi
    cp kept "$file"
}

mutate "no look before a create" src/resources/rest_api.rs \
    's/(async fn read\(&self[^{]*\{)/$1 if true { return Ok(None); }/' first_deploy
mutate "the stage goes live before the permission" src/desired/mod.rs \
    's/, alias\.id\(\), permission\.id\(\)\]/, alias.id()]/' update_of_everything
mutate "no look after a lost answer" src/aws/call.rs \
    's/if let Some\(made\) = find\(\)\.await\?/if let Some(made) = None::<T>.or_else(|| { let _ = &find; None })/' first_deploy
mutate "deletes without a look at the tags" src/aws/tags.rs \
    's/(pub fn own\(&self, found: [^{]*\{)/$1 if found.len() < 9 { return true; }/' teardown first_deploy
mutate "two writers per API" src/resources/definition/write.rs \
    's{for \(code, response\) in &method\.responses \{(.*?)done\((self\.aws\.call\("apigateway", "PutMethodResponse", Repeat::Safe, call\)\.await)\)\?;\n        \}}{my ($b, $c) = ($1, $2); s/self\./this./g for $b, $c; "let (this, place) = (&*self, &place);\nfutures_util::future::try_join_all(method.responses.iter().map(|(code, response)| async move {$b done($c) })).await?;"}se' \
    a_calm_day
exit $missed
