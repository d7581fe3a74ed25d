using IterableAudience.Simulator.Projects;

namespace IterableAudience.Simulator.Lists;

/// <summary>
/// Who a row of a subscribe is, by the type of the project: found, made, or failed in one of the lists. To be used under the project's lock.
/// </summary>
internal sealed class SubscribeRules(SimulatedProject project, Behaviour behaviour, bool existingOnly, BulkAnswer answer)
{
    private readonly UserIndex _users = project.Users;

    /// <summary>The user to put on the list, or null when the row failed.</summary>
    public SimulatedUser? Resolve(in SubscriberRow row)
    {
        if (!RowChecks.Pass(project, row, answer))
            return null;
        var user = project.Type switch
        {
            SimulatedProjectType.EmailBased => ByEmail(row),
            SimulatedProjectType.UserIdBased => ByUserId(row),
            _ => ByBoth(row),
        };
        return user is { HasInvalidData: true } ? Failed(row, FailureList.InvalidDataEmails, FailureList.InvalidDataUserIds) : user;
    }

    // The e-mail is who it is; a userId beside it is written to the profile. A userId alone finds a user, but makes one only when asked to.
    private SimulatedUser? ByEmail(in SubscriberRow row)
    {
        if (row.HasEmail)
        {
            var user = _users.FindByEmail(row.EmailKey.Span);
            if (user is null)
                return _users.Create(row.EmailKey.Span, row.UserId.Span);
            if (row.HasUserId && !user.UserId.SequenceEqual(row.UserId.Span))
                _users.SetUserId(user, row.UserId.Span);
            return user;
        }

        return _users.FindByUserId(row.UserId.Span)
            ?? (row.PreferUserId ? _users.Create(project.NewPlaceholder(), row.UserId.Span) : NotFound(row));
    }

    // The userId is who it is; an e-mail beside it is written to the profile and may be somebody else's too.
    private SimulatedUser? ByUserId(in SubscriberRow row)
    {
        if (!row.HasUserId)
            return NotFound(row);
        var user = _users.FindByUserId(row.UserId.Span);
        if (user is null)
            return existingOnly ? NotFound(row) : _users.Create(row.EmailKey.Span, row.UserId.Span);
        if (row.HasEmail && !user.Email.SequenceEqual(row.EmailKey.Span))
            _users.SetEmail(user, row.EmailKey.Span);
        return user;
    }

    // Both are unique. Two that belong to one user, or of which one is free, are brought together; two of two users are a conflict.
    private SimulatedUser? ByBoth(in SubscriberRow row)
    {
        var byUserId = row.HasUserId ? _users.FindByUserId(row.UserId.Span) : null;
        var byEmail = row.HasEmail ? _users.FindByEmail(row.EmailKey.Span) : null;
        if (byUserId is null && byEmail is null)
            return existingOnly ? NotFound(row) : _users.Create(row.EmailKey.Span, row.UserId.Span);
        if (byUserId is null)
            return !row.HasUserId ? byEmail : byEmail!.UserId.IsEmpty ? WithUserId(byEmail, row) : Conflict(byEmail, row);
        if (byEmail is null)
            return row.HasEmail ? WithEmail(byUserId, row) : byUserId;
        return ReferenceEquals(byEmail, byUserId) ? byUserId : Conflict(byEmail, row);
    }

    private SimulatedUser WithUserId(SimulatedUser user, in SubscriberRow row)
    {
        _users.SetUserId(user, row.UserId.Span);
        return user;
    }

    private SimulatedUser WithEmail(SimulatedUser user, in SubscriberRow row)
    {
        _users.SetEmail(user, row.EmailKey.Span);
        return user;
    }

    private SimulatedUser? Conflict(SimulatedUser holder, in SubscriberRow row)
    {
        if (behaviour.Conflicts == ConflictNaming.Holder && !holder.UserId.IsEmpty)
            answer.Fail(FailureList.ConflictUserIds, holder.UserId.ToArray());
        else
            answer.Fail(FailureList.ConflictEmails, row.Email);
        return null;
    }

    private SimulatedUser? NotFound(in SubscriberRow row) => Failed(row, FailureList.NotFoundEmails, FailureList.NotFoundUserIds);

    // Listed by what identifies the row in this type of project.
    private SimulatedUser? Failed(in SubscriberRow row, FailureList emails, FailureList userIds)
    {
        if (row.HasUserId && (!row.HasEmail || project.Type != SimulatedProjectType.EmailBased))
            answer.Fail(userIds, row.UserId);
        else
            answer.Fail(emails, row.Email);
        return null;
    }
}
