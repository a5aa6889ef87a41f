//! What a person is asked, and what is shown before it.

use super::{Format, Look, Ui, Volume, github, human, json, layout, outcome};
use crate::pipeline::{Holder, Planned, Rotation};

/// What the person is asked to agree to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    Deploy,
    Teardown,
    Rollback,
    Rotate,
    Unlock,
}

impl Ui {
    /// Is there a person who sees a question and can answer it?
    pub fn can_ask(&self) -> bool {
        self.format == Format::Human && self.streams.can_ask()
    }

    /// Asks until `judge` takes the answer; an empty one is `usual`. None where nobody answers, or when `interrupted`.
    pub fn ask(
        &self,
        question: &str,
        usual: &str,
        judge: &dyn Fn(&str) -> Result<String, String>,
        interrupted: &dyn Fn() -> bool,
    ) -> Option<String> {
        loop {
            self.streams.err(&human::open_question(question, usual));
            let line = self.streams.line(interrupted)?;
            let answer = match line.trim() {
                "" => usual,
                text => text,
            };
            match judge(answer) {
                Ok(answer) => return Some(answer),
                Err(why) => self.streams.err(&format!("  {}\n", layout::harmless(&why))),
            }
        }
    }

    /// Shows the plan and, unless `yes`, asks. `interrupted` ends the question with a no.
    pub fn agreed(&self, question: Question, planned: &Planned, yes: bool, interrupted: &dyn Fn() -> bool) -> bool {
        self.rest();
        self.progress.expect(&planned.plan);
        if let Some(wanted) = self.timeline.get() {
            wanted.timeline.expect(planned);
        }
        match self.format {
            Format::JsonLines => self.document(&json::tagged("planned", planned)),
            _ if self.volume == Volume::Quiet && yes => {}
            _ => {
                let sentence = human::summary(planned, &Look::plain(usize::MAX, false));
                let sentence = anstream::adapter::strip_str(sentence.trim_end()).to_string();
                let folds = self.folds().filter(|_| !planned.plan.is_empty());
                self.streams.command(&folds.map_or_else(String::new, |github| github.plan(&sentence)));
                self.streams.err(&match question {
                    Question::Teardown => human::teardown(planned, &self.look()),
                    Question::Deploy | Question::Rollback | Question::Rotate | Question::Unlock => {
                        human::plan(planned, &self.look())
                    }
                });
                self.streams.command(folds.map_or("", |_| github::commands::END_GROUP));
            }
        }
        if yes || planned.plan.is_empty() {
            return true;
        }
        self.streams.err(&human::question(question));
        self.streams.answer(interrupted)
    }

    /// Says what a rotation means and, unless `yes`, asks. `interrupted` ends the question with a no.
    pub fn agreed_to_rotate(&self, rotation: &Rotation, yes: bool, interrupted: &dyn Fn() -> bool) -> bool {
        if self.format == Format::Human && !(self.volume == Volume::Quiet && yes) {
            self.streams.err(&outcome::rotation(rotation, &self.look()));
        }
        if yes {
            return true;
        }
        self.streams.err(&human::question(Question::Rotate));
        self.streams.answer(interrupted)
    }

    /// Shows who holds the lock and, unless `yes`, asks. `interrupted` ends the question with a no.
    pub fn agreed_to_unlock(&self, holder: &Holder, yes: bool, interrupted: &dyn Fn() -> bool) -> bool {
        if self.format == Format::Human && !(self.volume == Volume::Quiet && yes) {
            self.streams.err(&outcome::holder(holder, &self.look()));
        }
        if yes {
            return true;
        }
        self.streams.err(&human::question(Question::Unlock));
        self.streams.answer(interrupted)
    }
}
