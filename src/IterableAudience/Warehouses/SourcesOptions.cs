namespace IterableAudience.Warehouses;

/// <summary>Settings of everything that reads and writes warehouses, section <c>Sources</c>.</summary>
internal sealed class SourcesOptions
{
    public const string Section = "Sources";

    /// <summary>How long one statement in a warehouse may take. Default 30 minutes.</summary>
    public TimeSpan StatementTimeout { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>How long a preview, or a look into a warehouse from the API, may take. Default 30 seconds.</summary>
    public TimeSpan BrowseTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>The schema in the user's warehouse that sync logs and snapshots go to. Default <c>_rudderstack</c>, RudderStack's own name for it.</summary>
    public string Schema { get; set; } = "_rudderstack";

    public DuckDbOptions DuckDb { get; set; } = new();

    internal sealed class DuckDbOptions
    {
        /// <summary>The only folder that DuckDB accounts may open files of, and models read files of. Default <c>data/warehouse</c>.</summary>
        public string Root { get; set; } = "data/warehouse";

        /// <summary>Memory that one session may take, in megabytes; what needs more goes to a temporary file. Default 128.</summary>
        public int MemoryMegabytes { get; set; } = 128;

        /// <summary>Threads that one session may take. Default 2.</summary>
        public int Threads { get; set; } = 2;
    }

    /// <summary>Each fault names its setting and the mend.</summary>
    public IEnumerable<string> Faults()
    {
        if (StatementTimeout < TimeSpan.FromSeconds(1) || StatementTimeout > TimeSpan.FromDays(1))
            yield return "Sources__StatementTimeout must be from one second to a day, e.g. 00:30:00.";
        if (BrowseTimeout < TimeSpan.FromSeconds(1) || BrowseTimeout > TimeSpan.FromMinutes(10))
            yield return "Sources__BrowseTimeout must be from one second to ten minutes, e.g. 00:00:30.";
        if (Schema.Length is 0 or > 60 || Schema.Any(c => !char.IsAsciiLetterOrDigit(c) && c != '_'))
            yield return "Sources__Schema must be a name of letters, digits and underscores, e.g. _rudderstack.";
        if (string.IsNullOrWhiteSpace(DuckDb.Root))
            yield return "Sources__DuckDb__Root must name a folder, e.g. data/warehouse.";
        if (DuckDb.MemoryMegabytes is < 64 or > 1024 * 1024)
            yield return "Sources__DuckDb__MemoryMegabytes must be from 64 to 1048576.";
        if (DuckDb.Threads is < 1 or > 256)
            yield return "Sources__DuckDb__Threads must be from 1 to 256.";
    }
}
