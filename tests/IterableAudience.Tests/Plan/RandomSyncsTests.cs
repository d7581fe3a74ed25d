using System.Globalization;
using IterableAudience.Tests.Stores;
using Xunit;

namespace IterableAudience.Tests.Plan;

/// <summary>
/// Random stories of several connections on one list, through the whole service: identities that change and are shared, moving e-mails, keyless records,
/// bad values, full and empty pushes, refusals, forgotten people, lost answers, outages, wrong counts. What must always hold is checked after each
/// sync against a list that knows nothing of batches. The seeds are fixed; a failure names its seed and shows the story cut down.
/// </summary>
public sealed class RandomSyncsTests : IAsyncDisposable
{
    private const int Seeds = 8;
    private ScenarioHost _host = null!;

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    /// <summary>The first group of seeds. To look further than every run does, set RANDOM_SYNCS_FROM to another one.</summary>
    private static readonly int First = int.Parse(Environment.GetEnvironmentVariable("RANDOM_SYNCS_FROM") ?? "0", CultureInfo.InvariantCulture);

    [Theory]
    [StoreData(0)]
    [StoreData(1)]
    [StoreData(2)]
    [StoreData(3)]
    [StoreData(4)]
    [StoreData(5)]
    [StoreData(6)]
    [StoreData(7)]
    [StoreData(8)]
    [StoreData(9)]
    public async Task Whatever_happens_the_promises_hold(StoreKind store, int group)
    {
        _host = new ScenarioHost(store);
        var exact = 0;
        for (var seed = (First + group) * Seeds; seed < (First + group + 1) * Seeds; seed++)
        {
            await HoldsAsync(seed);
            exact += _exact;
        }

        Assert.True(exact > Seeds, $"Only {exact} times could the whole list be compared.");
    }

    /// <summary>Seeds outside the groups that have found a fault.</summary>
    [Theory]
    [StoreData(404)] // a failure that no list named hid behind an e-mail of two people, of whom one had failed
    public Task What_failed_once_holds(StoreKind store, int seed)
    {
        _host = new ScenarioHost(store);
        return HoldsAsync(seed);
    }

    private async Task HoldsAsync(int seed)
    {
        var scenario = Scenario.Make(seed);
        if (await FailureAsync(scenario) is { } failure)
        {
            var smallest = await CutDownAsync(scenario, failure);
            Assert.Fail($"Seed {seed}: {smallest.Failure.Message}\n{smallest.Scenario}\n{smallest.Failure.StackTrace}");
        }
    }

    private int _exact;

    private async Task<Exception?> FailureAsync(Scenario scenario)
    {
        try
        {
            _exact = (await ScenarioRun.PlayAsync(_host, scenario)).ExactChecks;
            return null;
        }
#pragma warning disable CA1031 // whatever it is, it is what the story is cut down for
        catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
        {
            return e;
        }
    }

    /// <summary>Leaves out syncs, records and faults as long as something still fails.</summary>
    private async Task<(Scenario Scenario, Exception Failure)> CutDownAsync(Scenario scenario, Exception failure)
    {
        var attempts = 150;
        for (var progress = true; progress && attempts > 0;)
        {
            progress = false;
            foreach (var smaller in Smaller(scenario))
            {
                if (attempts-- > 0 && await FailureAsync(smaller) is { } still && still.GetType() == failure.GetType())
                {
                    (scenario, failure, progress) = (smaller, still, true);
                    break;
                }
            }
        }

        return (scenario, failure);
    }

    private static IEnumerable<Scenario> Smaller(Scenario scenario)
    {
        for (var i = scenario.Steps.Length - 1; i >= 0; i--)
        {
            yield return scenario with { Steps = [.. scenario.Steps[..i], .. scenario.Steps[(i + 1)..]] };
        }

        for (var i = scenario.Steps.Length - 1; i >= 0; i--)
        {
            var step = scenario.Steps[i];
            Scenario With(Step other) => scenario with { Steps = [.. scenario.Steps[..i], other, .. scenario.Steps[(i + 1)..]] };
            if (step.PlanFirst)
            {
                yield return With(step with { PlanFirst = false });
            }

            if (step.Faults.Length > 0)
            {
                yield return With(step with { Faults = step.Faults[..^1] });
            }

            for (var r = 0; r < step.Records.Length; r++)
            {
                yield return With(step with { Records = [.. step.Records[..r], .. step.Records[(r + 1)..]] });
            }
        }

        foreach (var name in scenario.Refused.Keys)
        {
            yield return scenario with { Refused = scenario.Refused.Where(r => r.Key != name).ToDictionary() };
        }

        for (var i = 0; i < scenario.Strangers.Length; i++)
        {
            yield return scenario with { Strangers = [.. scenario.Strangers[..i], .. scenario.Strangers[(i + 1)..]] };
        }
    }
}
