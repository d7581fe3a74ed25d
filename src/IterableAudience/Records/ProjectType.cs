namespace IterableAudience.Records;

/// <summary>How an Iterable project identifies its users; fixed when the project is made.</summary>
public enum ProjectType : byte
{
    /// <summary>The e-mail address is the unique key. Written <c>email-based</c> in the API.</summary>
    EmailBased,

    /// <summary>The userId is the unique key. Written <c>userId-based</c> in the API.</summary>
    UserIdBased,

    /// <summary>Both are unique; one of them is enough. Written <c>hybrid</c> in the API.</summary>
    Hybrid,
}
