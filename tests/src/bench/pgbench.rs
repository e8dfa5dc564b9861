//! The ceiling: Postgres's own load generator, with nothing between it and the server.
//!
//! It sends the very statement that opens a payment. The statement is read from the source of the store,
//! and every field of it gets a value of the kind and the size that the store gives it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::Result;
use super::bare::Sample;
use super::database::{CURRENCY, PRICE, PRICE_MINOR};

const SOURCE: &str = include_str!("../../../crates/postgres/src/opening.rs");

/// Runs the statement.
pub(super) struct PgBench {
    program: PathBuf,
    script: PathBuf,
    /// What the script needs to know, as `name=value`.
    constants: Vec<String>,
    database_url: String,
}

/// What a run gave.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ran {
    pub(super) transactions: u64,
    /// Transactions a second.
    pub(super) rate: f64,
}

/// The first of the numbers that a run uses. Each has room for as many as there are orders.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbers {
    pub(super) order: i64,
    pub(super) payment: i64,
    pub(super) invoice: i64,
    pub(super) tax: i64,
}

impl PgBench {
    pub(super) fn new(
        programs: &Path,
        directory: &Path,
        database_url: &str,
        sample: &Sample,
    ) -> Result<Self> {
        let script = directory.join("open-payment.sql");
        std::fs::write(&script, self::script(SOURCE, sample)?)?;
        Ok(Self {
            program: programs.join("pgbench"),
            script,
            constants: constants(sample),
            database_url: database_url.to_owned(),
        })
    }

    /// Opens payments for this long.
    pub(super) async fn run(
        &self,
        clients: usize,
        time: Duration,
        threads: usize,
        numbers: Numbers,
    ) -> Result<Ran> {
        let mut command = Command::new(&self.program);
        command
            .args(["--no-vacuum", "--protocol=prepared"])
            .arg(format!("--client={clients}"))
            .arg(format!("--jobs={threads}"))
            .arg(format!("--time={}", time.as_secs().max(1)))
            .arg(format!("--file={}", self.script.display()));
        let begins = [
            format!("clients={clients}"),
            format!("order_base={}", numbers.order),
            format!("payment_base={}", numbers.payment),
            format!("invoice_base={}", numbers.invoice),
            format!("tax_base={}", numbers.tax),
        ];
        for constant in self.constants.iter().chain(&begins) {
            command.arg(format!("--define={constant}"));
        }
        let output = command
            .arg(&self.database_url)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .map_err(|error| format!("cannot start pgbench: {error}"))?;
        let (said, complained) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        let failed = || format!("pgbench failed:\n{said}\n{complained}");
        if !output.status.success() || field(&said, "number of failed transactions: ") != Some("0")
        {
            return Err(failed().into());
        }
        let rate = field(&said, "tps = ").and_then(|rate| rate.parse().ok());
        let transactions = field(&said, "number of transactions actually processed: ")
            .and_then(|number| number.parse().ok());
        Ok(Ran {
            transactions: transactions.ok_or_else(failed)?,
            rate: rate.ok_or_else(failed)?,
        })
    }
}

/// The word after `name` at the beginning of a line.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()
}

/// Texts of the sample: they may hold anything, also what the script language would read as its own.
fn constants(sample: &Sample) -> Vec<String> {
    let mut constants = vec![
        "i=-1".to_owned(),
        format!("state={}", sample.state),
        format!("answer={}", sample.answer),
    ];
    for (index, tax) in sample.taxes.iter().enumerate() {
        constants.push(format!("line{index}={}", tax.line));
    }
    constants
}

fn script(source: &str, sample: &Sample) -> Result<String> {
    let statement = statement(source, |field| value(field, sample))?;
    let taxes = sample.taxes.len();
    Ok(format!(
        "\\set i :i + 1\n\
         \\set n :i * :clients + :client_id\n\
         \\set order_id :order_base + :n\n\
         \\set payment_id :payment_base + :n\n\
         \\set invoice_id :invoice_base + :n\n\
         \\set tax_id :tax_base + :n * {taxes}\n\
         {statement};\n"
    ))
}

/// The statement in the source, with a value in place of each field.
fn statement(source: &str, value: impl Fn(&str) -> Option<String>) -> Result<String> {
    let begin = source.find("\"WITH taken AS (").ok_or(UNKNOWN)?;
    let text = source.get(begin..).and_then(|text| text.strip_prefix('"'));
    let text = text
        .and_then(|text| text.split_once("\"\n}"))
        .ok_or(UNKNOWN)?
        .0;
    let mut statement = String::new();
    // In turn SQL and the name of a field, between quotation marks.
    for (index, part) in text.split('"').enumerate() {
        if index.is_multiple_of(2) {
            statement.push_str(part);
        } else {
            let field = part.trim();
            let value = value(field).ok_or_else(|| format!("{UNKNOWN}: its field {field}"))?;
            statement.push_str(&value);
        }
    }
    Ok(statement)
}

