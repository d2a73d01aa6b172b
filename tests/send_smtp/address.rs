//! Properties of addresses: whatever is taken for one is one argument of one command, and says the same again.

use proptest::prelude::*;
use tq_alerts::mail::mime;

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,80}",
        "[a-z.\"+@<>, -]{0,40}",
        "[a-z]{1,10}@[a-z]{1,10}\\.(com|net|example)",
        "[A-Za-z ]{0,10}<[a-z.+-]{1,10}@[a-z.-]{1,20}>",
        "[a-zäöü]{1,60}@[a-zäöü.]{1,220}",
        "[a-z]{1,5}@\\[[ -~]{0,12}\\]",
        "\"[ -~]{0,10}\"@example\\.com",
        "[a-z]{1,5}[\r\n\t\0 ]{1,2}[a-z]{0,5}@example\\.com",
    ]
}

proptest! {
    #[test]
    fn what_is_taken_for_an_address_is_one_word_of_a_command(text in texts()) {
        if let Ok(address) = mime::address(&text) {
            let written = address.to_string();
            prop_assert!(written.len() <= 254 && !written.starts_with('-'));
            let is_foreign = |one: char| one.is_control() || "<>\r\n".contains(one);
            prop_assert!(!written.contains(is_foreign), "{written:?}");
            let (user, domain) = written.rsplit_once('@').expect("an address has an at sign");
            prop_assert!(!user.is_empty() && !domain.is_empty() && !domain.contains([' ', '@', '"']));
            prop_assert!(!user.contains(' ') || user.starts_with('"'), "{written:?}");
            prop_assert_eq!(mime::address(&written), Ok(address));
        }
    }
}
