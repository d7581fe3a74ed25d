namespace IterableAudience.Syncs.Send;

/// <summary>
/// The order in which a plan takes effect: leavers, subscribes, replaced identities, each answered before the next. Between them
/// stand steps without a request, in which operations that hang on others' answers are settled. The numbers are stored.
/// </summary>
internal enum Stage : byte
{
    /// <summary>Leavers whom another record holds: they stay on the list, their entries become leaving. No request.</summary>
    Retain = 0,

    /// <summary>Leavers whom nobody holds.</summary>
    Unsubscribe = 1,

    /// <summary>Leavers whose userId Iterable does not know: once more by their e-mail. Cut from the answers.</summary>
    UnsubscribeByEmail = 2,

    /// <summary>Leavers that are the same person as one already sent: its outcome is theirs. No request.</summary>
    FollowUnsubscribe = 3,

    /// <summary>Everybody who belongs on the list.</summary>
    Subscribe = 4,

    /// <summary>Identity conflicts once more: an e-mail may just have moved between two people. Cut from the answers.</summary>
    RetryConflicts = 5,

    /// <summary>Records that are the same person as one already sent: its outcome is theirs. No request.</summary>
    FollowSubscribe = 6,

    /// <summary>Old identities, and leavers held only by them: settled now that the replacements are answered. No request.</summary>
    SettleReplaced = 7,

    /// <summary>Old identities whose replacement was accepted. Cut from <see cref="SettleReplaced"/>.</summary>
    UnsubscribeReplaced = 8,

    /// <summary>As <see cref="UnsubscribeByEmail"/>, for replaced identities.</summary>
    UnsubscribeReplacedByEmail = 9,

    /// <summary>As <see cref="FollowUnsubscribe"/>, for replaced identities.</summary>
    FollowReplaced = 10,

    /// <summary>No stage: the operation turned out to be nothing to do.</summary>
    None = 255,
}
