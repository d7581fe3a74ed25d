using IterableAudience.Records;

namespace IterableAudience.Benchmarks.Generator;

/// <summary>
/// What the maker of a record knows about it: the identifiers as they must come out of validation, or why each must be refused.
/// It is known by construction, not found by judging the value, so that it can catch the judge.
/// </summary>
internal readonly record struct Truth(string? Email, Reason EmailFault, string? UserId, Reason UserIdFault)
{
    /// <summary>The identity that a project of this type must see; <c>default</c> when the record must be rejected.</summary>
    public Identity IdentityIn(ProjectType type) => type switch
    {
        ProjectType.EmailBased => new(Email, null),
        ProjectType.UserIdBased => new(null, UserId),
        _ => new(Email, UserId),
    };

    /// <summary>Whether a project of this type must reject the record.</summary>
    public bool IsRejectedIn(ProjectType type) => IdentityIn(type) == default;

    /// <summary>The reason of the rejection, or <see cref="Reason.None"/>. A hybrid project names several faults as one.</summary>
    public Reason RejectionIn(ProjectType type) => !IsRejectedIn(type) ? Reason.None : type switch
    {
        ProjectType.EmailBased => EmailFault,
        ProjectType.UserIdBased => UserIdFault,
        _ => Reason.NoValidIdentifier,
    };
}
