//! Four steps in a row, and four as a diamond; each can be undone, and a last one says whether the whole was any good.

use kenning::prelude::*;

use super::outside::Outside;

/// One after the other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Saga)]
#[kenning(name = "row", version = 1, id = id)]
pub(super) struct Row {
    pub(super) id: u64,
}

/// A step, those before it, and whether it can be undone.
pub(super) type Graph = &'static [(&'static str, &'static [&'static str], bool)];

pub(super) const ROW: Graph = &[
    ("one", &[], true),
    ("two", &["one"], true),
    ("three", &["two"], true),
    ("four", &["three"], true),
    ("judge", &["four"], false),
];

pub(super) const DIAMOND: Graph = &[
    ("top", &[], true),
    ("left", &["top"], true),
    ("right", &["top"], true),
    ("bottom", &["left", "right"], true),
    ("judge", &["bottom"], false),
];

/// What an undo is called outside: with a question mark when the step's outcome is not known.
fn undo_of(step: &str, output: Option<&String>) -> String {
    if output.is_some() { format!("undo {step}") } else { format!("undo {step}?") }
}

#[saga(services = Outside, retry(attempts = 3, backoff = "1ms..5ms"), undo_retry(attempts = 3, backoff = "1ms..5ms"), timeout = "30s")]
impl Row {
    #[step(undo = undo_one)]
    async fn one(&self, cx: &StepContext<Outside>) -> Result<String, StepError> {
        cx.services().call(cx, "one").await
    }
    #[undo]
    async fn undo_one(&self, cx: &StepContext<Outside>, one: Option<&String>) -> Result<(), StepError> {
        cx.services().call(cx, &undo_of("one", one)).await.map(drop)
    }

    #[step(undo = undo_two)]
    async fn two(&self, cx: &StepContext<Outside>, one: &String) -> Result<String, StepError> {
        assert_eq!(*one, format!("one of {}", self.id));
        cx.services().call(cx, "two").await
    }
    #[undo]
    async fn undo_two(&self, cx: &StepContext<Outside>, two: Option<&String>) -> Result<(), StepError> {
        cx.services().call(cx, &undo_of("two", two)).await.map(drop)
    }

    #[step(undo = undo_three)]
    async fn three(&self, cx: &StepContext<Outside>) -> Result<String, StepError> {
        cx.services().call(cx, "three").await
    }
    #[undo]
    async fn undo_three(&self, cx: &StepContext<Outside>, three: Option<&String>) -> Result<(), StepError> {
        cx.services().call(cx, &undo_of("three", three)).await.map(drop)
    }

    #[step(undo = undo_four)]
    async fn four(&self, cx: &StepContext<Outside>) -> Result<String, StepError> {
        cx.services().call(cx, "four").await
    }
    #[undo]
    async fn undo_four(&self, cx: &StepContext<Outside>, four: Option<&String>) -> Result<(), StepError> {
        cx.services().call(cx, &undo_of("four", four)).await.map(drop)
    }

    #[step(read_only)]
    async fn judge(&self, cx: &StepContext<Outside>) -> Result<String, StepError> {
        cx.services().call(cx, "judge").await
    }
}

/// Two of the steps beside each other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Saga)]
#[kenning(name = "diamond", version = 1, id = id)]
pub(super) struct Diamond {
    pub(super) id: u64,
}

#[saga(services = Outside, retry(attempts = 3, backoff = "1ms..5ms"), undo_retry(attempts = 3, backoff = "1ms..5ms"), timeout = "30s")]
impl Diamond {
    #[step(undo = undo_top)]
    async fn top(&self, cx: &StepContext<Outside>) -> Result<String, StepError> {
        cx.services().call(cx, "top").await
    }
    #[undo]
    async fn undo_top(&self, cx: &StepContext<Outside>, top: Option<&String>) -> Result<(), StepError> {
        cx.services().call(cx, &undo_of("top", top)).await.map(drop)
    }

    #[step(undo = undo_left, after(top))]
    async fn left(&self, cx: &StepContext<Outside>) -> Result<String, StepError> {
        cx.services().call(cx, "left").await
    }
    #[undo]
    async fn undo_left(&self, cx: &StepContext<Outside>, left: Option<&String>) -> Result<(), StepError> {
        cx.services().call(cx, &undo_of("left", left)).await.map(drop)
    }

    #[step(undo = undo_right, after(top))]
    async fn right(&self, cx: &StepContext<Outside>) -> Result<String, StepError> {
        cx.services().call(cx, "right").await
    }
    #[undo]
    async fn undo_right(&self, cx: &StepContext<Outside>, right: Option<&String>) -> Result<(), StepError> {
        cx.services().call(cx, &undo_of("right", right)).await.map(drop)
    }

    #[step(undo = undo_bottom, after(left, right))]
    async fn bottom(&self, cx: &StepContext<Outside>, left: &str, right: &str) -> Result<String, StepError> {
        assert_eq!(
            (left.to_owned(), right.to_owned()),
            (format!("left of {}", self.id), format!("right of {}", self.id))
        );
        cx.services().call(cx, "bottom").await
    }
    #[undo]
    async fn undo_bottom(&self, cx: &StepContext<Outside>, bottom: Option<&String>) -> Result<(), StepError> {
        cx.services().call(cx, &undo_of("bottom", bottom)).await.map(drop)
    }

    #[step(read_only)]
    async fn judge(&self, cx: &StepContext<Outside>) -> Result<String, StepError> {
        cx.services().call(cx, "judge").await
    }
}
