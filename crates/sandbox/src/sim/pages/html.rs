//! Plain pages: no scripts, nothing fetched from elsewhere.

/// A text as it may stand in a page.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

const STYLE: &str = "\
*{box-sizing:border-box}\
body{margin:0;background:#f4f5f7;color:#1c2330;font:16px/1.5 system-ui,-apple-system,'Segoe UI',sans-serif}\
.note{background:#fff3cd;border-bottom:1px solid #ecdca0;padding:.5rem 1rem;font-size:.85rem;text-align:center}\
main{max-width:30rem;margin:2.5rem auto;padding:0 1rem}\
main.wide{max-width:60rem}\
section{background:#fff;border:1px solid #e1e4ea;border-radius:12px;padding:1.5rem;margin-bottom:1rem}\
h1{font-size:1.15rem;margin:0 0 .25rem;font-weight:600}\
h2{font-size:.95rem;margin:0 0 .75rem;color:#4d5768;font-weight:600}\
.amount{font-size:2.1rem;font-weight:700;margin:.25rem 0 1rem;letter-spacing:-.02em}\
.muted{color:#667085;font-size:.9rem}\
table{width:100%;border-collapse:collapse;font-size:.92rem}\
td,th{text-align:left;padding:.45rem .25rem;border-top:1px solid #edeff3;vertical-align:top}\
td.right{text-align:right;white-space:nowrap}\
label{display:block;font-size:.88rem;color:#4d5768;margin:.75rem 0 .25rem}\
input,select{width:100%;padding:.65rem .75rem;border:1px solid #cdd3dd;border-radius:8px;font:inherit;background:#fff}\
input:focus,select:focus,button:focus{outline:3px solid #b9c8ff;outline-offset:1px}\
.row{display:flex;gap:.75rem}.row>*{flex:1}\
button,.button{display:block;width:100%;margin-top:1rem;padding:.7rem 1rem;border:0;border-radius:8px;background:#3556e0;color:#fff;font:inherit;font-weight:600;text-align:center;text-decoration:none;cursor:pointer}\
button.plain,.button.plain{background:#fff;color:#1c2330;border:1px solid #cdd3dd;font-weight:500}\
button.small{display:inline-block;width:auto;margin:0 .25rem 0 0;padding:.3rem .7rem;font-size:.85rem}\
.error{background:#fdecec;color:#8c1d1d;border:1px solid #f3c3c3;border-radius:8px;padding:.65rem .8rem;margin:0 0 1rem}\
.number{font:600 1.35rem/1.4 ui-monospace,monospace;letter-spacing:.06em;background:#f4f5f7;border-radius:8px;padding:.75rem 1rem;margin:.5rem 0;overflow-wrap:anywhere}\
details{margin-top:1rem;font-size:.88rem}code{font-size:.9em}a{color:#3556e0}";

/// A whole page.
pub fn page(title: &str, wide: bool, body: &str) -> String {
    let class = if wide { " class=\"wide\"" } else { "" };
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>{}</title><style>{STYLE}</style></head><body>\
         <div class=\"note\">Simulated gateway: no money moves. Type test data only.</div>\
         <main{class}>{body}</main></body></html>",
        escape(title)
    )
}

/// A page that says one thing.
pub fn message(title: &str, text: &str) -> String {
    let body = format!(
        "<section><h1>{}</h1><p class=\"muted\">{}</p></section>",
        escape(title),
        escape(text)
    );
    page(title, false, &body)
}

/// What went wrong, above a form.
pub fn error(text: Option<&str>) -> String {
    text.map(|text| format!("<p class=\"error\" role=\"alert\">{}</p>", escape(text)))
        .unwrap_or_default()
}

/// A button that posts one choice.
pub fn button(to: &str, fields: &[(&str, &str)], text: &str, class: &str) -> String {
    let hidden: String = fields
        .iter()
        .map(|(name, value)| {
            format!(
                "<input type=\"hidden\" name=\"{}\" value=\"{}\">",
                escape(name),
                escape(value)
            )
        })
        .collect();
    let inline = if class.contains("small") {
        " style=\"display:inline\""
    } else {
        ""
    };
    format!(
        "<form method=\"post\" action=\"{}\"{inline}>{hidden}<button class=\"{class}\">{}</button></form>",
        escape(to),
        escape(text)
    )
}

/// The form for a card.
pub fn card_form(to: &str, number: &str, pay: &str, cards: &[(&str, &str)]) -> String {
    let listed: String = cards
        .iter()
        .map(|(number, what)| {
            format!(
                "<tr><td><code>{}</code></td><td>{}</td></tr>",
                escape(number),
                escape(what)
            )
        })
        .collect();
    format!(
        "<form method=\"post\" action=\"{}\">\
         <input type=\"hidden\" name=\"do\" value=\"card\">\
         <label for=\"card\">Card number</label>\
         <input id=\"card\" name=\"card\" inputmode=\"numeric\" autocomplete=\"off\" value=\"{}\" required>\
         <div class=\"row\"><div><label for=\"expiry\">Expiry</label>\
         <input id=\"expiry\" name=\"expiry\" value=\"12 / 40\" autocomplete=\"off\"></div>\
         <div><label for=\"cvc\">Security code</label>\
         <input id=\"cvc\" name=\"cvc\" value=\"123\" autocomplete=\"off\"></div></div>\
         <button>{}</button></form>\
         <details><summary>Test cards</summary><table>{listed}</table></details>",
        escape(to),
        escape(number),
        escape(pay)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_a_merchant_sends_becomes_markup() {
        let page = message("<script>", "\"a\" & 'b'");
        assert!(!page.contains("<script>"));
        assert!(page.contains("&quot;a&quot; &amp; &#39;b&#39;"));
    }
}
