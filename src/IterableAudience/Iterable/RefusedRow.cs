using IterableAudience.Records;

namespace IterableAudience.Iterable;

/// <summary>The outcome of one operation whose request, with nobody else in it, was refused. Pure.</summary>
internal static class RefusedRow
{
    public static OperationResult Judge(OperationKind kind, int status, ErrorAnswer error)
    {
        var unsubscribe = kind == OperationKind.Unsubscribe;
        var (outcome, reason) = error.Code switch
        {
            "InvalidEmailAddressError" => (Outcome.Failed, Reason.IterableInvalidEmail),
            "InvalidUserIdError" => (Outcome.Failed, Reason.IterableInvalidUserId),
            "EmailAlreadyExists" or "UserIdAlreadyExists" => (Outcome.Failed, Reason.IdentityConflict),
            "ForgottenUserError" => (unsubscribe ? Outcome.Unsubscribed : Outcome.Forgotten, Reason.UserForgotten),
            "UnknownUserIdError" or "UnknownEmailError" => NotFound(unsubscribe),
            _ => SaysUnknownUser(error) ? NotFound(unsubscribe) : (Outcome.Failed, Reason.RefusedByIterable),
        };
        return new OperationResult(outcome, reason, $"Sent alone, Iterable refused it: {Redaction.Show(status, error)}", status, false);
    }

    private static (Outcome, Reason) NotFound(bool unsubscribe)
        => unsubscribe ? (Outcome.Unsubscribed, Reason.WasNotMember) : (Outcome.Failed, Reason.UserNotFound);

    /// <summary>Write endpoints tell an unknown user by the text alone, under a generic code.</summary>
    private static bool SaysUnknownUser(ErrorAnswer error)
        => error.Says("user does not exist") || error.Says("no user exists") || error.Says("no user with") || error.Says("error.users.noUserWith")
            || (error.Says("no users with") && error.Says("exist"));
}
