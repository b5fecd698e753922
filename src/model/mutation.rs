//! Switches that break one rule of the push protocol, of what comes back or of the keyring each: with them `tests/proof/mutations.rs`
//! shows that the proofs turn red. Only the feature `mutations` has them; without it
//! [`is_broken`] is a constant, and what it guards is not in the binary.

#[cfg(all(feature = "mutations", not(debug_assertions)))]
compile_error!("the feature `mutations` is for test builds: no release has switches that break it");

macro_rules! rules {
    ($($(#[$meta:meta])* $name:ident,)*) => {
        /// A rule that can be broken, and in brackets the invariants that must notice it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Rule {
            $($(#[$meta])* $name,)*
        }

        #[cfg(feature = "mutations")]
        impl Rule {
            /// Every rule.
            pub const ALL: &[Self] = &[$(Self::$name,)*];
        }
    };
}

rules! {
    // Writing ahead.
    /// An attempt is durable before its call leaves. (3)
    WriteAhead,
    /// What leaves is, byte for byte, what is durable. (3)
    FrozenBytes,
    /// A document has one open push. (2)
    OneOpenPush,
    /// A push is durable with the change that needs it. (36)
    QueuedIsDurable,
    /// A host is told "accepted" once its write is durable. (7)
    ToldDurable,
    /// Rows are read through what is not acknowledged yet. (7, 21)
    ReadYourWrites,
    /// Link and event of a success are one commit. (8)
    OneCommit,
    /// A badge turns red together with its event. (31)
    EventOfRed,
    /// It is remembered that a create may have reached Xero. (33)
    RememberSent,

    // The key.
    /// A key is not sent again after five minutes. (5)
    KeyWindow,
    /// The age of a key is not known after a new boot. (5, 6)
    BootOfKey,
    /// A clock that jumped since the send says nothing about its age. (6)
    ClockDrift,
    /// A replay has the key of the first send. (6)
    SameKeyOnReplay,
    /// A replay has the bytes of the first send. (4)
    SameBytesOnReplay,
    /// A key belongs to one request. (4)
    KeyForOneRequest,
    /// A new attempt has a new key. (5)
    NewKeyForNewAttempt,

    // What an answer means.
    /// A lost answer may stand for a document. (1, 2, 6)
    LostAnswer,
    /// A 5xx or an unreadable answer may stand for a document. (1, 2, 6)
    FailedAnswer,
    /// The kept answer of a failed send is no proof that nothing was done. (6)
    KeptErrorIsNoProof,
    /// What is said of a replay is no verdict on the first send. (10)
    RefusedReplay,
    /// An unknown outcome is no failure. (1, 2, 6, 10)
    UnknownIsNoFailure,
    /// An unknown outcome is no success. (8)
    UnknownIsNoSuccess,
    /// What was refused is not done. (8)
    RefusedIsNotDone,
    /// A request that was not carried out uses up no retry. (49)
    WaitingIsNoRetry,

    // Proof of absence.
    /// No look-up counts before it is quiet. (6)
    Quiescence,
    /// It is not quiet right after a crash. (6)
    QuietAfterCrash,
    /// Two look-ups are needed. (6)
    TwoLookUps,
    /// They are a minute apart. (6)
    LookUpGap,
    /// All pages of a look-up are read. (6)
    WholeLookUp,
    /// Bills are looked for by Xero's clock, not by ours. (1, 2, 6)
    XeroClock,
    /// A look-up also finds what was voided. (2)
    VoidedFound,
    /// Only the marker tells that a document is ours. (8, 9, 11)
    MarkerCompared,

    // Several documents in one call.
    /// Members are matched by their marker, not by their place. (8, 9)
    MembersByMarker,
    /// A refused member does not fail the others. (10)
    MembersAlone,
    /// Documents are created by PUT, which changes none. (11)
    CreateByPut,

    // Changes.
    /// A document is read before it is changed. (12)
    ReadFirst,
    /// It is read anew after each attempt. (12)
    ReadAnew,
    /// What people changed in Xero stays, unless they let the host win. (12)
    PeopleStay,
    /// What the host wrote meanwhile follows. (33)
    NewerFollows,

    // Limits.
    /// No call before `Retry-After`. (17)
    RetryAfter,
    /// Also not after a restart. (17)
    RetryAfterKept,
    /// A call that had to wait is looked at again before it leaves. (17, 18)
    LastLook,
    /// 60 calls in any minute. (15)
    MinuteLimit,
    /// Calls in flight count. (15)
    InFlightCounts,
    /// A call counts from its answer, not from its departure. (15)
    CountedAtAnswer,
    /// Five calls at once. (15)
    ConcurrentLimit,
    /// Calls in flight at a crash count from the start. (15)
    CallsOfTheDead,
    /// The calls of a day. (15)
    DayLimit,

    // The connection.
    /// Nothing is called without a connection. (18)
    ReadsGate,
    /// Nothing is written while writes are held. (18)
    WritesGate,
    /// A connection that came back catches up before it writes. (27)
    CatchesUp,

    // Badges.
    /// A red badge says why. (50)
    RedSaysWhy,
    /// A red badge stays until somebody acts. (40)
    RedStays,

    // Progress.
    /// An unknown outcome wakes the machine. (34, 36)
    WakeUp,
    /// A document that waits does not hold up others. (32)
    HeadBlocks,
    /// An open breaker lets a probe through. (33, 34, 36)
    HalfOpen,
    /// After a restart unknown outcomes are found out. (34, 36)
    ResumeLookUp,
    /// A look-up that failed is made again. (34, 36)
    LookAgain,
    /// A replay that did not leave is made again. (34, 36)
    ReplayAgain,
    /// A catch-up ends. (36)
    CatchUpEnds,
    /// What ends with a push ends durably. (36)
    OperationEnds,

    // What comes back.
    /// The next scan begins so long before this one as Xero's lists may lag. (13, 35)
    ListLag,
    /// A scan reads all pages. (13, 35)
    AllPages,
    /// An older version of a document is no news. (21)
    NewestWins,
    /// What an answer does not show stays as it is here. (19)
    CopyStays,
    /// What a person acknowledged is open again only if it is another one. (20)
    AcknowledgedStays,
    /// A date is checked once. (28)
    OncePerDate,

    // Webhooks.
    /// What a webhook names is read. (54)
    RingsHeard,
    /// What was announced before a crash is read after the start. (54)
    StartReads,
    /// A number that never came leads to a reading. (54)
    GapRings,
    /// Only what Xero signed counts. (55)
    SignedOnly,
    /// The same bytes a second time ring nobody. (55)
    RepeatsStill,
    /// Only documents that are followed are read for a webhook. (55)
    FollowedOnly,
    /// That none come any more is told. (57)
    SilenceTold,
    /// It is not told before its time. (57)
    SilencePatient,
    /// It ends with the first that comes. (57)
    SilenceEnds,

    // Grants.
    /// It is durable that a refresh is asked for before it is. (24)
    MarkedFirst,
    /// A grant is refreshed by one caller at a time. (24)
    OneRefresh,
    /// A pair is durable before it is used. (24)
    SavedBeforeUse,
    /// A pair that could not be stored is stored again. (52)
    PairSavedAgain,
    /// The refresh token before the last one is kept. (52)
    PreviousKept,
    /// When Xero refuses a refresh token, the one before it is tried. (52)
    PreviousTried,
    /// Whatever ended unheard is asked for again although nobody waits. (52)
    UnheardAskedAgain,
    /// So is what the process before this one left unheard. (52)
    UnheardAtStart,
    /// A request that was given up may still arrive, so the pair after it is renewed once more. (52)
    StrayRenewed,
    /// Xero is not believed at once that a grant is dead. (52)
    RefusalAskedAgain,
    /// A grant nobody uses is refreshed once a week. (52)
    KeptAlive,
    /// Whoever waits for a token is told when there is none. (52)
    WaitersTold,
    /// A rejection of an older token says nothing of the one in hand. (53)
    LateRejection,
    /// A refresh that fails is tried again ever more slowly. (53)
    BackoffGrows,
    /// All organisations are told that their grant is dead. (53)
    DeathTold,

    // Outside of the simulation: a test beside the code must notice.
    /// An actor's effects wait until what precedes them is durable. (3, 7)
    EffectsWait,
    /// A failed commit ends the machine that decided it. (7)
    MemoryEnds,
    /// Behind a failed batch of a lane nothing is committed. (7)
    LaneEnds,
    /// A commit is synced before it is acknowledged. (7)
    SyncedFirst,
    /// A write has a connection of its own, so that nothing repeats it in secret. (5, 6)
    WriteAlone,
}

/// Whether a test broke this rule. Always `false` in a plain build.
#[cfg(not(feature = "mutations"))]
#[must_use]
pub const fn is_broken(_rule: Rule) -> bool {
    false
}

#[cfg(feature = "mutations")]
pub use switch::{is_broken, turns_red, with_broken};

#[cfg(feature = "mutations")]
mod switch {
    use std::cell::Cell;
    use std::sync::{Mutex, PoisonError, RwLock};

    use super::Rule;

    thread_local! {
        /// The broken rule, and how often its switch was asked.
        static BROKEN: Cell<Option<(Rule, u64)>> = const { Cell::new(None) };
    }

    /// The rule that is broken in all threads.
    static BROKEN_EVERYWHERE: RwLock<Option<Rule>> = RwLock::new(None);
    /// One at a time.
    static TURN: Mutex<()> = Mutex::new(());

    /// Whether a test broke this rule, in this thread or in all.
    #[must_use]
    pub fn is_broken(rule: Rule) -> bool {
        match BROKEN.get() {
            Some((broken, asked)) if broken == rule => {
                BROKEN.set(Some((broken, asked.saturating_add(1))));
                true
            }
            _ => *BROKEN_EVERYWHERE.read().unwrap_or_else(PoisonError::into_inner) == Some(rule),
        }
    }

    /// Whether a test fails while a rule is broken in all threads. Everything else that runs in the
    /// process meanwhile meets the broken rule too, so such a test runs alone.
    #[must_use]
    pub fn turns_red(rule: Rule, test: fn()) -> bool {
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let break_rule = |broken| *BROKEN_EVERYWHERE.write().unwrap_or_else(PoisonError::into_inner) = broken;
        break_rule(Some(rule));
        let result = std::panic::catch_unwind(test);
        break_rule(None);
        result.is_err()
    }

    /// Does something with one rule broken, in this thread only, and tells how often its switch
    /// was asked.
    pub fn with_broken<T>(rule: Rule, act: impl FnOnce() -> T) -> (T, u64) {
        struct Mend;
        impl Drop for Mend {
            fn drop(&mut self) {
                BROKEN.set(None);
            }
        }
        let _mend = Mend;
        BROKEN.set(Some((rule, 0)));
        let done = act();
        (done, BROKEN.get().map_or(0, |(_, asked)| asked))
    }
}
