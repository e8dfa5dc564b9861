use serde_json::Value;

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn read(bytes: &[u8]) -> Self {
        let answer = Self::split(bytes);
        if let Some(length) = answer.header("content-length") {
            assert_eq!(length.parse(), Ok(answer.body.len()), "{answer:?}");
        }
        answer
    }

    /// What comes back for `HEAD`: it tells how long a body would be, and has none.
    pub fn read_head(bytes: &[u8]) -> Self {
        let answer = Self::split(bytes);
        assert_eq!(answer.text(), "");
        answer
    }

    fn split(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("no answer: {}", String::from_utf8_lossy(bytes)));
        let head = std::str::from_utf8(&bytes[..end]).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap();
        let headers = lines.map(|line| {
            let (name, value) = line.split_once(": ").unwrap_or((line, ""));
            (name.to_lowercase(), value.to_owned())
        });
        let answer = Self {
            status: status.parse().unwrap(),
            headers: headers.collect(),
            body: bytes[end + 4..].to_vec(),
        };
        assert_eq!(answer.header("transfer-encoding"), None, "{answer:?}");
        answer
    }

    /// The one value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(given, _)| given == name);
        let (_, value) = values.next()?;
        assert!(values.next().is_none(), "{name} comes twice: {self:?}");
        Some(value)
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> Value {
        let json = serde_json::from_slice(&self.body);
        json.unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The `data` of a success.
    pub fn data(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), Some("application/json"));
        let json = self.json();
        assert!(json["message"].is_string(), "{json}");
        json["data"].clone()
    }

    /// The answer as a problem, which has everything that every problem has.
    pub fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        let content_type = self.header("content-type");
        assert_eq!(content_type, Some("application/problem+json"));
        assert_eq!(self.header("cache-control"), Some("no-store"));
        assert_eq!(self.header("x-content-type-options"), Some("nosniff"));
        let json = self.json();
        assert_eq!(json["status"], status, "{json}");
        assert_eq!(json["code"], code, "{json}");
        assert_eq!(json["type"], format!("urn:bayar:problem:{code}"), "{json}");
        for name in ["title", "detail", "message", "request_id"] {
            let text = json[name].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "{name}: {json}");
        }
        assert_eq!(json["request_id"].as_str(), self.header("x-request-id"));
        assert_eq!(json["errors"].is_object(), code == "validation_failed");
        let known = [
            "type",
            "title",
            "status",
            "detail",
            "code",
            "message",
            "errors",
            "request_id",
            "available",
            "currency",
            "refund_id",
        ];
        for name in json.as_object().unwrap().keys() {
            assert!(known.contains(&name.as_str()), "{name}: {json}");
        }
        let challenge = (status == 401).then_some("Bearer realm=\"bayar\"");
        assert_eq!(self.header("www-authenticate"), challenge);
        json
    }

    /// The names of the fields that were wrong.
    pub fn wrong_fields(&self) -> Vec<String> {
        let json = self.problem(422, "validation_failed");
        let errors = json["errors"].as_object().unwrap();
        for texts in errors.values() {
            let texts = texts.as_array().unwrap();
            assert!(!texts.is_empty() && texts.iter().all(Value::is_string));
        }
        errors.keys().cloned().collect()
    }
}
