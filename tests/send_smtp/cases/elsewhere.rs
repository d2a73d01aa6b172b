//! Cases that other tests show, with what must come of them and the test; and those that no test shows, with the reason.

/// The test of the sweep, which fails every call of the sender in turn.
const SWEEP: &str =
    "crash::a_sender_that_is_killed_or_failed_at_any_call_loses_nothing_and_doubles_one_mail_at_most";
const HALF: &str =
    "send_smtp::queue::nothing_is_sent_of_a_source_that_is_not_whole_and_the_right_stream_is_sent_afterwards";
const FULL: &str = "crash::full_disk::a_disk_that_stays_full_is_74_and_no_storm_of_doubles";
const REFUSED_STATE: &str = "send_smtp::state::a_state_that_is_not_private_or_not_ours_is_78_and_left_alone";

/// The case, what happens, what comes of it, and the test that shows it.
pub(super) const ELSEWHERE: [(u8, &str, &str, &str); 37] = [
    (
        1,
        "fetcher killed after some alerts",
        "no mail, and all once by the next run",
        "crash::a_killed_fetcher_leads_to_no_mail_and_the_next_run_sends_all_once",
    ),
    (3, "fetcher fails before its checkpoint", "65, no mail", HALF),
    (
        5,
        "formatter ends in the middle",
        "65, no mail, and all once by the next run",
        "crash::a_killed_formatter_leads_to_no_mail_and_the_next_run_sends_all_once",
    ),
    (6, "formatter loses an email", "65, no mail", HALF),
    (7, "formatter doubles an email", "65, no mail", HALF),
    (
        8,
        "formatter ends between a digest and its checkpoint",
        "65, no digest",
        "stream::a_digest_is_never_sent_at_the_bare_end_of_the_stream",
    ),
    (9, "sender killed at any call", "none lost, one double at most, the same bytes", SWEEP),
    (
        10,
        "sender killed between two mails",
        "the rest by the next run, none twice",
        "crash::a_sender_killed_between_two_mails_sends_the_rest_in_the_next_run_and_none_twice",
    ),
    (
        11,
        "a program is missing",
        "78, nothing lost",
        "crash::a_stage_that_is_missing_is_78_and_nothing_is_lost",
    ),
    (12, "the reader went away", "0, silence", "fetch::a_reader_that_goes_away_ends_a_fetcher_quietly"),
    (
        13,
        "the sender's standard output is full or gone",
        "74, every mail delivered",
        "send_smtp::output::receipts_that_cannot_be_written_are_74_and_keep_no_mail_back",
    ),
    (
        14,
        "no standard output from the start",
        "every mail delivered",
        "send_smtp::output::a_sender_started_without_standard_output_sends_its_mails",
    ),
    (
        15,
        "the first of two sources fails",
        "the other's mail, the worst status",
        "connector::one_source_that_fails_does_not_keep_the_other_from_its_mail_and_the_worst_status_is_told",
    ),
    (
        17,
        "SIGTERM with a mail in hand",
        "75, that mail ends, no other begins",
        "send_smtp::pace::a_signal_lets_the_mail_in_hand_end_and_begins_no_other",
    ),
    (
        18,
        "SIGINT at a question of the first run",
        "nothing written",
        "connector::first_run::a_first_run_that_is_interrupted_at_any_question_writes_nothing",
    ),
    (
        19,
        "formatter killed for want of memory",
        "as 5: a kill is a kill",
        "crash::a_killed_formatter_leads_to_no_mail_and_the_next_run_sends_all_once",
    ),
    (21, "disk full while a source is taken over", "nothing of it sent, never 0", SWEEP),
    (22, "disk full where outcomes are written", "nothing lost, never 0", SWEEP),
    (23, "fsync fails", "nothing lost, never 0", SWEEP),
    (24, "killed before the commit", "nothing taken, all once by the next run", SWEEP),
    (26, "killed after the commit", "sent by the next run, once", SWEEP),
    (28, "\"sending\" cannot be written", "74, not sent", FULL),
    (29, "an outcome cannot be written", "one double at most, the same bytes", SWEEP),
    (30, "disk full for days", "74, no storm of doubles", FULL),
    (31, "state cut short", "78, not a first run", REFUSED_STATE),
    (
        32,
        "state damaged in the middle",
        "78, nothing sent",
        "send_smtp::lost::damage_in_the_middle_is_found_before_anything_is_sent",
    ),
    (
        33,
        "state deleted",
        "78, never \"now\"",
        "send_smtp::lost::a_lost_state_is_78_for_every_program_and_only_a_person_begins_anew",
    ),
    (35, "state of a newer release", "78, untouched", REFUSED_STATE),
    (36, "outbox cut short", "78: it is in the state", REFUSED_STATE),
    (38, "files left over by a crash", "none but the state and its lock", SWEEP),
    (
        40,
        "outbox full",
        "75, no source with mails is taken",
        "send_smtp::waiting::a_full_outbox_takes_no_source_with_mails_until_there_is_room",
    ),
    (
        45,
        "two senders at once",
        "75 for the second",
        "send_smtp::queue::a_second_sender_on_the_same_state_is_75_and_does_no_harm",
    ),
    (
        45,
        "a stream from before another run",
        "75, not taken",
        "stream::a_state_that_moved_on_does_not_accept_the_source_and_the_next_fetch_does",
    ),
    (
        64,
        "a token expires in a long backlog",
        "a new one for each session",
        "send_smtp::token::each_session_has_a_new_token",
    ),
    (
        65,
        "a login over an open line to another machine",
        "78, never said",
        "send_smtp::login::a_password_never_goes_over_an_open_line_to_another_machine",
    ),
    (
        74,
        "reset in the middle of the body",
        "75, deferred",
        "send_smtp::answers::a_line_that_breaks_in_the_middle_of_a_large_mail_defers_it",
    ),
    (
        75,
        "closed after the dot, five runs in a row",
        "1, held, and no sixth copy",
        "send_smtp::waiting::a_mail_that_may_have_arrived_five_times_is_held_and_told_of_in_every_run",
    ),
];

/// The case, what it would be, and why it is not tried.
pub(super) const BEYOND: [(u8, &str, &str); 8] = [
    (20, "a stage stands still for hours", "it is waited for; the next run ends with 75 meanwhile, as in 16"),
    (25, "power lost before a rename is durable", "nothing is renamed; SQLite is trusted with losing power"),
    (27, "the copy of the state cannot be written", "there is none: marks and mails move in one commit"),
    (37, "a block of zeroes in the outbox", "as 32 where structure is hit; SQLite keeps no sums of the rest"),
    (39, "outcomes that do not fit the mails", "they are rows beside them, and come with the same commit"),
    (42, "a state on NFS", "not supported: SQLite wants locks that hold"),
    (44, "dead letters cannot be written", "as 29: they are outcomes in the state"),
    (93, "a bounce later", "it goes to the sender, email.from, and is a person's to read"),
];
