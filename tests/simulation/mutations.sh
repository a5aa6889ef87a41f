#!/bin/sh
# Does the simulation bite? Breaks one law of the product after the other in a scratch copy, and shows what catches it: it
# must be the law that is for it. Before that, nothing is broken, and nothing may be caught.
# Usage: tests/simulation/mutations.sh [SEEDS [NAME]]; from the root of the repository. Takes a build of the program per law.
# Nothing else may build into the same target folder meanwhile.
set -eu
seeds=${1:-30} only=${2:-}
root=$(pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
git archive HEAD | tar -x -C "$scratch"
cd "$scratch"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$root/target}"
missed=0

# Without a change every scenario holds; otherwise nothing that is caught below says anything.
if [ -z "$only" ] && ! SIM_SEEDS=$seeds RUST_BACKTRACE=0 cargo test --quiet --test simulation >log 2>&1; then
    echo "the simulation fails as it is:"
    sed -n 's/^\([a-z_]*: [0-9]* seeds, [1-9][0-9]* failed .*\)/    \1/p' log
    exit 1
fi

# change FILE PERL-EXPRESSION: it must change the file.
change() {
    [ -e "kept/$1" ] || { mkdir -p "kept/$(dirname "$1")" && cp "$1" "kept/$1"; }
    perl -0pi -e "$2" "$1"
    ! cmp -s "$1" "kept/$1" || { echo "    the code has moved on: nothing was changed in $1" && return 1; }
}

# mutation NAME BREAK LAW SCENARIOS…: runs the function BREAK, then the scenarios, of which one must break LAW.
mutation() {
    name=$1 break=$2 law=$3
    shift 3
    case $break in *"$only"*) ;; *) return 0 ;; esac
    if ! "$break"; then
        missed=1
    elif SIM_SEEDS=$seeds RUST_BACKTRACE=0 cargo test --test simulation --no-run >log 2>&1; then
        if SIM_SEEDS=$seeds RUST_BACKTRACE=0 cargo test --quiet --test simulation -- "$@" >log 2>&1; then
            echo "$name: NOT CAUGHT"
            missed=1
        else
            if grep -q "seeds, [1-9][0-9]* failed {.*\"$law\"" log; then
                echo "$name: caught by $law"
            else
                echo "$name: NOT CAUGHT by $law"
                missed=1
            fi
            sed -n 's/^\([a-z_]*: [0-9]* seeds, [1-9][0-9]* failed .*\)/    \1/p' log
        fi
    else
        echo "$name: does not compile"
        sed -n '/^error/,+8p' log
        missed=1
    fi
    if [ -d kept ]; then
        (cd kept && find . -type f) | while read -r file; do cp "kept/$file" "$file"; done
        rm -rf kept
    fi
}

