using System.Globalization;
using Xunit;

namespace IterableAudience.Tests.Plan;

/// <summary>
/// Random stories of several connections on one list, through the whole service: identities that change and are shared, moving e-mails, keyless records,
/// bad values, full and empty pushes, refusals, forgotten people, lost answers, outages, wrong counts. What must always hold is checked after each
/// sync against a list that knows nothing of batches. The seeds are fixed; a failure names its seed and shows the story cut down.
/// </summary>
public sealed class RandomSyncsTests : IAsyncLifetime
{
    private const int Seeds = 12;
    private readonly ScenarioHost _host = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    /// <summary>To look further than the seeds that every run takes, set RANDOM_SYNCS_FROM to another first group.</summary>
    public static TheoryData<int> Groups
        => [.. Enumerable.Range(int.Parse(Environment.GetEnvironmentVariable("RANDOM_SYNCS_FROM") ?? "0", CultureInfo.InvariantCulture), 10)];

    [Theory]
    [MemberData(nameof(Groups))]
    public async Task Whatever_happens_the_promises_hold(int group)
    {
        var exact = 0;
        for (var seed = group * Seeds; seed < (group + 1) * Seeds; seed++)
        {
            await HoldsAsync(seed);
            exact += _exact;
        }

        Assert.True(exact > Seeds, $"Only {exact} times could the whole list be compared.");
    }

    /// <summary>Seeds outside the groups that have found a fault.</summary>
    [Theory]
    [InlineData(404)] // a failure that no list named hid behind an e-mail of two people, of whom one had failed
    public Task What_failed_once_holds(int seed) => HoldsAsync(seed);

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
