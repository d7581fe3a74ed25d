namespace IterableAudience.Records;

/// <summary>Why a record has its outcome; a closed set. In the API each is written in snake_case. The numbers are stored.</summary>
public enum Reason : byte
{
    None = 0,

    // unsubscribed
    WasNotMember = 1,
    UserForgotten = 2, // also forgotten

    // unchanged, retained, superseded
    AlreadyMember = 3,
    HeldByAnotherRecord = 4,
    LaterRecordSameKey = 5,

    // rejected
    InvalidEmail = 10,
    EmailEmpty = 11,
    UserIdEmpty = 12,
    UserIdWhitespace = 13,
    UserIdTooLong = 14,
    UserIdNotPrintableAscii = 15,
    IdentifierMissing = 16,
    NoValidIdentifier = 17,
    MalformedRecord = 18,
    UnsupportedAction = 19,
    NullPrimaryKey = 20,
    DuplicatePrimaryKey = 21,

    // failed
    UserNotFound = 30,
    IterableInvalidEmail = 31,
    IterableInvalidUserId = 32,
    IdentityConflict = 33,
    InvalidData = 34,
    RefusedByIterable = 35,
    DeliveryFailed = 36,
    Unattributed = 37,

    // not_sent
    SyncAborted = 40,
    SyncCancelled = 41,
    PlanHeld = 42,
    PlanDiscarded = 43,
}
