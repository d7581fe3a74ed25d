using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;
using System.Text.Json;
using System.Threading.Channels;
using IterableAudience.Benchmarks.Generator;
using IterableAudience.Demo.Driving;
using IterableAudience.Iterable;
using IterableAudience.Records;

namespace IterableAudience.Benchmarks.Push;

/// <summary>What a baseline process says about itself.</summary>
internal sealed record BaselineCost(double Seconds, double CpuSeconds, double PeakMemory, long Requests);

/// <summary>
/// The shortest way from NDJSON to Iterable with the service's own rules: read, judge, batch, send, attribute. No ledger, no plan, nothing durable,
/// no retries: what is left of a sync when everything that makes it a sync is taken away.
/// </summary>
internal static class BaselineCommand
{
    private const int BatchSize = 1000;
    private const int InFlight = 8;

    public static async Task<int> RunAsync(Arguments arguments, CancellationToken cancellation)
    {
        var file = arguments.Text("file") ?? throw new ArgumentException("baseline needs --file");
        using var http = new HttpClient { BaseAddress = new(arguments.Text("to") ?? throw new ArgumentException("baseline needs --to")) };
        http.DefaultRequestHeaders.Add("Api-Key", SimulatorClient.HybridKey);
        var list = arguments.Number("list", 0);

        var watch = Stopwatch.StartNew();
        var batches = Channel.CreateBounded<Batch>(new BoundedChannelOptions(InFlight) { SingleWriter = true });
        var senders = Enumerable.Range(0, InFlight).Select(_ => SendAsync(http, list, batches.Reader, cancellation)).ToList();
        await ReadAsync(file, batches.Writer, cancellation);
        var requests = (await Task.WhenAll(senders)).Sum();
        var seconds = watch.Elapsed.TotalSeconds;

        System.Console.Write(JsonSerializer.Serialize(new BaselineCost(seconds, ProcessCost.CpuSeconds(Environment.ProcessId), ProcessCost.PeakMemory(Environment.ProcessId), requests)));
        return 0;
    }

    private static async Task ReadAsync(string file, ChannelWriter<Batch> batches, CancellationToken cancellation)
    {
        var mapping = new IdentifierMapping(NdjsonWriter.EmailColumn, NdjsonWriter.UserIdColumn);
        List<Identity> joining = new(BatchSize), leaving = new(BatchSize);
        var line = 0;
        var reader = PipeReader.Create(File.OpenRead(file), new(bufferSize: 1 << 16));
        while (true)
        {
            var read = await reader.ReadAsync(cancellation);
            var buffer = read.Buffer;
            while (TryCutLine(ref buffer, out var utf8))
            {
                var record = RecordReader.Read(utf8.IsSingleSegment ? utf8.FirstSpan : utf8.ToArray(), ++line, mapping);
                var verdict = IdentifierRules.Judge(ProjectType.Hybrid, record.Email, record.UserId);
                if (!verdict.HasIdentity)
                {
                    continue;
                }

                if (record.Action == RecordAction.Delete)
                {
                    // An unsubscribe names one identifier.
                    leaving.Add(verdict.Identity.UserId is null ? verdict.Identity : new(null, verdict.Identity.UserId));
                    leaving = await SendFullAsync(OperationKind.Unsubscribe, leaving);
                }
                else
                {
                    joining.Add(verdict.Identity);
                    joining = await SendFullAsync(OperationKind.Subscribe, joining);
                }
            }

            reader.AdvanceTo(buffer.Start, buffer.End);
            if (read.IsCompleted)
            {
                break;
            }
        }

        await batches.WriteAsync(new(OperationKind.Subscribe, joining), cancellation);
        await batches.WriteAsync(new(OperationKind.Unsubscribe, leaving), cancellation);
        batches.Complete();

        async ValueTask<List<Identity>> SendFullAsync(OperationKind kind, List<Identity> people)
        {
            if (people.Count < BatchSize)
            {
                return people;
            }

            await batches.WriteAsync(new(kind, people), cancellation);
            return new(BatchSize);
        }
    }

    private static bool TryCutLine(ref ReadOnlySequence<byte> buffer, out ReadOnlySequence<byte> line)
    {
        if (buffer.PositionOf((byte)'\n') is not { } end)
        {
            line = default;
            return false;
        }

        line = buffer.Slice(0, end);
        buffer = buffer.Slice(buffer.GetPosition(1, end));
        return true;
    }

    private static async Task<long> SendAsync(HttpClient http, long list, ChannelReader<Batch> batches, CancellationToken cancellation)
    {
        var requests = 0L;
        await foreach (var (kind, people) in batches.ReadAllAsync(cancellation))
        {
            using var content = kind == OperationKind.Subscribe ? BatchContent.Subscribe(list, people, updateExistingUsersOnly: false) : BatchContent.Unsubscribe(list, people);
            using var answer = await http.PostAsync(kind == OperationKind.Subscribe ? "/api/lists/subscribe" : "/api/lists/unsubscribe", content, cancellation);
            answer.EnsureSuccessStatusCode();
            var counted = ListAnswer.TryRead(await answer.Content.ReadAsByteArrayAsync(cancellation)) ?? throw new InvalidOperationException("The simulator's answer can't be read.");
            if (!Attribution.Attribute(kind, people, counted).IsComplete)
            {
                throw new InvalidOperationException("The simulator's counts don't add up.");
            }

            requests++;
        }

        return requests;
    }

    private readonly record struct Batch(OperationKind Kind, List<Identity> People);
}
