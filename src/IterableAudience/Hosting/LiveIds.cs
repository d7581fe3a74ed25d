namespace IterableAudience.Hosting;

/// <summary>
/// Gives the ids that example bodies and paths name. With <c>Documents__LiveExamples=true</c> (the demo sets it) they are those of the newest resources in
/// the store, so that every example runs as it stands; otherwise fixed samples, since the document needs no token and must not tell ids.
/// </summary>
internal sealed class LiveIds(IConfiguration configuration, IServiceScopeFactory scopes, IEnumerable<LiveId> known)
{
    private readonly bool _live = configuration.GetValue<bool>("Documents:LiveExamples");

    /// <summary>Replaces the placeholders in an example.</summary>
    public string Fill(string example)
        => known.Aggregate(example, (text, id) => text.Contains(id.Placeholder, StringComparison.Ordinal)
            ? text.Replace(id.Placeholder, Value(id), StringComparison.Ordinal)
            : text);

    /// <summary>The example for the <c>{id}</c> of a path, or null when none is known.</summary>
    public string? ForPath(string path)
        => known.FirstOrDefault(k => k.PathPrefix is { } prefix && path.StartsWith(prefix, StringComparison.Ordinal)) is { } id ? Value(id) : null;

    /// <summary>The example for another parameter of a path, e.g. <c>syncId</c>, or null when none is known.</summary>
    public string? ForParameter(string name)
        => known.FirstOrDefault(k => k.Placeholder == $"{{{name}}}") is { } id ? Value(id) : null;

    private string Value(LiveId id)
    {
        if (!_live)
            return id.Sample;
        using var scope = scopes.CreateScope();
        return id.Newest(scope.ServiceProvider) ?? id.Sample;
    }
}

/// <param name="Placeholder">As written in examples, e.g. <c>{accountId}</c>.</param>
/// <param name="PathPrefix">Paths whose <c>{id}</c> it is, e.g. <c>/v2/accounts/{id}</c>; null when it occurs in bodies only.</param>
/// <param name="Sample">What stands there when nothing is known.</param>
/// <param name="Newest">Reads the newest from the store.</param>
internal sealed record LiveId(string Placeholder, string? PathPrefix, string Sample, Func<IServiceProvider, string?> Newest);
