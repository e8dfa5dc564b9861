use std::sync::LazyLock;
use std::time::Duration;

use async_trait::async_trait;
use bayar_app::port::{Away, Quota, RateLimits, Spent};
use redis::Value;

use crate::fault::Fault;
use crate::helpers::RedisHelpers;
use crate::millis::millis;
use crate::script::Script;

/// Answers whether the unit was taken, how many are left, and in how many milliseconds the window ends.
///
/// A count without an end, or with one further off than a window is long, gets an end: it must not block for ever.
/// What is not a count is replaced.
static SPEND: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local held = redis.pcall('GET', KEYS[1])
if type(held) ~= 'string' or #held > 10 or not (held == '0' or held:match('^[1-9]%d*$')) then
    if limit == 0 then
        return {0, 0, window}
    end
    redis.call('SET', KEYS[1], '1', 'PX', ARGV[2])
    return {1, limit - 1, window}
end
local left = redis.call('PTTL', KEYS[1])
if left < 0 or left > window then
    redis.call('PEXPIRE', KEYS[1], ARGV[2])
    left = window
elseif left == 0 then
    left = 1
end
local spent = tonumber(held)
if spent >= limit then
    return {0, 0, left}
end
redis.call('INCR', KEYS[1])
return {1, limit - spent - 1, left}",
    )
});

static GIVE_BACK: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local held = redis.pcall('GET', KEYS[1])
if type(held) == 'string' and #held <= 10 and held:match('^[1-9]%d*$') then
    redis.call('DECR', KEYS[1])
end
return 0",
    )
});

#[async_trait]
impl RateLimits for RedisHelpers {
    async fn spend(&self, name: &str, quota: Quota) -> Result<Spent, Away> {
        let args = [u64::from(quota.limit), millis(quota.window)];
        match self.line.run(&SPEND, name, &args).await {
            Ok(answer) => spent(&answer).ok_or(Fault::Odd),
            Err(fault) => Err(fault),
        }
        .map_err(|fault| fault.away("limit_spend"))
    }

    async fn give_back(&self, name: &str, _quota: Quota) -> Result<(), Away> {
        match self.line.run(&GIVE_BACK, name, &[0_u64; 0]).await {
            Ok(_) => Ok(()),
            Err(fault) => Err(fault.away("limit_give_back")),
        }
    }
}

fn spent(answer: &Value) -> Option<Spent> {
    let Value::Array(values) = answer else {
        return None;
    };
    let [Value::Int(allowed), Value::Int(remaining), Value::Int(left)] = values.as_slice() else {
        return None;
    };
    Some(Spent {
        allowed: *allowed == 1,
        remaining: u32::try_from(*remaining).ok()?,
        resets_in: Duration::from_millis(u64::try_from(*left).ok()?),
    })
}
