//! The HTML of a mail, read as a browser reads it: which elements, which attributes, and where links lead.

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{
    BufferQueue, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

use super::ORIGIN;

const ELEMENTS: [&str; 27] = [
    "a", "b", "bdi", "body", "br", "caption", "del", "div", "h1", "h2", "head", "html", "ins", "meta", "p",
    "span", "strong", "style", "table", "tbody", "td", "th", "thead", "title", "tr", "ul", "li",
];
const ATTRIBUTES: [&str; 21] = [
    "align",
    "bgcolor",
    "border",
    "cellpadding",
    "cellspacing",
    "charset",
    "class",
    "colspan",
    "content",
    "height",
    "href",
    "lang",
    "name",
    "role",
    "scope",
    "style",
    "valign",
    "width",
    "xmlns",
    "dir",
    "id",
];

#[derive(Default)]
struct Reader {
    complaints: RefCell<Vec<String>>,
    text: RefCell<String>,
}

impl TokenSink for Reader {
    type Handle = ();

    fn process_token(&self, token: Token, _: u64) -> TokenSinkResult<()> {
        let complain = |what: String| self.complaints.borrow_mut().push(what);
        match token {
            Token::TagToken(tag) => {
                if !ELEMENTS.contains(&&*tag.name) {
                    complain(format!("element {}", &*tag.name));
                }
                for attribute in tag.attrs.iter().filter(|_| tag.kind == TagKind::StartTag) {
                    let (name, value) = (&*attribute.name.local, &*attribute.value);
                    let leads_away =
                        name == "href" && value != ORIGIN && !value.starts_with(&format!("{ORIGIN}/"));
                    if !ATTRIBUTES.contains(&name)
                        || leads_away
                        || (name == "style" && value.contains("url("))
                    {
                        complain(format!("{}: {name}={value}", &*tag.name));
                    }
                }
            }
            Token::CommentToken(comment) if !comment.starts_with("[if mso]>") => {
                complain(format!("comment {comment}"));
            }
            Token::CharacterTokens(text) => self.text.borrow_mut().push_str(&text),
            Token::NullCharacterToken => complain("NUL".to_owned()),
            Token::ParseError(error) => complain(format!("not HTML: {error}")),
            _ => (),
        }
        TokenSinkResult::Continue
    }
}

/// What is wrong with a page, and the text between its tags.
pub(super) fn read(page: &str) -> (Vec<String>, String) {
    let tokenizer =
        Tokenizer::new(Reader::default(), TokenizerOpts { exact_errors: true, ..TokenizerOpts::default() });
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(page));
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    (tokenizer.sink.complaints.into_inner(), tokenizer.sink.text.into_inner())
}