const UNKNOWN: &str = "the statement that opens a payment is not as the measurement knows it";

/// What the store gives for a field.
fn value(field: &str, sample: &Sample) -> Option<String> {
    let all = |each: &dyn Fn(usize) -> String| {
        let each: Vec<String> = (0..sample.taxes.len()).map(each).collect();
        each.join(", ")
    };
    let taxes = |of: &dyn Fn(&super::bare::SampleTax) -> String| {
        let texts: Vec<String> = sample.taxes.iter().map(|tax| quoted(&of(tax))).collect();
        format!("ARRAY[{}]", texts.join(", "))
    };
    Some(match field {
        "payment_id" | "order_id" | "invoice_id" => format!("CAST(:{field} AS bigint)"),
        "user_id" => format!("CAST({} AS bigint)", sample.user),
        "price_minor" | "amount_minor" | "invoice_minor" => {
            format!("CAST({PRICE_MINOR} AS bigint)")
        }
        "currency" => quoted(CURRENCY),
        "amount" | "invoice_amount" => quoted(PRICE),
        "payment_method" => quoted("stripe"),
        "status" | "invoice_status" => quoted("pending"),
        "state" => "CAST(:state AS text)".to_owned(),
        "deadline" => "now() + interval '1 day'".to_owned(),
        "created_at" | "issued_at" => "now()".to_owned(),
        "tax_ids" => format!(
            "ARRAY[{}]",
            all(&|index| format!("CAST(:tax_id + {index} AS bigint)"))
        ),
        "tax_types" => taxes(&|tax| tax.tax_type.clone()),
        "tax_rates" => taxes(&|tax| tax.rate.clone()),
        "tax_minors" => format!("CAST({} AS bigint[])", taxes(&|tax| tax.minor.to_string())),
        "tax_amounts" => taxes(&|tax| tax.amount.clone()),
        "tax_statuses" => taxes(&|_| "pending".to_owned()),
        "tax_lines" => format!(
            "ARRAY[{}]",
            all(&|index| format!("CAST(:line{index} AS text)"))
        ),
        "invoice_number" => "'INV-20261121103000-' || CAST(:payment_id AS text)".to_owned(),
        "actor" => quoted(&format!("user:{}", sample.user)),
        "owner" => quoted(&format!("user-{}", sample.user)),
        "route" => quoted("payments.create"),
        "key" => "'payment-1705321200000-' || CAST(:order_id AS text)".to_owned(),
        "request_hash" => format!("CAST('\\x{}' AS bytea)", "5a".repeat(32)),
        "body" => "convert_to(:answer, 'UTF8')".to_owned(),
        "kept_for" => "interval '1 day'".to_owned(),
        _ => return None,
    })
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::super::bare::SampleTax;
    use super::*;

    fn sample() -> Sample {
        let tax = SampleTax {
            tax_type: "VAT".to_owned(),
            rate: "0.12".to_owned(),
            minor: 60_000,
            amount: "600.00".to_owned(),
            line: r#"{"a":1}"#.to_owned(),
        };
        Sample {
            user: 7,
            minute: "2026-11-21T10:30:00Z".to_owned(),
            state: r#"{"b":2}"#.to_owned(),
            taxes: vec![tax.clone(), tax],
            answer: "an answer".to_owned(),
            duplicate: "a duplicate".to_owned(),
        }
    }

    #[test]
    fn every_field_of_the_statement_in_the_source_has_a_value() {
        let script = script(SOURCE, &sample()).unwrap();
        assert!(script.contains("SET live_payment_id = CAST(:payment_id AS bigint), version"));
        assert!(script.contains("INSERT INTO idempotency_keys"));
        assert!(script.ends_with("SELECT id FROM opened;\n"));
        assert!(!script.contains('"'), "{script}");
        assert!(script.contains("ARRAY[CAST(:tax_id + 0 AS bigint), CAST(:tax_id + 1 AS bigint)]"));
    }

    #[test]
    fn a_statement_with_a_field_nobody_knows_is_refused() {
        let source = "{ \"WITH taken AS ( SELECT \" payment_id \", \" surprise \")\"\n}";
        let known = |field: &str| (field == "payment_id").then(|| "1".to_owned());
        let complaint = statement(source, known).unwrap_err().to_string();
        assert!(complaint.contains("surprise"), "{complaint}");
        assert!(statement("nothing", known).is_err());
    }

    #[test]
    fn a_field_is_the_word_after_its_name() {
        let said = "a: 1\ntps = 123.5 (without)\nnumber of failed transactions: 0 (0.000%)\n";
        assert_eq!(field(said, "tps = "), Some("123.5"));
        assert_eq!(field(said, "number of failed transactions: "), Some("0"));
        assert_eq!(field(said, "b"), None);
    }
}
