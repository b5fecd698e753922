//! Each rule that can be broken: what happens then, and who notices it.

use counterfoil::model::mutation::Rule;

use super::directed::{self as d, Tell};
use super::hooks::stories;

/// What a broken rule does, the invariants that may notice it, and how that is shown.
pub struct Row {
    pub rule: Rule,
    pub words: &'static str,
    pub noticed_by: &'static [u32],
    pub shown_by: Shown,
}

/// How it is shown that a broken rule is noticed.
#[derive(Clone, Copy)]
pub enum Shown {
    /// By a story that leads there.
    Story(Tell),
    /// By a story of a grant.
    Grant,
    /// By a test beside the code, which is not played here: its name, and the file it is in.
    Test(&'static str, &'static str),
}

const fn story(rule: Rule, words: &'static str, noticed_by: &'static [u32], story: Tell) -> Row {
    Row {
        rule,
        words,
        noticed_by,
        shown_by: Shown::Story(story),
    }
}

const fn grant(rule: Rule, words: &'static str, noticed_by: &'static [u32]) -> Row {
    Row {
        rule,
        words,
        noticed_by,
        shown_by: Shown::Grant,
    }
}

const fn test(
    rule: Rule,
    words: &'static str,
    noticed_by: &'static [u32],
    test: &'static str,
    source: &'static str,
) -> Row {
    Row {
        rule,
        words,
        noticed_by,
        shown_by: Shown::Test(test, source),
    }
}

