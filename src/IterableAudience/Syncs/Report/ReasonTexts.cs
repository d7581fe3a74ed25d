using IterableAudience.Records;

namespace IterableAudience.Syncs.Report;

/// <summary>Each reason in words, with what to do about it.</summary>
internal static class ReasonTexts
{
    /// <summary>Of a record that nobody sent: a member that a whole audience did not have.</summary>
    public const string Absent = "The row is not in the audience any more.";

    public static string? Of(Reason reason) => reason switch
    {
        Reason.None => null,
        Reason.WasNotMember => "The person was not on the list.",
        Reason.UserForgotten => "Iterable has erased this person on request and will not take the person back.",
        Reason.AlreadyMember => "The ledger already holds this person for the row; nothing was sent.",
        Reason.HeldByAnotherRecord => "Another record holds the person on the list; the person leaves with the last one.",
        Reason.LaterRecordSameKey => "A later record of the same key replaced this one.",
        Reason.InvalidEmail => "The e-mail is not a valid address.",
        Reason.EmailEmpty => "The e-mail is empty.",
        Reason.UserIdEmpty => "The userId is empty.",
        Reason.UserIdWhitespace => "The userId begins or ends with white space; Iterable would take it for another person.",
        Reason.UserIdTooLong => "The userId is longer than 52 characters.",
        Reason.UserIdNotPrintableAscii => "The userId has characters other than printable ASCII.",
        Reason.IdentifierMissing => "The identifier that the project needs is missing.",
        Reason.NoValidIdentifier => "Neither identifier is valid; faults says why.",
        Reason.MalformedRecord => "The record can't be read.",
        Reason.UnsupportedAction => "The action must be insert, update or delete.",
        Reason.NullPrimaryKey => "The primary key is null or empty. Leave it out for records without a key.",
        Reason.DuplicatePrimaryKey => "Several rows have this primary key; none of them is sent.",
        Reason.UserNotFound => "Iterable does not know the user, and the connection updates existing users only.",
        Reason.IterableInvalidEmail => "Iterable does not accept the e-mail.",
        Reason.IterableInvalidUserId => "Iterable does not accept the userId.",
        Reason.IdentityConflict => "The e-mail or the userId belongs to another user in Iterable. Merge the two users there, or correct the row, and have it sent again.",
        Reason.InvalidData => "Iterable refuses the user's data. What the profile has there and what is sent don't fit; the request's answer may say more.",
        Reason.RefusedByIterable => "Iterable refused the operation.",
        Reason.DeliveryFailed => "The batch could not be delivered.",
        Reason.Unattributed => "Iterable counted a failure without saying whose.",
        Reason.SyncAborted => "The sync ended before this was sent.",
        Reason.SyncCancelled => "The sync was cancelled before this was sent.",
        Reason.PlanHeld => "The plan is held; approve or discard it.",
        Reason.PlanDiscarded => "The plan was discarded.",
        _ => null,
    };
}
