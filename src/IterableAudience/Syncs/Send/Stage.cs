namespace IterableAudience.Syncs.Send;

/// <summary>
/// The order in which a plan takes effect: leavers, subscribes, replaced identities, each answered before the next. Between them
/// stand steps without a request, in which operations that hang on others' answers are settled. The numbers are stored.
/// </summary>
internal enum Stage : byte
{
    /// <summary>Leavers whom an entry of another row holds: they stay on the list, their own entries become leaving and hold nobody. No request.</summary>
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

    /// <summary>
    /// Leavers whom a record of this sync holds, or a row that is held back: their entries become leaving if they aren't. Where the record is not accepted, and while the row is
    /// there, no other entry stands for the person, so theirs still holds it for others. Between <see cref="FollowSubscribe"/> and <see cref="SettleReplaced"/>. No request.
    /// </summary>
    Keep = 11,

    /// <summary>No stage: a row that is held back names the person, who stays a member. Nothing moves, so there is nothing to settle.</summary>
    Stay = 254,

    /// <summary>No stage: the operation turned out to be nothing to do.</summary>
    None = 255,
}
