//! One page: a heading, a sentence and at most one link.

use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest;

use crate::language::Language;
use crate::messages::Message;

const STYLE: &str = include_str!("style.css");

/// Nothing may be loaded and nothing may run; only this style counts.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let style = STANDARD.encode(digest::digest(&digest::SHA256, STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
});

/// How it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Good,
    Wait,
    Bad,
}

impl Tone {
    const fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Wait => "wait",
            Self::Bad => "bad",
        }
    }
}

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub status: StatusCode,
    pub tone: Tone,
    pub title: Message,
    pub words: Option<Message>,
    /// After how many seconds it is loaded again by itself.
    pub reload: Option<u64>,
    /// Whether the one link tries the same again; otherwise it leads back.
    pub may_try_again: bool,
    pub retry_after: Option<u64>,
}

/// A link.
#[derive(Debug, Clone, Copy)]
pub struct Link<'a> {
    pub address: &'a str,
    pub words: Message,
}

impl Page {
    pub const fn new(status: StatusCode, tone: Tone, title: Message) -> Self {
        Self {
            status,
            tone,
            title,
            words: None,
            reload: None,
            may_try_again: false,
            retry_after: None,
        }
    }

    pub fn answer(&self, language: Language, back: Link<'_>) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status);
        answer
            .content_type("text/html; charset=utf-8")
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .insert_header((header::CONTENT_LANGUAGE, language.tag()))
            .insert_header((header::CONTENT_SECURITY_POLICY, POLICY.as_str()));
        if let Some(seconds) = self.retry_after {
            answer.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            answer.insert_header((header::WWW_AUTHENTICATE, "Bearer realm=\"bayar\""));
        }
        answer.body(self.html(language, back))
    }

    fn html(&self, language: Language, back: Link<'_>) -> String {
        let text = |message: Message| escaped(message.text(language));
        let title = text(self.title);
        let mut head = String::new();
        let mut body = format!("<h1>{title}.</h1>\n");
        if let Some(words) = self.words {
            body.push_str(&format!("<p>{}.</p>\n", text(words)));
        }
        if let Some(seconds) = self.reload {
            head.push_str(&format!(
                "<meta http-equiv=\"refresh\" content=\"{seconds}\">\n"
            ));
            let words = text(Message::PageLooksAgain);
            body.push_str(&format!("<p class=\"soft\" role=\"status\">{words}.</p>\n"));
        }
        let link = if self.may_try_again {
            // No address is this page's own, with all that is in it.
            Link {
                address: "",
                words: Message::TryAgain,
            }
        } else {
            back
        };
        let (address, words) = (escaped(link.address), text(link.words));
        body.push_str(&format!("<p><a href=\"{address}\">{words}</a></p>\n"));
        let (tag, class) = (language.tag(), self.tone.class());
        format!(
            "<!DOCTYPE html>\n<html lang=\"{tag}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"robots\" content=\"noindex\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             {head}<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n\
             <body>\n<main class=\"{class}\">\n{body}</main>\n</body>\n</html>\n"
        )
    }
}

/// A text as it stands in HTML, between tags or in quotes.
fn escaped(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => written.push_str("&amp;"),
            '<' => written.push_str("&lt;"),
            '>' => written.push_str("&gt;"),
            '"' => written.push_str("&quot;"),
            '\'' => written.push_str("&#39;"),
            sign => written.push(sign),
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACK: Link<'_> = Link {
        address: "https://shop.example/?a=\"1\"&b='2'",
        words: Message::GoBack,
    };

    fn page() -> Page {
        Page::new(StatusCode::OK, Tone::Good, Message::PagePaid)
    }

    #[test]
    fn a_page_is_in_one_language() {
        for language in Language::ALL {
            let html = page().html(language, BACK);
            let tag = format!("<html lang=\"{language}\">");
            assert!(html.contains(&tag), "{html}");
            let title = Message::PagePaid.text(language);
            assert!(html.contains(&format!("<h1>{title}.</h1>")), "{html}");
            assert!(html.contains(&format!("<title>{title}</title>")), "{html}");
        }
    }

    #[test]
    fn what_stands_in_a_page_is_no_markup() {
        assert_eq!(
            escaped("<b>\"'&</b>"),
            "&lt;b&gt;&quot;&#39;&amp;&lt;/b&gt;"
        );
        let html = page().html(Language::English, BACK);
        let written = "href=\"https://shop.example/?a=&quot;1&quot;&amp;b=&#39;2&#39;\"";
        assert!(html.contains(written), "{html}");
    }

    #[test]
    fn only_a_page_that_waits_loads_again() {
        assert!(!page().html(Language::English, BACK).contains("refresh"));
        let waiting = Page {
            reload: Some(5),
            ..page()
        };
        let html = waiting.html(Language::English, BACK);
        assert!(html.contains("<meta http-equiv=\"refresh\" content=\"5\">"));
    }

    #[test]
    fn trying_again_needs_no_address() {
        let page = Page {
            may_try_again: true,
            ..page()
        };
        let html = page.html(Language::English, BACK);
        assert!(html.contains("<a href=\"\">Try again</a>"), "{html}");
        assert!(!html.contains("shop.example"), "{html}");
    }

    #[test]
    fn the_style_is_the_one_that_is_allowed_and_loads_nothing() {
        assert!(!STYLE.contains("url(") && !STYLE.contains("@import"));
        assert!(!STYLE.contains("</"));
        // As `openssl dgst -sha256 -binary style.css | base64` prints it.
        assert!(
            POLICY.contains("style-src 'sha256-BylPzVaHCvuUg3gRY1L7t4OPVOH7DF6wul9cwyf9GI0='"),
            "{}",
            *POLICY
        );
    }
}
