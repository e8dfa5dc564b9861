//! When a connection is cut.

/// A cut that waits for its bytes.
pub(super) struct Trigger {
    pub(super) at: TriggerAt,
    bytes: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TriggerAt {
    BeforeRequest,
    AfterRequest,
    BeforeAnswer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Request,
    Answer,
}

impl TriggerAt {
    pub(super) const fn side(self) -> Side {
        match self {
            Self::BeforeRequest | Self::AfterRequest => Side::Request,
            Self::BeforeAnswer => Side::Answer,
        }
    }
}

/// The end of what went by, since the bytes may come in several pieces.
#[derive(Default)]
pub(super) struct Seen(Vec<u8>);

impl Trigger {
    pub(super) fn new(at: TriggerAt, bytes: &[u8]) -> Self {
        assert!(!bytes.is_empty(), "everything contains nothing");
        Self {
            at,
            bytes: bytes.to_owned(),
        }
    }

    /// Whether its bytes are complete with this piece.
    pub(super) fn completed_by(&self, seen: &mut Seen, piece: &[u8]) -> bool {
        seen.0.extend_from_slice(piece);
        let completed = seen
            .0
            .windows(self.bytes.len())
            .any(|window| window == self.bytes);
        let kept = self.bytes.len() - 1;
        seen.0.drain(..seen.0.len().saturating_sub(kept));
        completed
    }
}

impl Seen {
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::{Seen, Trigger, TriggerAt};

    fn completed_by(pieces: &[&[u8]]) -> Option<usize> {
        let trigger = Trigger::new(TriggerAt::AfterRequest, b"COMMIT");
        let mut seen = Seen::default();
        pieces
            .iter()
            .position(|piece| trigger.completed_by(&mut seen, piece))
    }

    #[test]
    fn the_bytes_are_found_within_a_piece_and_across_pieces() {
        assert_eq!(completed_by(&[b"Q\0COMMIT\0"]), Some(0));
        assert_eq!(completed_by(&[b"xxCOM", b"MITxx"]), Some(1));
        assert_eq!(completed_by(&[b"C", b"O", b"M", b"M", b"I", b"T"]), Some(5));
        assert_eq!(completed_by(&[b"COMCOM", b"MIT"]), Some(1));
    }

    #[test]
    fn other_bytes_are_not_taken_for_them() {
        assert_eq!(completed_by(&[b"COMMI", b"xT", b"COMM", b"", b"-IT"]), None);
    }
}
