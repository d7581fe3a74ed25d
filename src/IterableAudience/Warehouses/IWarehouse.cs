using System.Text.Json.Nodes;

namespace IterableAudience.Warehouses;

/// <summary>
/// One kind of warehouse: everything that the rest of the service asks of it. Another kind is a folder beside <c>Postgres</c> and <c>DuckDb</c> and a
/// registration in <see cref="WarehousesSetup"/>; <c>docs/warehouses.md</c> shows how.
/// </summary>
internal interface IWarehouse
{
    /// <summary>As in <c>sourceDefinitionName</c> of a source, and the type of an account's definition: <c>postgres</c>.</summary>
    string Name { get; }

    /// <summary>As in <c>accountDefinitionName</c> of an account: <c>SOURCE_POSTGRES</c>.</summary>
    string AccountDefinition { get; }

    /// <summary>Reads the options and the secret of an account.</summary>
    /// <param name="options">As they came; members that the kind doesn't know are left out of what is kept.</param>
    /// <param name="secret">Likewise.</param>
    LoginCheck Check(JsonObject options, JsonObject secret);

    /// <summary>Opens a session of its own; nothing of one session is left for the next.</summary>
    /// <param name="login">Options and secret in the form that <see cref="Check"/> gave them.</param>
    /// <param name="mode">What it is for.</param>
    /// <param name="cancel">Stops waiting.</param>
    /// <exception cref="WarehouseException">It can't be reached, or refuses.</exception>
    Task<WarehouseSession> OpenAsync(WarehouseLogin login, SessionMode mode, CancellationToken cancel);
}

/// <summary>What a session is for.</summary>
internal enum SessionMode
{
    /// <summary>The warehouse refuses every write.</summary>
    Read,

    /// <summary>The source is read in a way that refuses writes; afterwards the service writes to its own schema.</summary>
    ReadThenWrite,

    /// <summary>No source is read; the service writes to its own schema.</summary>
    Write,
}

/// <summary>How to get into a warehouse. Holds a password: never printed.</summary>
internal sealed record WarehouseLogin(JsonObject Options, JsonObject Secret)
{
    public override string ToString() => "WarehouseLogin";
}

/// <summary>What a kind of warehouse says of an account's options and secret.</summary>
/// <param name="Login">In normal form, with defaults filled in; null when there are faults.</param>
/// <param name="Faults">Each names its member, <c>options.host</c>, and the mend.</param>
internal sealed record LoginCheck(WarehouseLogin? Login, IReadOnlyList<(string Member, string Message)> Faults);
