//! What every state machine of this crate answers to a command.

use core::fmt;

/// What a command did. A command that is given twice is no error the second time.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a transition holds the new value: the old one is gone"]
pub enum Transition<T> {
    /// The value moved to another state.
    Changed(T),
    /// The value was there already and is as it was.
    AlreadyApplied(T),
}

impl<T> Transition<T> {
    /// The value, whether it moved or not.
    pub fn into_inner(self) -> T {
        match self {
            Self::Changed(value) | Self::AlreadyApplied(value) => value,
        }
    }

    /// Whether the value moved.
    #[must_use]
    pub const fn has_changed(&self) -> bool {
        match self {
            Self::Changed(_) => true,
            Self::AlreadyApplied(_) => false,
        }
    }

    /// The same answer about another value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Transition<U> {
        match self {
            Self::Changed(value) => Transition::Changed(f(value)),
            Self::AlreadyApplied(value) => Transition::AlreadyApplied(f(value)),
        }
    }
}

/// The fieldless names of a machine's states.
pub trait Status: Copy + Eq + fmt::Debug + fmt::Display + 'static {
    /// What the machine is called in messages.
    const MACHINE: &'static str;
}

/// A command that its state machine refuses. Nothing has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IllegalTransition<S> {
    /// Where the machine is.
    pub from: S,
    /// Where the command would have taken it.
    pub to: S,
}

impl<S: Status> fmt::Display for IllegalTransition<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} cannot go from {} to {}",
            S::MACHINE,
            self.from,
            self.to
        )
    }
}

impl<S: Status> core::error::Error for IllegalTransition<S> {}

/// What a command of a machine answers.
pub type Answer<T, S> = Result<Transition<T>, IllegalTransition<S>>;

pub(crate) fn changed<T, S>(value: T) -> Answer<T, S> {
    Ok(Transition::Changed(value))
}

pub(crate) fn already<T, S>(value: T) -> Answer<T, S> {
    Ok(Transition::AlreadyApplied(value))
}

pub(crate) fn illegal<T, S>(from: S, to: S) -> Answer<T, S> {
    Err(IllegalTransition { from, to })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OrderStatus;

    #[test]
    fn the_value_is_there_whether_it_moved_or_not() {
        assert_eq!(Transition::Changed(1).into_inner(), 1);
        assert_eq!(Transition::AlreadyApplied(2).into_inner(), 2);
    }

    #[test]
    fn only_a_change_has_changed() {
        assert!(Transition::Changed(1).has_changed());
        assert!(!Transition::AlreadyApplied(1).has_changed());
    }

    #[test]
    fn the_same_is_answered_about_another_value() {
        let doubled = |value| value * 2;
        assert_eq!(Transition::Changed(1).map(doubled), Transition::Changed(2));
        assert_eq!(
            Transition::AlreadyApplied(2).map(doubled),
            Transition::AlreadyApplied(4)
        );
    }

    #[test]
    fn the_shorthands_answer_what_they_are_named_after() {
        let (from, to) = (OrderStatus::Completed, OrderStatus::Pending);
        assert_eq!(changed::<_, OrderStatus>(1), Ok(Transition::Changed(1)));
        assert_eq!(
            already::<_, OrderStatus>(1),
            Ok(Transition::AlreadyApplied(1))
        );
        assert_eq!(
            illegal::<(), _>(from, to),
            Err(IllegalTransition { from, to })
        );
    }

    #[test]
    fn a_refusal_names_the_machine_and_both_states() {
        let refusal = IllegalTransition {
            from: OrderStatus::Completed,
            to: OrderStatus::Pending,
        };
        assert_eq!(
            refusal.to_string(),
            "order cannot go from completed to pending"
        );
    }
}
