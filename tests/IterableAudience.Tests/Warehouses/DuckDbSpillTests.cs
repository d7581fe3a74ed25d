using IterableAudience.Warehouses;
using IterableAudience.Warehouses.DuckDb;
using Xunit;

namespace IterableAudience.Tests.Warehouses;

/// <summary>What DuckDB writes beside its memory is people's data.</summary>
public sealed class DuckDbSpillTests : IAsyncDisposable
{
    private readonly TestHost _host = new();
    private readonly string _left = Directory.CreateTempSubdirectory("iterable-audience-duckdb-").FullName;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Only_the_service_may_look_into_it_and_it_goes_with_the_session()
    {
        using var warehouse = new TestWarehouse(_host, WarehouseKind.DuckDb);
        _host.Settings["Sources:DuckDb:MemoryMegabytes"] = "64";
        warehouse.Run("CREATE TABLE people (id bigint)");
        string folder;
        await using (var session = await warehouse.OpenAsync(SessionMode.Read, Cancel))
        {
            folder = Path.GetDirectoryName(session.List("SELECT current_setting('temp_directory')", r => r.Text(0)!, Cancel)[0])!;
            Assert.Equal(3_000_000, session.Count("SELECT count(*) FROM (SELECT md5(range::VARCHAR) AS a, range FROM range(3000000) ORDER BY a LIMIT 3000000 OFFSET 0)", Cancel));
            if (!OperatingSystem.IsWindows())
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(folder));
        }

        Assert.False(Directory.Exists(folder));
    }

    [Fact]
    public void What_a_killed_process_left_is_swept_and_what_somebody_holds_is_not()
    {
        File.WriteAllText(Path.Combine(_left, "lock"), "");
        File.WriteAllText(Path.Combine(_left, "rows"), "ada@example.com");
        using var mine = new DuckDbSpill();
        Directory.CreateDirectory(mine.Files);
        DuckDbSpill.Sweep(Path.GetTempPath());
        Assert.False(Directory.Exists(_left));
        Assert.True(Directory.Exists(mine.Files));
    }

    public ValueTask DisposeAsync()
    {
        if (Directory.Exists(_left))
            Directory.Delete(_left, recursive: true);
        return _host.DisposeAsync();
    }
}
