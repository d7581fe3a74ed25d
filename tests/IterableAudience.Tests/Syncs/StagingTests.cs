using IterableAudience.Records;
using IterableAudience.Store;
using IterableAudience.Syncs.Staging;
using IterableAudience.Tests.Stores;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace IterableAudience.Tests.Syncs;

public sealed class StagingTests(SyncHosts syncs) : IClassFixture<SyncHosts>
{
    [Theory]
    [StoreData]
    public async Task Memory_holds_one_buffer_of_records_and_the_store_the_others_while_a_body_comes_in(StoreKind store)
    {
        var sync = syncs.On(store);
        await sync.AudienceAsync(); // the store is made
        const long Sync = 1_000_000;
        var lean = sync.Host.Provider.GetRequiredService<LeanStore>();
        var stager = new Stager(lean, sync.Host.Provider.GetRequiredService<KeyedHash>(), Sync, ProjectType.Hybrid, full: false);
        var line = 0;
        while (line < 3 * Stager.BufferedRecords)
        {
            var records = Enumerable.Range(line, 1024).Select(n => new ReceivedRecord(n, RecordAction.Insert, $"{n}", null, $"p{n}@example.com", $"p{n}")).ToArray();
            await stager.AddAsync(records, TestContext.Current.CancellationToken);
            line += records.Length;
            var stored = lean.Read(c => c.Count("SELECT sum(records) FROM chunk WHERE sync = @s", ("@s", Sync)));
            Assert.InRange(line - stored, 0, 2 * Stager.BufferedRecords); // one is filled while the other is written
        }
    }
}
