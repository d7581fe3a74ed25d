using IterableAudience.Store;
using Npgsql;
using Xunit;

namespace IterableAudience.Tests.Store;

public sealed class UnresolvedTests
{
    [Fact]
    public async Task A_name_that_can_not_be_resolved_is_trouble_of_the_store()
    {
        await using var source = NpgsqlDataSource.Create("Host=nowhere.invalid;Database=x;Username=x;Timeout=5");
        var store = new PostgresStore(source);
        Assert.ThrowsAny<NpgsqlException>(() => store.OpenRead());
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => store.WriteAsync(_ => true, durable: true, TestContext.Current.CancellationToken));
        Assert.Contains("can't be reached", store.Trouble, StringComparison.Ordinal);
    }
}
