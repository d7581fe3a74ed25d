using System.Text.Json.Nodes;
using IterableAudience.Records;
using Xunit;

namespace IterableAudience.Tests.Plan;

/// <summary>
/// Random stories full of failures: refused and forgotten people, lost batches, aborted, cancelled, held, planned and full syncs. After every sync the
/// list, the ledger, what is kept to be tried again and every count are what <see cref="RetryModel"/> says. The seeds are fixed.
/// </summary>
public sealed class RetryStoriesTests : IAsyncLifetime
{
    private const int Seeds = 20;
    private readonly ScenarioHost _host = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    public static TheoryData<int> Groups => [.. Enumerable.Range(0, 6)];

    [Theory]
    [MemberData(nameof(Groups))]
    public async Task What_failed_is_tried_again_until_it_is_done_or_outdated(int group)
    {
        for (var seed = group * Seeds; seed < (group + 1) * Seeds; seed++)
        {
            var story = RetryStory.Make(seed);
            var told = 0;
            try
            {
                await TellAsync(story, () => told++);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                Assert.Fail($"{e.Message}\nAfter {told} syncs of\n{story}\n{e.StackTrace}");
            }
        }
    }

    private async Task TellAsync(RetryStory story, Action next)
    {
        var (id, list) = _host.Iterable.Add();
        var connection = await _host.ConnectAsync(ProjectType.EmailBased, 0, id, story.IgnoreUnknownDeletes);
        var (connectionNo, listNo) = await _host.NumbersAsync(connection);
        _host.Iterable.Stop = () => _host.StopAsync(connection);
        var model = new RetryModel(story.IgnoreUnknownDeletes);
        foreach (var stranger in story.Strangers)
        {
            list.AddStranger(new(stranger, null));
            model.List.Add(stranger);
        }

        foreach (var step in story.Steps)
        {
            await StepAsync(step);
            next();
        }

        // Everything works: whatever was left open is done.
        await StepAsync(new(Full: false, Approve: false, PlanFirst: false, [], [], [], null));
        Assert.Equal(0, model.Kept);

        async Task StepAsync(RetryStep step)
        {
            list.Refused.Clear();
            foreach (var refused in step.Refused)
            {
                list.Refused[refused] = "invalidEmails";
            }

            model.Refused = [.. step.Refused];
            if (step.Forget is { } forget)
            {
                list.Forget(new(forget, null));
                model.Forgotten.Add(forget);
                model.List.Remove(forget);
            }

            string? planHash = null;
            if (step.PlanFirst)
            {
                planHash = (string?)(await PushAsync(step, dryRun: true))["planHash"];
                Assert.Empty(list.Requests);
            }

            list.Fail(step.Batches.SelectMany(Tries));
            var sync = await PushAsync(step, dryRun: false);
            Assert.Equal(planHash ?? (string?)sync["planHash"], (string?)sync["planHash"]);
            var held = step is { Full: true, Records: [] } && model.HasMembers;
            Assert.Equal(held, (string?)sync["outcome"] == "held");
            if (held && step.Approve)
            {
                sync = await _host.ApproveAsync(connection, sync);
            }

            if (!held || step.Approve)
            {
                Assert.Equal(model.Apply(step), (string?)sync["outcome"]);
                CheckCounts(sync, step, model);
            }

            CheckState(list, listNo, connectionNo, model);
            list.Requests.Clear();
        }

        Task<JsonNode> PushAsync(RetryStep step, bool dryRun)
            => _host.PushAsync(connection, step.Records.Select(r => r.Line()), step.Full, resend: false, dryRun);
    }

    private static IEnumerable<Fault> Tries(BatchFault fault) => fault switch
    {
        BatchFault.SecondTry => [Fault.Down, Fault.None],
        BatchFault.Undelivered => [Fault.Down, Fault.Down],
        BatchFault.KeyRefused => [Fault.KeyRefused],
        BatchFault.Stopped => [Fault.Stopped],
        _ => [Fault.None],
    };

    private static void CheckCounts(JsonNode sync, RetryStep step, RetryModel model)
    {
        var received = sync["report"]!["received"]!;
        Assert.Equal(
            (model.Counts.GetValueOrDefault("retried"), model.Counts.GetValueOrDefault("absent")), ((long)received["retried"]!, (long)received["absent"]!));
        var outcomes = sync["report"]!["outcomes"]!.AsObject().Where(o => (long)o.Value! > 0).Select(o => $"{o.Key} {o.Value}").Order(StringComparer.Ordinal);
        Assert.Equal(
            model.Counts.Where(c => c.Key is not ("retried" or "absent" or "came")).Select(c => $"{c.Key} {c.Value}").Order(StringComparer.Ordinal), outcomes);
        var total = (long)received["total"]!;
        Assert.Equal(total, step.Records.Length + (long)received["absent"]! + (long)received["retried"]!);
        Assert.Equal(total, sync["report"]!["outcomes"]!.AsObject().Sum(o => (long)o.Value!));
    }

    private void CheckState(ModelList list, long listNo, long connectionNo, RetryModel model)
    {
        Assert.Equal(model.List.Order(StringComparer.Ordinal), list.Users.Where(u => u.IsMember).Select(u => u.Email).Order(StringComparer.Ordinal));
        var ledger = LedgerView.Read(_host.Store, listNo);
        ledger.CheckDerived(_host.Hash);
        Assert.Equal(model.Ledger, ledger.Entries.Select(e => $"{e.KeyText} {e.Identity.Email} {e.State}").Order(StringComparer.Ordinal));
        Assert.Equal(model.Kept, RetryView.Keys(_host.Store, connectionNo).Distinct().Count());
    }
}
