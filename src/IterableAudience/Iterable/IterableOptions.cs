namespace IterableAudience.Iterable;

/// <summary>Settings of all traffic to Iterable: section <c>Iterable</c> of the configuration. Valid as it stands.</summary>
public sealed class IterableOptions
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Iterable";

    /// <summary>Where the data centers are. Default: Iterable's own addresses. Another address points the service at the simulator or at a proxy.</summary>
    public IterableBaseUrls BaseUrls { get; set; } = new();

    /// <summary>Request starts per second of one Iterable project, all connections and accounts together. Default 5; above 0. An account may override it.</summary>
    public double RequestsPerSecond { get; set; } = 5;

    /// <summary>Requests of one Iterable project that may be on the wire at once. Default 4; at least 1. An account may override it.</summary>
    public int MaxInFlight { get; set; } = 4;

    /// <summary>How long one attempt may take, from its start to the last byte of its answer. Default 30 s.</summary>
    public TimeSpan AttemptTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Wait before the second attempt; it doubles with each further one, up to a minute, with jitter. Default 1 s.</summary>
    public TimeSpan BackoffBase { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How often one batch is sent before it is given up. Default 6; at least 1. A 429 uses up none.</summary>
    public int MaxAttempts { get; set; } = 6;

    /// <summary>How long a project may answer nothing but 429 before the sync is aborted. Default 1 h.</summary>
    public TimeSpan ThrottlePatience { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How long the lists of a project may be answered from memory. Default 10 s; zero asks Iterable each time. A list made through this service is seen at once.</summary>
    public TimeSpan ListsCacheTime { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>What is wrong with the settings, each fault naming its setting; empty when all are fine.</summary>
    internal IEnumerable<string> Faults()
    {
        foreach (var (name, url) in new[] { (nameof(BaseUrls.US), BaseUrls.US), (nameof(BaseUrls.EU), BaseUrls.EU) })
        {
            if (url is not { IsAbsoluteUri: true, Scheme: "http" or "https", Query: "" })
            {
                yield return $"Iterable:BaseUrls:{name} must be an absolute http or https address without a query, such as https://api.iterable.com.";
            }
        }

        if (!(RequestsPerSecond is > 0 and <= 1_000_000))
        {
            yield return "Iterable:RequestsPerSecond must be above 0 and at most 1000000.";
        }

        if (MaxInFlight is < 1 or > 1000)
        {
            yield return "Iterable:MaxInFlight must be between 1 and 1000.";
        }

        if (AttemptTimeout <= TimeSpan.Zero || AttemptTimeout > TimeSpan.FromHours(1))
        {
            yield return "Iterable:AttemptTimeout must be above zero and at most an hour.";
        }

        if (BackoffBase < TimeSpan.Zero || BackoffBase > TimeSpan.FromMinutes(1))
        {
            yield return "Iterable:BackoffBase must be between zero and a minute.";
        }

        if (MaxAttempts is < 1 or > 100)
        {
            yield return "Iterable:MaxAttempts must be between 1 and 100.";
        }

        if (ThrottlePatience < TimeSpan.Zero || ThrottlePatience > TimeSpan.FromDays(7))
        {
            yield return "Iterable:ThrottlePatience must be between zero and seven days.";
        }

        if (ListsCacheTime < TimeSpan.Zero || ListsCacheTime > TimeSpan.FromHours(1))
        {
            yield return "Iterable:ListsCacheTime must be between zero and an hour.";
        }
    }
}

/// <summary>The addresses of Iterable's data centers.</summary>
public sealed class IterableBaseUrls
{
    /// <summary>Default <c>https://api.iterable.com</c>.</summary>
    public Uri US { get; set; } = new("https://api.iterable.com");

    /// <summary>Default <c>https://api.eu.iterable.com</c>.</summary>
    public Uri EU { get; set; } = new("https://api.eu.iterable.com");

    /// <summary>The address of an endpoint, e.g. <c>/api/lists</c>; a path in the base address (a proxy's) is kept.</summary>
    internal Uri For(DataCenter dataCenter, string path)
        => new((dataCenter == DataCenter.EU ? EU : US).AbsoluteUri.TrimEnd('/') + path);
}
