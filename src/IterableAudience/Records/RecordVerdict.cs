namespace IterableAudience.Records;

/// <summary>What validation says of one record: an identity, or the reason why there is none.</summary>
/// <param name="Identity">The valid identifiers; <c>default</c> when there is none.</param>
/// <param name="Rejection"><see cref="Reason.None"/> when the record may go on.</param>
/// <param name="EmailFault">What is wrong with the e-mail, if anything.</param>
/// <param name="UserIdFault">What is wrong with the userId, if anything.</param>
/// <param name="IdentifierDropped">In a hybrid project: one identifier was bad, the other one carries the record (a warning).</param>
public readonly record struct RecordVerdict(
    Identity Identity,
    Reason Rejection,
    Reason EmailFault,
    Reason UserIdFault,
    bool IdentifierDropped)
{
    /// <summary>Whether there is a valid identifier.</summary>
    public bool HasIdentity => Identity.Email is not null || Identity.UserId is not null;
}
