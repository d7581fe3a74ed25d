using IterableAudience.Simulator.Projects;

namespace IterableAudience.Simulator.Lists;

/// <summary>What is wrong with a row whoever it names: malformed and forgotten identifiers. Each is listed; the row counts once.</summary>
internal static class RowChecks
{
    public static bool Pass(SimulatedProject project, in SubscriberRow row, BulkAnswer answer)
    {
        var passes = true;
        if (row.HasEmail && !row.IsEmailValid)
            passes = answer.Fail(FailureList.InvalidEmails, row.Email);
        if (row.HasUserId && !row.IsUserIdValid)
            passes = answer.Fail(FailureList.InvalidUserIds, row.UserId);
        if (!passes)
            return false;
        if (row.HasEmail && project.IsForgottenEmail(row.EmailKey.Span))
            passes = answer.Fail(FailureList.ForgottenEmails, row.Email);
        if (row.HasUserId && project.IsForgottenUserId(row.UserId.Span))
            passes = answer.Fail(FailureList.ForgottenUserIds, row.UserId);
        return passes;
    }

    /// <summary>Whether the row names nobody that a project of this type could ever act on or make.</summary>
    public static bool IsUnidentifiable(SimulatedProject project, in SubscriberRow row) => project.Type switch
    {
        SimulatedProjectType.EmailBased => !row.HasEmail && row.IsUserIdValid && !row.PreferUserId && project.Users.FindByUserId(row.UserId.Span) is null,
        SimulatedProjectType.UserIdBased => !row.HasUserId && row.IsEmailValid,
        _ => false,
    };
}
