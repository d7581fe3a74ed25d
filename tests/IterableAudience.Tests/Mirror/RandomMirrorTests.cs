using System.Globalization;
using IterableAudience.Simulator.Api;
using IterableAudience.Simulator.Faults;
using IterableAudience.Simulator.Projects;
using IterableAudience.Store;
using IterableAudience.Syncs.Ledger;
using IterableAudience.Tests.Plan;
using IterableAudience.Tests.Syncs;
using IterableAudience.Tests.Warehouses;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace IterableAudience.Tests.Mirror;

/// <summary>
/// Whatever a table goes through, and however its syncs end: the list is in the end the valid identities of the table, whom rows hold that are invalid now,
/// and strangers. Both ways of finding changes go through the same, side by side.
/// </summary>
public sealed class RandomMirrorTests : IAsyncDisposable
{
    private const int Steps = 9;
    private MirrorHost? _mirror;
    private SimulatedProjectType _type;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(WarehouseKind.DuckDb, false, 1, 1, 3)]
    [InlineData(WarehouseKind.Postgres, false, 1, 101, 2)]
    [InlineData(WarehouseKind.DuckDb, false, 2, 203, 2)]
    [InlineData(WarehouseKind.Postgres, false, 2, 301, 2)]
    [InlineData(WarehouseKind.DuckDb, true, 1, 401, 2)]
    [InlineData(WarehouseKind.Postgres, true, 2, 501, 2)]
    public async Task A_list_is_what_the_model_says(WarehouseKind kind, bool hybrid, int tables, int firstSeed, int seeds)
    {
        await StartAsync(kind, hybrid ? SimulatedProjectType.Hybrid : SimulatedProjectType.EmailBased);
        for (var seed = firstSeed; seed < firstSeed + seeds; seed++)
        {
            var story = await Story.BeginAsync(_mirror!, _type, seed, tables);
            for (var step = 0; step < Steps * tables; step++)
                await story.StepAsync(step);
            await story.EndAsync();
        }
    }

    /// <summary>Syncs that break off half-way leave nobody knows what: in the end it doesn't matter.</summary>
    [Theory]
    [InlineData(WarehouseKind.DuckDb, 1001, 3)]
    [InlineData(WarehouseKind.Postgres, 1101, 2)]
    public async Task A_list_comes_right_after_syncs_that_broke_off(WarehouseKind kind, int firstSeed, int seeds)
    {
        await StartAsync(kind, SimulatedProjectType.EmailBased);
        for (var seed = firstSeed; seed < firstSeed + seeds; seed++)
        {
            var story = await Story.BeginAsync(_mirror!, _type, seed, tables: 1);
            for (var step = 0; step < Steps; step++)
                await story.BreakAsync(step);
            await story.ComeRightAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_mirror is not null)
            await _mirror.DisposeAsync();
    }

    private async Task StartAsync(WarehouseKind kind, SimulatedProjectType type)
    {
        if (kind == WarehouseKind.Postgres && Stores.PostgresServer.Missing is { } missing)
            Assert.SkipWhen(Environment.GetEnvironmentVariable("CI") != "true", missing);
        _mirror = await MirrorHost.StartAsync(kind, Way.Ledger, type: type);
        _type = type;
    }

    /// <summary>Tables that feed one list, by each of the two ways, and what it should come to (<see cref="ListModel"/>).</summary>
    private sealed class Story
    {
        private const string Stranger = "stranger@example.com";
        private readonly MirrorHost _mirror;
        private readonly Random _random;
        private readonly bool _hasUserIds;
        private readonly int _seed;
        private readonly List<Feed> _feeds = [];
        private readonly ListModel _model = new();

        private Story(MirrorHost mirror, SimulatedProjectType type, int seed) => (_mirror, _hasUserIds, _seed, _random) = (mirror, type == SimulatedProjectType.Hybrid, seed, new Random(seed));

        private Audience[] Lists => _feeds[0].ByWay;

        public static async Task<Story> BeginAsync(MirrorHost mirror, SimulatedProjectType type, int seed, int tables)
        {
            var story = new Story(mirror, type, seed);
            story._model.People.Add(Stranger);
            for (var n = 0; n < tables; n++)
            {
                var table = string.Create(CultureInfo.InvariantCulture, $"people{seed}x{n}");
                mirror.Warehouse.Run($"""CREATE TABLE {table} ("PK" varchar(100), "EMAIL" varchar(200), "ID" varchar(100))""");
                var source = await MirrorHost.SourceAsync(mirror.Host, mirror.Warehouse, mirror.Account, table);
                var byWay = new List<Audience>();
                foreach (var way in Enum.GetValues<Way>())
                {
                    var connected = MirrorHost.Connected(source, way, ""","guard":{"enabled":false}""");
                    byWay.Add(n == 0 ? await mirror.Sync.AudienceAsync(type, connected) : await story.Lists[byWay.Count].SiblingAsync(connected));
                }

                story._feeds.Add(new(table, [.. byWay], story._model.AddConnection()));
            }

            foreach (var list in story.Lists)
                list.Project.AddUser(Stranger, null, listIds: list.List);
            return story;
        }

        /// <summary>Another table, and a sync that comes to its end, or one that sends nothing at all.</summary>
        public async Task StepAsync(int step)
        {
            var feed = _feeds[_random.Next(_feeds.Count)];
            Draw(feed);
            if (_random.Next(6) == 0)
            {
                foreach (var audience in feed.ByWay)
                {
                    audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 401, Times = 0 });
                    await MirrorHost.SyncAsync(audience, "incremental");
                }

                _mirror.Sync.World.Faults.Clear();
                await SyncAsync(feed, full: false, step, what: "after one that failed");
                return;
            }

            await SyncAsync(feed, full: _random.Next(5) == 0, step, "");
        }

        public async Task EndAsync()
        {
            foreach (var feed in _feeds)
            {
                feed.Rows = [("1", "p1@example.com"), ("2", "p2@example.com")];
                Fill(feed);
                await SyncAsync(feed, full: false, Steps, "at the end");
            }
        }

        /// <summary>Another table, and a sync that may break off anywhere.</summary>
        public async Task BreakAsync(int step)
        {
            Draw(_feeds[0]);
            var (full, skip) = (_random.Next(6) == 0, _random.Next(5)); // 0: cancelled; else refused after some requests
            foreach (var audience in Lists)
            {
                if (skip == 0)
                {
                    await CancelAsync(audience, full);
                    continue;
                }

                audience.Fault(new FaultRule { Fault = FaultKind.Respond, Status = 401, Times = 0, Skip = skip - 1 });
                var sync = await MirrorHost.SyncAsync(audience, full ? "full" : "incremental");
                if (sync.Outcome == "held")
                    await audience.ApprovedAsync(sync);
            }

            _mirror.Sync.World.Faults.Clear();
            if (_random.Next(3) == 0)
            {
                foreach (var audience in Lists)
                    await RunAsync(audience, "incremental");
                CheckAlike($"step {step}");
            }
        }

        /// <summary>One good sync of a good table puts everything right.</summary>
        public async Task ComeRightAsync()
        {
            var feed = _feeds[0];
            feed.Rows = [.. Enumerable.Range(0, 4).Where(_ => _random.Next(2) == 0).Select(k => ((string?)k.ToString(CultureInfo.InvariantCulture), (string?)$"p{_random.Next(4)}@example.com"))];
            Fill(feed);
            foreach (var audience in Lists)
            {
                await RunAsync(audience, "incremental");
                Check(audience, feed.Rows.Select(r => r.Email!).Append(Stranger), "at the end");
                Assert.Equal("", (await MirrorHost.SyncAsync(audience)).ReceivedCounts);
            }

            CheckAlike("at the end");
        }

        /// <summary>Somebody stops the sync while its first request is on the wire, if it has one.</summary>
        private async Task CancelAsync(Audience audience, bool full)
        {
            using var given = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
            _mirror.Sync.Gate.Close();
            var sync = await MirrorHost.StartAsync(audience, full ? "full" : "incremental");
            var end = audience.EndOfAsync(sync);
            await Task.WhenAny(_mirror.Sync.Gate.ArrivedAsync(given.Token), end);
            await audience.Host.PostAsync($"{audience.Url}/stop", null, "operator");
            _mirror.Sync.Gate.Open();
            await end;
            await given.CancelAsync();
        }

        private static async Task RunAsync(Audience audience, string type)
        {
            var sync = await MirrorHost.SyncAsync(audience, type);
            if (sync.Outcome == "held")
                sync = await audience.ApprovedAsync(sync);
            Assert.StartsWith("completed", sync.Outcome, StringComparison.Ordinal);
        }

        private async Task SyncAsync(Feed feed, bool full, int step, string what)
        {
            feed.Model.Move(feed.Rows, full);
            foreach (var audience in feed.ByWay)
            {
                await RunAsync(audience, full ? "full" : "incremental");
                Check(audience, _model.People, $"step {step} {what}");
            }

            CheckAlike($"step {step} {what}");
        }

        private void Draw(Feed feed)
        {
            feed.Rows = [];
            for (var key = 0; key < 5; key++)
            {
                for (var copies = _random.Next(8) switch { 0 or 1 => 0, 7 => 2, _ => 1 }; copies > 0; copies--)
                    feed.Rows.Add((_random.Next(10) == 0 ? null : key.ToString(CultureInfo.InvariantCulture), DrawEmail()));
            }

            if (_random.Next(12) == 0)
                feed.Rows = [];
            Fill(feed);

            string? DrawEmail() => _random.Next(12) switch
            {
                0 => null,
                1 => "nonsense",
                2 => $" P{_random.Next(6)}@Example.com",
                _ => $"p{_random.Next(6)}@example.com",
            };
        }

        /// <summary>A person has the same userId wherever the person is named by a good e-mail.</summary>
        private string? UserIdOf(string? email)
            => _hasUserIds && ListModel.IsValid(email) && email != Stranger ? ListModel.Valid(email!).Replace("@example.com", "", StringComparison.Ordinal) : null;

        private void Fill(Feed feed)
        {
            static string Value(string? text) => text is null ? "NULL" : $"'{text}'";
            var values = string.Join(", ", feed.Rows.Select(r => $"({Value(r.Key)}, {Value(r.Email)}, {Value(UserIdOf(r.Email))})"));
            _mirror.Warehouse.Run($"DELETE FROM {feed.Table}; {(feed.Rows.Count == 0 ? "" : $"INSERT INTO {feed.Table} VALUES {values}")}");
        }

        private void Check(Audience audience, IEnumerable<string> expected, string where)
            => Assert.True(
                string.Join(' ', expected.Distinct().Order(StringComparer.Ordinal).Select(e => $"{e}/{UserIdOf(e)}")) is var wanted && wanted == audience.Members,
                $"seed {_seed}, {where}, {audience.Connection}:\n{string.Join("\n\n", _feeds.Select(f => string.Join('\n', f.Rows)))}\nwanted {wanted}\nfound  {audience.Members}");

        /// <summary>Both ways have the same ledger, key by key.</summary>
        private void CheckAlike(string where)
        {
            var ledgers = Lists.Select(Ledger).ToList();
            Assert.True(ledgers[0] == ledgers[1], $"seed {_seed}, {where}:\n{ledgers[0]}\n{ledgers[1]}");
        }

        private static string Ledger(Audience audience)
        {
            var services = audience.Host.Provider;
            using var db = services.GetRequiredService<Func<StoreContext>>()();
            var list = db.Connections.AsNoTracking().Single(c => c.Id == audience.Connection).ListNo;
            var entries = LedgerView.Read(services.GetRequiredService<LeanStore>(), list).Entries;
            var connections = entries.Select(e => e.Connection).Distinct().Order().ToList();
            return string.Join(' ', entries
                .Select(e => $"{connections.IndexOf(e.Connection)}:{e.KeyText}:{e.Identity.Email}:{e.State}:{(e.StillHolds ? "held" : "")}").Order(StringComparer.Ordinal));
        }

        /// <summary>A table, its connection to each way's list, and that one's part of the model.</summary>
        private sealed record Feed(string Table, Audience[] ByWay, ListModel.Feeding Model)
        {
            public List<(string? Key, string? Email)> Rows { get; set; } = [];
        }
    }
}
