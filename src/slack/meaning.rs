//! What Slack's words mean for a message, and what to do about them.
//!
//! From the lists of errors of <https://docs.slack.dev/reference/methods/chat.postMessage>, `conversations.open`,
//! `users.lookupByEmail` and `auth.test`. Slack may answer with words that are in no list; they are taken for a matter of
//! the recipient, so that the message is kept and the others are sent.

/// Whose matter a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The recipient's: others may get theirs.
    Recipient,
    /// The token's, or its account's: nobody will get anything.
    Account,
    /// A scope that the app does not have.
    Scope,
    /// The message's: it will never be taken.
    Message,
    /// Not now.
    Later,
    /// The message may have been posted.
    Lost,
}

use Meaning::{Account, Later, Lost, Message, Recipient, Scope};

const NEW_TOKEN: &str = "put the app's token (xoxb-…) where slack.token_file or slack.token_command finds it";
const CHANNEL: &str = "check the channel's name, and if it is private: /invite the app there";
const ADMINISTRATOR: &str = "ask an administrator of the workspace";
const OURS: &str = "please report it";
const UNKNOWN: &str = "see https://docs.slack.dev/reference/methods/chat.postMessage";

const WORDS: [(&str, Meaning, &str); 49] = [
    ("access_denied", Account, ADMINISTRATOR),
    ("accesslimited", Account, ADMINISTRATOR),
    ("account_inactive", Account, NEW_TOKEN),
    ("as_user_not_supported", Recipient, NEW_TOKEN),
    ("cannot_dm_bot", Recipient, "name a person instead of an app"),
    ("channel_not_found", Recipient, CHANNEL),
    ("duplicate_channel_not_found", Recipient, CHANNEL),
    ("ekm_access_denied", Account, ADMINISTRATOR),
    ("enterprise_is_restricted", Account, ADMINISTRATOR),
    ("fatal_error", Lost, ""),
    ("internal_error", Lost, ""),
    ("invalid_arg_name", Message, OURS),
    ("invalid_arguments", Message, OURS),
    ("invalid_array_arg", Message, OURS),
    ("invalid_attachments", Message, OURS),
    ("invalid_auth", Account, NEW_TOKEN),
    ("invalid_charset", Message, OURS),
    ("invalid_form_data", Message, OURS),
    ("invalid_json", Message, OURS),
    ("invalid_metadata_format", Message, OURS),
    ("invalid_metadata_schema", Message, OURS),
    ("invalid_post_type", Message, OURS),
    ("is_archived", Recipient, "name another channel, or have this one unarchived"),
    ("json_not_object", Message, OURS),
    ("messages_tab_disabled", Recipient, "switch on the app's messages tab (App Home)"),
    ("metadata_too_large", Message, OURS),
    ("missing_post_type", Message, OURS),
    ("missing_scope", Scope, "add it to the app and install the app again"),
    ("msg_blocks_too_long", Message, ""),
    ("msg_too_long", Message, ""),
    (
        "no_permission",
        Recipient,
        "/invite the app into the channel, or ask an administrator of the workspace",
    ),
    ("no_text", Message, OURS),
    ("not_allowed_token_type", Account, NEW_TOKEN),
    ("not_authed", Account, NEW_TOKEN),
    ("not_in_channel", Recipient, "invite the app there: /invite @APP"),
    ("org_login_required", Later, ""),
    ("request_timeout", Later, ""),
    ("service_unavailable", Later, ""),
    ("team_access_not_granted", Account, ADMINISTRATOR),
    ("team_added_to_org", Later, ""),
    ("token_expired", Account, NEW_TOKEN),
    ("token_revoked", Account, NEW_TOKEN),
    ("too_many_attachments", Message, OURS),
    ("two_factor_setup_required", Account, ADMINISTRATOR),
    ("unknown_method", Account, "check slack.url"),
    ("user_disabled", Recipient, "that person has left the workspace; take them out of slack.users"),
    ("user_not_found", Recipient, "check the name in slack.users"),
    ("user_not_visible", Recipient, ADMINISTRATOR),
    ("users_not_found", Recipient, "nobody in the workspace has this address; check slack.users"),
];

/// Whose matter this word is, and what to do.
pub(super) fn of(word: &str) -> (Meaning, &'static str) {
    if word.starts_with("invalid_block") {
        return (Message, "");
    }
    if word.starts_with("restricted_action") {
        return (Recipient, "the app may not post there; ask an administrator of the workspace");
    }
    let known = WORDS.iter().find(|(known, ..)| *known == word);
    known.map_or((Recipient, UNKNOWN), |(_, meaning, advice)| (*meaning, *advice))
}

#[cfg(test)]
mod tests {
    use super::{Meaning, WORDS, of};

    #[test]
    fn each_word_stands_once_in_its_place_and_what_nobody_knows_is_the_recipients_matter() {
        assert!(WORDS.is_sorted_by(|one, next| one.0 < next.0));
        assert_eq!(of("slack_connect_file_link_sharing_blocked").0, Meaning::Recipient);
        assert_eq!(of("invalid_blocks_format").0, Meaning::Message);
        assert_eq!(of("restricted_action_read_only_channel").0, Meaning::Recipient);
    }
}