no_look_before_a_create() {
    change src/resources/rest_api.rs 's/(async fn read\(&self[^{]*\{)/$1 if true { return Ok(None); }/'
}
stage_before_permission() {
    change src/desired/mod.rs 's{(    let permission = page\.permission.*?\n    let permission = [^\n]*\n)(.*?), permission\.id\(\)(.*?    let stage = g\.add\(Stage \{.*?\n    \}\);\n)}{my ($permission, $between, $stage) = ($1, $2, $3); $permission =~ s/alias\.id\(\)/stage.id()/; "$between$stage$permission    let _ = permission;\n"}se'
}
no_look_after_a_lost_answer() {
    change src/aws/call.rs 's/if let Some\(made\) = find\(\)\.await\? \{\s*return Ok\(made\);\s*\}/let _ = &find;/'
}
deletes_without_a_look_at_the_tags() {
    change src/aws/tags.rs 's/(pub fn own\(&self, found: [^{]*\{)/$1 if found.len() < 9 { return true; }/'
}
two_writers_per_api() {
    change src/aws/call.rs 's/Some\(self\.writer\(\)\.lock\(\)\.await\)/None::<()>/'
    change src/resources/definition/write.rs 's{for \(code, response\) in &method\.responses \{(.*?)done\((self\.aws\.call\("apigateway", "PutMethodResponse", Repeat::Safe, call\)\.await)\)\?;\n        \}}{my ($b, $c) = ($1, $2); s/self\./this./g for $b, $c; "let (this, place) = (&*self, &place);\nfutures_util::future::try_join_all(method.responses.iter().map(|(code, response)| async move {$b done($c) })).await?;"}se'
}
no_budgets() {
    change src/aws/call.rs 's/tokio::time::sleep_until\(turn\.at\)\.await;//'
}
tells_a_key() {
    change src/resources/api_key.rs 's/(made\.id\.ok_or_else)/aws.report(&crate::event::Event::Note { text: made.value.clone().unwrap_or_default() });\n            $1/'
}
no_lock() {
    change src/pipeline/locked.rs 's/(fn living\(seen: &Seen\) -> Option<&Record> \{)/$1 if true { return None; }/'
    change src/resources/lock.rs 's/Some\(tag\) => put\.if_match\(tag\),\s*None => put\.if_none_match\("\*"\),/_ => put,/'
}
one_step_at_a_time() {
    change src/engine/schedule.rs 's/\} else if after\[piece\]/} else if running.is_empty() && after[piece]/'
}
does_not_say_what_failed() {
    change src/engine/apply.rs 's/error\.problem\(Some\(format!\("\{\} \{\}", identity\.kind, identity\.name\)\)\)/error.problem(None)/'
}
waits_for_the_dead() {
    change src/pipeline/holder.rs 's/(fn is_dead\(record: &Record\) -> bool \{)/$1 if record.held { return false; }/'
    change src/resources/lock.rs 's/record\.held && record\.until\.is_some_and\(\|until\| self\.now < until\)/record.held/'
}
a_stage_without_tags() {
    change src/resources/stage.rs 's/\.set_tags\(Some\(tags\.clone\(\)\)\)//; s/let tags = self\.stage_owner\(\)\.tags\.hash_map\(\);//'
}
the_bucket_stays() {
    change src/resources/bucket.rs 's/Ok\(\(!self\.place\.delete\(aws\)\.await\?\)\.then/Ok(false.then/'
}
no_grace() {
    change src/resources/api_key/rotation.rs 's/until\(aws, wait, .*?\.await\?;/let _ = wait;/'
}
a_foreign_plan_is_used() {
    change src/aws/tags.rs 's/(pub fn own\(&self, found: [^{]*\{)/$1 if found.is_empty() { return true; }/'
}

mutation "no look before a create" no_look_before_a_create Single first_deploy
mutation "the stage goes live before the permission" stage_before_permission NoGap update_of_everything
mutation "no look after a lost answer" no_look_after_a_lost_answer Single first_deploy
mutation "deletes without a look at the tags" deletes_without_a_look_at_the_tags Foreign teardown first_deploy
mutation "changes what nobody has tagged" a_foreign_plan_is_used Foreign first_deploy teardown
mutation "two writers per API" two_writers_per_api Pace a_calm_day a_usual_day
mutation "AWS's limits are not kept" no_budgets Pace a_calm_day a_usual_day
mutation "runs do not heed the lock" no_lock Apart two_deploys_at_once
mutation "a dead run's lock is waited for" waits_for_the_dead Converges first_deploy
mutation "a key's value is told" tells_a_key Quiet teardown
mutation "one step at a time" one_step_at_a_time Time a_calm_day
mutation "a failed step does not name its resource" does_not_say_what_failed Ends first_deploy
mutation "the stage has no tags" a_stage_without_tags Tagged a_calm_day
mutation "the artifact bucket stays" the_bucket_stays NothingLeft teardown
mutation "a rotated key goes at once" no_grace NoGap key_rotation
exit $missed
