namespace IterableAudience.Records;

/// <summary>What makes an identifier usable, by project type. Pure: values in, a verdict out.</summary>
/// <remarks>
/// The userId rules are stricter than RudderStack's (length and printable ASCII): Iterable refuses such values anyway, and a
/// record that is refused here says why and costs no request.
/// </remarks>
internal static class IdentifierRules
{
    /// <summary>Iterable's limit for a userId, in characters.</summary>
    public const int MaxUserIdLength = 52;

    /// <summary>
    /// Judges the identifiers of one record. Email-based projects look at the e-mail only, userId-based ones at the userId only;
    /// in a hybrid project one valid identifier is enough.
    /// </summary>
    public static RecordVerdict Judge(ProjectType type, string? email, string? userId)
    {
        switch (type)
        {
            case ProjectType.EmailBased:
                var emailOnly = JudgeEmail(email, out var address);
                return new RecordVerdict(new Identity(address, null), emailOnly, emailOnly, Reason.None, IdentifierDropped: false);

            case ProjectType.UserIdBased:
                var userIdOnly = JudgeUserId(userId);
                return new RecordVerdict(
                    new Identity(null, userIdOnly == Reason.None ? userId : null), userIdOnly, Reason.None, userIdOnly, IdentifierDropped: false);

            default:
                return JudgeBoth(email, userId);
        }
    }

    private static RecordVerdict JudgeBoth(string? email, string? userId)
    {
        var emailFault = JudgeEmail(email, out var address);
        var userIdFault = JudgeUserId(userId);
        if (emailFault != Reason.None && userIdFault != Reason.None)
        {
            return new RecordVerdict(default, Reason.NoValidIdentifier, emailFault, userIdFault, IdentifierDropped: false);
        }

        var identity = new Identity(address, userIdFault == Reason.None ? userId : null);
        return new RecordVerdict(identity, Reason.None, emailFault, userIdFault, IsBad(emailFault) || IsBad(userIdFault));
    }

    /// <summary>Bad, as opposed to not there: an absent or empty identifier is nothing to warn of.</summary>
    private static bool IsBad(Reason fault)
        => fault is not (Reason.None or Reason.IdentifierMissing or Reason.EmailEmpty or Reason.UserIdEmpty);

    private static Reason JudgeEmail(string? email, out string? address)
    {
        address = null;
        if (email is null)
        {
            return Reason.IdentifierMissing;
        }

        var trimmed = email.Trim();
        if (trimmed.Length == 0)
        {
            return Reason.EmailEmpty;
        }

        if (!EmailForm.IsValid(trimmed))
        {
            return Reason.InvalidEmail;
        }

        address = trimmed.ToLowerInvariant();
        return Reason.None;
    }

    /// <summary>A userId is compared and sent exactly as it is: never trimmed, never repaired.</summary>
    private static Reason JudgeUserId(string? userId)
    {
        if (userId is null)
        {
            return Reason.IdentifierMissing;
        }

        if (userId.Length == 0)
        {
            return Reason.UserIdEmpty;
        }

        if (char.IsWhiteSpace(userId[0]) || char.IsWhiteSpace(userId[^1]))
        {
            return Reason.UserIdWhitespace;
        }

        if (userId.Length > MaxUserIdLength)
        {
            return Reason.UserIdTooLong;
        }

        return userId.AsSpan().ContainsAnyExceptInRange(' ', '~') ? Reason.UserIdNotPrintableAscii : Reason.None;
    }
}
