namespace IterableAudience.Hosting;

/// <summary>Section <c>Security</c>.</summary>
internal sealed class SecurityOptions
{
    public const string Section = "Security";

    /// <summary>
    /// The bootstrap admin token. Default: none. None set and no admin token stored → one is made at start, only its hash is stored,
    /// and it is printed once to standard output, never through the logger.
    /// </summary>
    public string? AdminToken { get; set; }

    /// <summary>Folder of the Data Protection key ring. Default: <c>data/keys</c>. Without it the stored secrets can't be read again: back it up, apart from the store.</summary>
    public string KeyRing { get; set; } = "data/keys";

    /// <summary>
    /// A certificate with its private key (PKCS#12 or PEM file). Default: none. With it the key ring is encrypted to the certificate and kept in the store,
    /// so that nodes need no shared folder.
    /// </summary>
    public string? Certificate { get; set; }

    /// <summary>Password of a PKCS#12 <see cref="Certificate"/>. Default: none.</summary>
    public string? CertificatePassword { get; set; }

    /// <summary>How long a session in the console lasts without a request. Default: 12 hours.</summary>
    public TimeSpan SessionLifetime { get; set; } = TimeSpan.FromHours(12);

    /// <summary>How many failed sign-ins a minute one remote address may make before it is answered 429. Default: 10.</summary>
    public int FailedSignInsPerMinute { get; set; } = 10;
}