/// All of them, in the order of the rules.
pub const ROWS: &[Row] = &[
    story(
        Rule::WriteAhead,
        "a call leaves before its attempt is durable",
        &[3],
        d::lost,
    ),
    story(Rule::FrozenBytes, "other bytes leave than are durable", &[3], d::lost),
    story(
        Rule::OneOpenPush,
        "a changed document is queued a second time",
        &[2],
        d::two_versions,
    ),
    story(Rule::QueuedIsDurable, "a push is queued in memory only", &[36], d::lost),
    story(
        Rule::ToldDurable,
        "a host is told \"accepted\" before its write is durable",
        &[7],
        d::lost,
    ),
    story(
        Rule::ReadYourWrites,
        "rows are read without what is not acknowledged yet",
        &[1, 2, 7, 8, 9, 21, 31],
        d::two_versions,
    ),
    story(
        Rule::OneCommit,
        "a host is told \"synced\" in a commit before the link",
        &[8, 31],
        d::lost,
    ),
    story(
        Rule::EventOfRed,
        "a badge turns red and no event tells it",
        &[31],
        d::taken,
    ),
    story(
        Rule::RememberSent,
        "it is forgotten that a create may have reached Xero",
        &[8],
        d::void_under_way,
    ),
    story(Rule::KeyWindow, "a key is used again after five minutes", &[5], d::dark),
    story(
        Rule::BootOfKey,
        "the age of a key is believed after a new boot",
        &[5, 6],
        d::dies_often,
    ),
    story(
        Rule::ClockDrift,
        "moments are believed although the clock jumped",
        &[6],
        d::jumps_and_dies,
    ),
    story(
        Rule::SameKeyOnReplay,
        "a replay goes out under another key",
        &[6, 12],
        d::lost,
    ),
    story(Rule::SameBytesOnReplay, "a replay has other bytes", &[4], d::lost),
    story(
        Rule::KeyForOneRequest,
        "one key is used for several requests",
        &[3, 4],
        d::lost,
    ),
    story(
        Rule::NewKeyForNewAttempt,
        "a new attempt has the key of the old one",
        &[5],
        d::dark,
    ),
    story(
        Rule::LostAnswer,
        "a lost answer is taken for a request that never arrived",
        &[1, 2, 6],
        d::lost_bill,
    ),
    story(
        Rule::FailedAnswer,
        "a failed answer is taken for a request that was not carried out",
        &[1, 2, 6],
        d::failed_bill,
    ),
    story(
        Rule::KeptErrorIsNoProof,
        "the same error twice is taken for a proof of absence",
        &[6],
        d::failed_twice,
    ),
    story(
        Rule::RefusedReplay,
        "a refusal of a replay is taken for one of the first send",
        &[10],
        d::refused_replay,
    ),
    story(
        Rule::UnknownIsNoFailure,
        "an unknown outcome is red and given up",
        &[1, 2, 6, 10],
        d::lost,
    ),
    story(
        Rule::UnknownIsNoSuccess,
        "an unknown outcome is green",
        &[8, 31, 51],
        d::lost,
    ),
    story(
        Rule::RefusedIsNotDone,
        "a refused document counts as done",
        &[8, 21, 33],
        d::taken,
    ),
    story(
        Rule::WaitingIsNoRetry,
        "a request that was not carried out uses up a retry",
        &[49],
        d::limited,
    ),
    story(Rule::Quiescence, "a look-up counts before it is quiet", &[6], d::held),
    story(
        Rule::QuietAfterCrash,
        "a crash is taken for quiet",
        &[6],
        d::dies_with_request,
    ),
    story(
        Rule::TwoLookUps,
        "one look-up that finds nothing is enough",
        &[6],
        d::failed_twice,
    ),
    story(
        Rule::LookUpGap,
        "two look-ups follow each other at once",
        &[6],
        d::failed_twice,
    ),
    story(
        Rule::WholeLookUp,
        "only the first page of a look-up is read",
        &[1, 2, 6],
        d::two_pages,
    ),
    story(
        Rule::XeroClock,
        "bills are looked for since a moment of our own clock",
        &[1, 2, 6],
        d::ahead,
    ),
    story(
        Rule::VoidedFound,
        "a look-up does not see what was voided",
        &[2],
        d::voided,
    ),
    story(
        Rule::MarkerCompared,
        "whatever has the number is taken for ours",
        &[8, 9, 11],
        d::taken,
    ),
    story(
        Rule::MembersByMarker,
        "members of a call are matched by their place",
        &[8, 9],
        d::three,
    ),
    story(
        Rule::MembersAlone,
        "one refused member fails the whole call",
        &[10],
        d::one_refused,
    ),
    story(Rule::CreateByPut, "documents are created by POST", &[11], d::taken),
    story(
        Rule::ReadFirst,
        "a document is changed without being read first",
        &[12],
        d::changed,
    ),
    story(
        Rule::ReadAnew,
        "a change that failed is made again without a new reading",
        &[12],
        d::change_turned_away,
    ),
    story(
        Rule::PeopleStay,
        "the host's version wins over what people wrote in Xero",
        &[12],
        d::changed,
    ),
    story(
        Rule::NewerFollows,
        "what the host wrote meanwhile is not sent",
        &[33],
        d::overtaken,
    ),
    story(
        Rule::RetryAfter,
        "calls go on before `Retry-After` has passed",
        &[17],
        d::limited,
    ),
    story(
        Rule::RetryAfterKept,
        "`Retry-After` is forgotten in a restart",
        &[17],
        d::limited_and_dies,
    ),
    story(
        Rule::LastLook,
        "a call that had to wait leaves unasked",
        &[17, 18],
        d::late_token,
    ),
    story(Rule::MinuteLimit, "one call too many in a minute", &[15], d::pressed),
    story(
        Rule::InFlightCounts,
        "calls in flight are not counted",
        &[15],
        d::pressed,
    ),
    story(
        Rule::CountedAtAnswer,
        "calls are counted from their departure",
        &[15],
        d::pressed,
    ),
    story(Rule::ConcurrentLimit, "one call too many at once", &[15], d::pressed),
    story(
        Rule::CallsOfTheDead,
        "calls of a dead process are not counted",
        &[15],
        d::pressed,
    ),
    story(Rule::DayLimit, "the limit of a day is not kept", &[15], d::short_of_day),
    story(Rule::ReadsGate, "Xero is called without a connection", &[18], d::gone),
    story(Rule::WritesGate, "writes go out while they are held", &[18], d::used_up),
    story(
        Rule::CatchesUp,
        "writes go on at once after a reconnection",
        &[27],
        d::comes_back,
    ),
    story(Rule::RedSaysWhy, "a red badge does not say why", &[50], d::taken),
    story(Rule::RedStays, "a held document loses its badge", &[31, 40], d::ended),
    story(Rule::WakeUp, "an unknown outcome wakes nobody", &[34, 36], d::lost),
    story(
        Rule::HeadBlocks,
        "one unknown outcome holds up all other documents",
        &[32],
        d::dark,
    ),
    story(
        Rule::HalfOpen,
        "an open breaker never lets a probe through",
        &[33, 34, 36],
        d::dark,
    ),
    story(
        Rule::ResumeLookUp,
        "unknown outcomes are left alone after a restart",
        &[34, 36],
        d::dies_with_request,
    ),
    story(
        Rule::LookAgain,
        "a look-up that failed is not made again",
        &[34, 36],
        d::failed_look_up,
    ),
    story(
        Rule::ReplayAgain,
        "a replay that did not leave is not made again",
        &[34, 36],
        d::unsent_replay,
    ),
    story(Rule::CatchUpEnds, "a catch-up never ends", &[36], d::comes_back),
    story(Rule::OperationEnds, "an operation never ends", &[36], d::pressed),
    story(
        Rule::ListLag,
        "the next scan begins where this one did",
        &[13, 35],
        d::shown_late,
    ),
    story(
        Rule::AllPages,
        "a scan reads one page of several",
        &[13, 35],
        d::several_pages,
    ),
    story(
        Rule::NewestWins,
        "an older version comes over a newer one",
        &[21],
        d::old_answer,
    ),
    story(
        Rule::CopyStays,
        "a copy is dropped because an answer does not show its document",
        &[19],
        stories::refreshed,
    ),
    story(
        Rule::AcknowledgedStays,
        "every reading opens anew what a person acknowledged",
        &[20],
        stories::acknowledged,
    ),
    story(
        Rule::OncePerDate,
        "it is forgotten that a date was checked",
        &[28],
        stories::nights,
    ),
    story(Rule::RingsHeard, "what webhooks name is not read", &[54], stories::well),
    story(
        Rule::StartReads,
        "a start waits for its first scan as between two",
        &[54],
        stories::well,
    ),
    story(
        Rule::GapRings,
        "a number that never came leads to nothing",
        &[54],
        stories::well,
    ),
    story(
        Rule::SignedOnly,
        "a body counts whoever signed it",
        &[55],
        stories::forged,
    ),
    story(
        Rule::RepeatsStill,
        "the same bytes ring a second time",
        &[55],
        stories::forged,
    ),
    story(
        Rule::FollowedOnly,
        "whatever a webhook names is read",
        &[55],
        stories::forged,
    ),
    story(
        Rule::SilenceTold,
        "it is not told that no webhook comes",
        &[57],
        stories::stops,
    ),
    story(
        Rule::SilencePatient,
        "one change without a webhook counts as silence",
        &[57],
        stories::stops,
    ),
    story(
        Rule::SilenceEnds,
        "a silence goes on although one came",
        &[57],
        stories::stops,
    ),
    grant(
        Rule::MarkedFirst,
        "a refresh is asked for although that could not be stored",
        &[24],
    ),
    grant(
        Rule::OneRefresh,
        "a second caller refreshes while the first does",
        &[24],
    ),
    grant(Rule::SavedBeforeUse, "a token is used before it is stored", &[24]),
    grant(
        Rule::PairSavedAgain,
        "a pair that could not be stored is dropped",
        &[52],
    ),
    grant(
        Rule::PreviousKept,
        "the refresh token before the last one is forgotten",
        &[52],
    ),
    grant(
        Rule::PreviousTried,
        "the refresh token before the last one is not tried",
        &[52],
    ),
    grant(
        Rule::UnheardAskedAgain,
        "a lost answer of the token endpoint is not asked for again",
        &[52],
    ),
    grant(
        Rule::UnheardAtStart,
        "what a dead process left unheard is not asked for again",
        &[52],
    ),
    grant(
        Rule::StrayRenewed,
        "a request that was given up is taken for gone",
        &[52],
    ),
    grant(
        Rule::RefusalAskedAgain,
        "one refusal is taken for the end of a grant",
        &[52],
    ),
    grant(Rule::KeptAlive, "a grant nobody uses is left alone", &[52]),
    grant(
        Rule::WaitersTold,
        "whoever waits for a token is not told that there is none",
        &[52],
    ),
    grant(
        Rule::LateRejection,
        "a rejection of an older token costs the one in hand",
        &[53],
    ),
    grant(
        Rule::BackoffGrows,
        "failed refreshes are tried again at the same pace",
        &[53],
    ),
    grant(Rule::DeathTold, "only who asks learns that a grant is dead", &[53]),
    test(
        Rule::EffectsWait,
        "an actor does not wait for the disk",
        &[3, 7],
        "a_reply_waits_until_the_write_is_durable_also_for_an_unchanged_repeat",
        include_str!("../../src/actors/tests/order.rs"),
    ),
    test(
        Rule::MemoryEnds,
        "a machine goes on although its change was not stored",
        &[7],
        "a_refused_write_is_told_and_the_tenant_comes_back",
        include_str!("../../src/actors/tests/faults.rs"),
    ),
    test(
        Rule::LaneEnds,
        "what follows a failed batch of a lane is committed",
        &[7],
        "a_bad_batch_fails_alone_and_takes_its_lane_along",
        include_str!("../../src/store/tests/thread.rs"),
    ),
    test(
        Rule::SyncedFirst,
        "a commit is acknowledged although it was not synced",
        &[7],
        "a_failed_sync_stops_writing",
        include_str!("../../src/store/tests/disk_faults.rs"),
    ),
    test(
        Rule::WriteAlone,
        "writes share connections, whose pool repeats them in secret",
        &[5, 6],
        "writes_never_share_a_connection_and_reads_do",
        include_str!("../it/xero_client.rs"),
    ),
];
