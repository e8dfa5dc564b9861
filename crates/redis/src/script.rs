use redis::{Cmd, ToRedisArgs};

/// A script that Redis runs in one step on one key.
pub(crate) struct Script {
    text: &'static str,
    hash: String,
}

impl Script {
    pub(crate) fn new(text: &'static str) -> Self {
        let hash = redis::Script::new(text).get_hash().to_owned();
        Self { text, hash }
    }

    /// Runs what Redis remembers under the hash.
    pub(crate) fn by_hash<A: ToRedisArgs>(&self, key: &str, args: A) -> Cmd {
        call("EVALSHA", &self.hash, key, args)
    }

    /// Runs the text, which Redis remembers from then on.
    pub(crate) fn by_text<A: ToRedisArgs>(&self, key: &str, args: A) -> Cmd {
        call("EVAL", self.text, key, args)
    }
}

fn call<A: ToRedisArgs>(command: &str, script: &str, key: &str, args: A) -> Cmd {
    let mut call = redis::cmd(command);
    call.arg(script).arg(1).arg(key).arg(args);
    call
}
