use std::process::ExitCode;

use bayar_app::port::gateway::AccountReport;
use bayar_app::port::store::SchemaState;
use serde_json::json;

use super::output::{self, Failure, note};
use crate::config::{Config, Database, Environment, Warning};
use crate::wiring;

/// What one part says about itself.
struct Finding {
    part: &'static str,
    is_well: bool,
    words: String,
}

pub async fn check(json: bool) -> Result<ExitCode, Failure> {
    let (config, warnings) = match Config::load(&Environment::from_process()) {
        Ok(loaded) => loaded,
        Err(faults) if json => {
            let list: Vec<_> = faults
                .faults()
                .iter()
                .map(|fault| json!({ "name": fault.name, "message": fault.message }))
                .collect();
            output::json(
                &json!({ "ok": false, "faults": list, "warnings": shown(faults.warnings()) }),
            )?;
            return Ok(ExitCode::FAILURE);
        }
        Err(faults) => {
            for warning in faults.warnings() {
                note(&format!("warning: {warning}"));
            }
            return Err(faults.into());
        }
    };
    let mut findings = vec![database(&config).await, redis(&config).await];
    findings.extend(gateways(&config).await);
    let is_well = findings.iter().all(|finding| finding.is_well);
    let settings = config.settings();
    if json {
        let settings: Vec<_> = settings
            .iter()
            .map(|setting| json!({ "name": setting.name, "value": setting.value, "from": setting.from.to_string() }))
            .collect();
        let findings: Vec<_> = findings
            .iter()
            .map(|f| json!({ "part": f.part, "ok": f.is_well, "message": f.words }))
            .collect();
        output::json(&json!({
            "ok": is_well,
            "settings": settings,
            "warnings": shown(&warnings),
            "checks": findings,
        }))?;
    } else {
        let rows = settings
            .iter()
            .map(|setting| {
                [
                    setting.name.to_string(),
                    setting.value.clone(),
                    setting.from.to_string(),
                ]
            })
            .collect();
        output::table(["setting", "value", "from"], rows)?;
        for warning in &warnings {
            note(&format!("warning: {warning}"));
        }
        for Finding {
            part,
            is_well,
            words,
        } in &findings
        {
            let mark = if *is_well { "ok" } else { "FAULT" };
            output::line(format!("{part}: {mark}: {words}"))?;
        }
    }
    Ok(if is_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn shown(warnings: &[Warning]) -> Vec<serde_json::Value> {
    warnings
        .iter()
        .map(|warning| json!({ "name": warning.name, "message": warning.message }))
        .collect()
}

async fn database(config: &Config) -> Finding {
    let state = async {
        let store = wiring::open_store(config).await?;
        Ok::<_, Failure>(store.schema().await?)
    };
    let (is_well, words) = match state.await {
        Ok(SchemaState::Current) => (true, "it answers, and its tables fit".to_owned()),
        Ok(SchemaState::Behind(_)) if matches!(config.database, Database::Embedded) => (
            true,
            "it answers; `bayar serve` brings its tables up to date".to_owned(),
        ),
        Ok(SchemaState::Behind(steps)) => {
            let steps = steps.join(", ");
            (
                false,
                format!("its tables are old: run `bayar migrate` (missing: {steps})"),
            )
        }
        Ok(SchemaState::Ahead(steps)) => (
            false,
            format!(
                "its tables are newer than this program: {}",
                steps.join(", ")
            ),
        ),
        Err(failure) => (false, failure.to_string()),
    };
    Finding {
        part: "database",
        is_well,
        words,
    }
}

async fn redis(config: &Config) -> Finding {
    let (is_well, words) = match wiring::redis_answers(config).await {
        Ok(None) => (
            true,
            "none is set up; this process keeps locks, answers and limits".to_owned(),
        ),
        Ok(Some(true)) => (true, "it answers".to_owned()),
        Ok(Some(false)) => (
            false,
            "it does not answer; everything works without it, more slowly".to_owned(),
        ),
        Err(error) => (false, Failure::from(error).to_string()),
    };
    Finding {
        part: "redis",
        is_well,
        words,
    }
}

async fn gateways(config: &Config) -> Vec<Finding> {
    let finding = |part, is_well, words| Finding {
        part,
        is_well,
        words,
    };
    match wiring::gateways_answer(config).await {
        Ok(answers) if answers.is_empty() => vec![finding(
            "gateways",
            true,
            "none is set up, so nothing can be paid".to_owned(),
        )],
        Ok(answers) => answers
            .into_iter()
            .map(|(gateway, answer)| match answer {
                Ok(AccountReport { source, name }) => {
                    let name = name.map(|name| format!(" ({name})")).unwrap_or_default();
                    let (account, mode) = (source.account, source.mode);
                    let words = format!("it answers; account {account}{name}, mode {mode}");
                    finding(gateway.as_str(), true, words)
                }
                Err(error) => finding(gateway.as_str(), false, error.to_string()),
            })
            .collect(),
        Err(error) => vec![finding("gateways", false, Failure::from(error).to_string())],
    }
}
