using System.Diagnostics;
using IterableAudience.Benchmarks.Push;
using IterableAudience.Demo.Driving;
using Npgsql;

namespace IterableAudience.Benchmarks.Soak;

/// <summary><c>soak --minutes 30 --store Sqlite --programs out/bench --out soak.md</c>: mixed small and large syncs for a while.</summary>
internal static class SoakCommand
{
    private const int SmallAudiences = 12;
    private const int LargeRecords = 60_000;

    public static async Task<int> RunAsync(Arguments arguments, CancellationToken cancellation)
    {
        var minutes = arguments.Number("minutes", 30);
        using var postgres = arguments.OnPostgres() ? Postgres.Start() : null;
        var (service, simulator) = Programs.In(arguments.Text("programs") ?? Programs.DefaultFolder);
        Dictionary<string, string> settings = new() { ["Iterable__RequestsPerSecond"] = "50", ["Iterable__MaxInFlight"] = "4" };
        if (postgres is not null)
        {
            (settings["Store__Provider"], settings["ConnectionStrings__Store"]) = ("PostgreSql", postgres.ConnectionString);
        }

        // Whoever meets something wrong ends it for all: nobody should have to wait half an hour for that.
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        await using var installation = await Installation.StartAsync(service, simulator, settings, cancellation);
        var first = await Setup.MakeAsync(installation.Service, "Soak 0", cancellation);
        List<SoakAudience> audiences = [new(installation.Service, first, 0, installation.Folder)];
        for (var i = 1; i <= SmallAudiences; i++)
        {
            audiences.Add(new(installation.Service, await Setup.ConnectAsync(installation.Service, first.AccountId, first.DestinationId, $"Soak {i}", cancellation), i, installation.Folder));
        }

        var watch = Stopwatch.StartNew();
        List<(double Minute, double Seconds)> latencies = [];
        List<SoakSample> samples = [];
        long records = 0;
        await Task.WhenAll(UntilWrong(LargeAsync), UntilWrong(() => SmallAsync(1)), UntilWrong(() => SmallAsync(2)), UntilWrong(SampleAsync));
        foreach (var audience in audiences)
        {
            var listed = (await installation.Simulator.MembersAsync(audience.Setup.ListId, cancellation)).Select(p => p.UserId!).ToHashSet();
            if (!listed.SetEquals(audience.Expected))
            {
                throw new DemoException($"A list has {listed.Count} people where {audience.Expected.Count()} are expected.");
            }
        }

        var report = SoakReport.Markdown(postgres is null ? "SQLite" : "PostgreSQL", minutes, audiences.Count, samples, latencies);
        System.Console.WriteLine(report);
        if (arguments.Text("out") is { } path)
        {
            await File.WriteAllTextAsync(path, report, cancellation);
        }

        return 0;

        async Task UntilWrong(Func<Task> work)
        {
            try
            {
                await work();
            }
            catch
            {
                await over.CancelAsync();
                throw;
            }
        }

        bool IsOver() => watch.Elapsed >= TimeSpan.FromMinutes(minutes);

        async Task LargeAsync()
        {
            while (!IsOver())
            {
                await audiences[0].PushAsync(LargeRecords, over.Token);
                Interlocked.Add(ref records, LargeRecords);
                await Task.Delay(TimeSpan.FromSeconds(20), over.Token);
            }
        }

        // Two at a time, each on its half of the audiences.
        async Task SmallAsync(int half)
        {
            var random = new Random(half);
            while (!IsOver())
            {
                var audience = audiences[half + (2 * random.Next(SmallAudiences / 2))];
                var seconds = await audience.PushAsync(1_000, over.Token);
                Interlocked.Add(ref records, 1_000);
                lock (latencies)
                {
                    latencies.Add((watch.Elapsed.TotalMinutes, seconds));
                }

                await Task.Delay(TimeSpan.FromMilliseconds(random.Next(500, 1500)), over.Token);
            }
        }

        async Task SampleAsync()
        {
            while (!IsOver())
            {
                await Task.Delay(TimeSpan.FromSeconds(10), over.Token);
                samples.Add(SoakSample.Take(watch.Elapsed.TotalMinutes, installation.ServiceProcess!.Id, Size(), Interlocked.Read(ref records)));
            }
        }

        long Size()
        {
            if (postgres is null)
            {
                return Directory.GetFiles(installation.Folder, "store.db*").Sum(f => new FileInfo(f).Length);
            }

            using var connection = new NpgsqlConnection(postgres.ConnectionString);
            connection.Open();
            using var command = new NpgsqlCommand("SELECT pg_database_size(current_database())", connection);
            return (long)command.ExecuteScalar()!;
        }
    }
}
