using IterableAudience.Tests.Faults;
using IterableAudience.Tests.Stores;
using Xunit;

namespace IterableAudience.Tests.Store;

/// <summary>The program as an operator or a deployment calls it: <c>dotnet IterableAudience.dll store migrate</c>.</summary>
public sealed class StoreCommandTests : ProcessTest
{
    [Theory]
    [StoreData]
    public async Task An_empty_store_is_migrated_once_and_then_up_to_date(StoreKind store)
    {
        var empty = Empty(store);
        var first = await RunAsync(empty, "store", "migrate");
        Assert.Equal((0, ""), (first.Code, first.Error));
        Assert.StartsWith("Applied to the store ", first.Output, StringComparison.Ordinal);
        Assert.Contains("_Initial", first.Output, StringComparison.Ordinal);

        var second = await RunAsync(empty, "store", "migrate");
        Assert.Equal((0, ""), (second.Code, second.Error));
        Assert.EndsWith(" is up to date.", second.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("store")]
    [InlineData("store", "upgrade")]
    [InlineData("store", "migrate", "now")]
    public async Task An_unknown_command_is_refused_with_the_one_that_there_is(params string[] arguments)
    {
        var (code, output, error) = await RunAsync([], arguments);
        Assert.Equal((1, ""), (code, output));
        Assert.Equal("There is one command for the store: store migrate", error);
        Assert.Empty(Directory.GetFiles(Folder));
    }

    [Theory]
    [InlineData("Sqlite", "Data Source=/proc/none/store.db", "The folder of the store can't be made")]
    [InlineData("PostgreSql", "Host=127.0.0.1;Port=9;Database=none", "PostgreSQL can't be reached")]
    [InlineData("PostgreSql", "Host=no-such-host.invalid;Database=none", "PostgreSQL can't be reached")]
    public async Task A_store_that_can_not_be_reached_is_said_to_be_so(string provider, string connectionString, string says)
    {
        var (code, output, error) = await RunAsync([("Store__Provider", provider), ("ConnectionStrings__Store", connectionString)], "store", "migrate");
        Assert.Equal((1, ""), (code, output));
        Assert.Contains(says, error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [PostgresFact]
    public async Task A_database_that_is_not_there_is_said_to_be_missing()
    {
        var (code, _, error) = await RunAsync(
            [("Store__Provider", "PostgreSql"), ("ConnectionStrings__Store", PostgresServer.Shared.ConnectionString("nowhere"))], "store", "migrate");
        Assert.Equal(1, code);
        Assert.Contains("PostgreSQL has no database of that name", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [PostgresFact]
    public async Task Two_nodes_that_start_at_once_on_an_empty_database_migrate_it_once()
    {
        var settings = Empty(StoreKind.PostgreSql);
        var both = Enumerable.Range(0, 2).Select(_ => Watch(ServiceProcess.Start(Folder, Settings(settings)))).ToList();
        await Task.WhenAll(both.Select(n => n.ReadyAsync()));

        Assert.All(both, n => Assert.Empty(n.Error));
        Assert.DoesNotContain(both.SelectMany(n => n.Output), l => l.Contains("\"@l\":", StringComparison.Ordinal)); // nothing worse than information
        Assert.EndsWith(" is up to date.", (await RunAsync(settings, "store", "migrate")).Output, StringComparison.Ordinal);
    }

    private (string Name, string Value)[] Empty(StoreKind store) => store == StoreKind.Sqlite
        ? [("ConnectionStrings__Store", $"Data Source={Path.Combine(Folder, "new", "store.db")}")]
        : [("Store__Provider", nameof(StoreKind.PostgreSql)), ("ConnectionStrings__Store", PostgresServer.Shared.NewDatabase())];

    private async Task<(int Code, string Output, string Error)> RunAsync((string Name, string Value)[] settings, params string[] arguments)
    {
        var process = Watch(ServiceProcess.Start(Folder, Settings(settings), arguments));
        var code = await process.EndAsync();
        return (code, process.OutputText, process.ErrorText);
    }
}
