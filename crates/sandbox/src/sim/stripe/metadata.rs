//! Reading what merchants attach to objects.

use super::form::{Node, Params};
use super::model::{IntentData, Metadata};

/// The metadata of a request that makes something.
pub fn read_metadata(params: &Params) -> Metadata {
    let mut metadata = Metadata::new();
    merge_metadata(&mut metadata, params);
    metadata
}

/// The metadata of a request that changes something: empty values drop their key.
pub fn merge_metadata(metadata: &mut Metadata, params: &Params) {
    match params.node("metadata") {
        Some(Node::Below(below)) => {
            for (key, node) in below.fields() {
                match node {
                    Node::Text(value) if value.is_empty() => {
                        metadata.remove(key);
                    }
                    Node::Text(value) => {
                        metadata.insert(key.clone(), value.clone());
                    }
                    Node::Below(_) => {}
                }
            }
        }
        Some(Node::Text(_)) => metadata.clear(),
        None => {}
    }
}

/// What a request says about the PaymentIntent to be.
pub fn intent_data(params: Option<&Params>) -> IntentData {
    let Some(params) = params else {
        return IntentData::default();
    };
    IntentData {
        metadata: read_metadata(params),
        description: params.owned("description"),
        receipt_email: params.owned("receipt_email"),
        capture_method: params.owned("capture_method"),
        statement_descriptor: params.owned("statement_descriptor"),
        statement_descriptor_suffix: params.owned("statement_descriptor_suffix"),
        setup_future_usage: params.owned("setup_future_usage"),
        transfer_group: params.owned("transfer_group"),
    }
}
