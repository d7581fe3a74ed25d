namespace IterableAudience.Syncs.Staging;

/// <summary>The namespace of a record key.</summary>
internal enum KeyKind : byte
{
    /// <summary>The record has no usable key (it is rejected).</summary>
    None = 0,

    /// <summary>The row's primary key, as the sender gave it.</summary>
    Primary = 1,

    /// <summary>Keyless: the userId is the key.</summary>
    UserId = 2,

    /// <summary>Keyless: the e-mail is the key.</summary>
    Email = 3,
}
