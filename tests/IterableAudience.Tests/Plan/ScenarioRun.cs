using System.Text.Json.Nodes;
using IterableAudience.Iterable;
using IterableAudience.Records;
using IterableAudience.Syncs.Ledger;
using Xunit;

namespace IterableAudience.Tests.Plan;

/// <summary>Plays a scenario through the service and checks after each sync what must always hold.</summary>
internal sealed class ScenarioRun
{
    private readonly ScenarioHost _host;
    private readonly Scenario _scenario;
    private readonly ModelList _list;
    private readonly AudienceModel _model;
    private readonly string[] _connections;
    private readonly long _listNo;
    private readonly List<PushedRecord>[] _pushed;
    private bool _isClean;
    private JsonNode? _last;

    private ScenarioRun(ScenarioHost host, Scenario scenario, ModelList list, string[] connections, long listNo)
    {
        (_host, _scenario, _list, _connections, _listNo) = (host, scenario, list, connections, listNo);
        foreach (var stranger in scenario.Strangers)
        {
            list.AddStranger(stranger);
        }

        _model = new AudienceModel(scenario, list);
        _isClean = scenario.Daring == Daring.Clean;
        _pushed = [.. connections.Select(_ => new List<PushedRecord>())];
    }

    /// <summary>How often the whole list could be compared with the rows.</summary>
    public int ExactChecks { get; private set; }

    public static async Task<ScenarioRun> PlayAsync(ScenarioHost host, Scenario scenario)
    {
        var (id, list) = host.Iterable.Add(scenario.NamesBlocker);
        var connections = new string[scenario.IgnoreUnknownDeletes.Length];
        for (var i = 0; i < connections.Length; i++)
        {
            connections[i] = await host.ConnectAsync(scenario.Type, i, id, scenario.IgnoreUnknownDeletes[i]);
        }

        var (_, listNo) = await host.NumbersAsync(connections[0]);
        var run = new ScenarioRun(host, scenario, list, connections, listNo);
        foreach (var (name, category) in scenario.Refused)
        {
            list.Refused[name] = category;
        }

        foreach (var step in scenario.Steps)
        {
            await run.PlayAsync(step);
        }

        await run.HealAsync();
        return run;
    }

    private async Task PlayAsync(Step step)
    {
        if (step.Forget is { } forget)
        {
            _list.Forget(forget);
        }

        if (step.LoseUserId is { } lose)
        {
            _list.LoseUserId(lose);
        }

        var before = _list.Users.Where(u => u.IsMember).ToHashSet();
        string? planHash = null;
        if (step.PlanFirst)
        {
            var plan = await PushAsync(step, dryRun: true);
            planHash = (string?)plan["planHash"];
            Assert.NotNull(planHash);
            Assert.Equal(planHash, (string?)(await PushAsync(step, dryRun: true))["planHash"]);
            Assert.Empty(_list.Requests);
        }

        _list.Fail(step.Faults);
        var sync = await PushAsync(step, dryRun: false);
        Assert.Equal(planHash ?? (string?)sync["planHash"], (string?)sync["planHash"]);
        var outcome = (string?)sync["outcome"];
        if (outcome == "held")
        {
            Assert.True(step is { Full: true, Records: [] }, "The guard held a plan that removes less than it minds.");
            Assert.Empty(_list.Requests);
            Assert.Equal(before, _list.Users.Where(u => u.IsMember).ToHashSet());
            if (step.Approve)
            {
                sync = await _host.ApproveAsync(_connections[step.Connection], sync);
                CheckReport(sync, step);
                outcome = (string?)sync["outcome"];
            }
        }

        _list.Fail([]);
        CheckAlways(step);
        var works = outcome is "completed" or "completed_with_failures" && (long)sync["report"]!["outcomes"]!["failed"]! == 0;
        _isClean &= works || outcome == "held";
        if (works && _isClean)
        {
            _model.Apply(step);
        }

        if (_isClean)
        {
            CheckList(_model.Expected());
        }

        _list.Requests.Clear();
        _list.StrangersRemoved.Clear();
    }

    private async Task<JsonNode> PushAsync(Step step, bool dryRun)
    {
        var sync = await _host.PushAsync(_connections[step.Connection], step.Records.Select(r => r.Line()), step.Full, step.Resend, dryRun);
        _last = sync;
        CheckReport(sync, step);
        return sync;
    }

    /// <summary>Everything works again: after each connection has sent all of its rows once more, the list is what they say, whatever happened before.</summary>
    private async Task HealAsync()
    {
        _list.Refused.Clear();
        var draw = new ScenarioDraw(_scenario.Seed);
        _ = draw.Scenario();
        var rows = _connections.Select(_ => draw.FinalRows().Where(r => _list.Find(new(r.Email, r.UserId)) is not { IsForgotten: true }).ToArray()).ToArray();
        var works = true;
        for (var i = 0; i < _connections.Length; i++)
        {
            works &= await PushFinalAsync(new Step(i, Full: true, Resend: true, PlanFirst: false, Approve: true, rows[i], []));
        }

        // What one connection released another may have held until it had its turn.
        for (var i = 0; i < _connections.Length; i++)
        {
            works &= await PushFinalAsync(new Step(i, Full: false, Resend: false, PlanFirst: false, Approve: false, [], []));
        }

        if (works && _scenario.Daring != Daring.Wild)
        {
            var expected = rows.SelectMany(r => r).Select(r => _list.Find(new(r.Email, r.UserId))).OfType<ModelUser>()
                .Concat(_list.Users.Where(u => u is { IsMember: true, CameByService: false })).Where(u => !u.IsForgotten);
            CheckList(expected.ToHashSet());
        }
    }

    private async Task<bool> PushFinalAsync(Step step)
    {
        var sync = await PushAsync(step, dryRun: false);
        if ((string?)sync["outcome"] == "held")
        {
            sync = await _host.ApproveAsync(_connections[step.Connection], sync);
        }

        CheckAlways(step);
        _list.Requests.Clear();
        _list.StrangersRemoved.Clear();
        return (string?)sync["outcome"] == "completed";
    }

    private static void CheckReport(JsonNode sync, Step step)
    {
        var received = sync["report"]!["received"]!;
        long Count(string action) => step.Records.Count(r => r.Action == action);
        Assert.Equal(
            (Count("insert"), Count("update"), Count("delete"), step.Records.LongCount(r => r.Action is null)),
            ((long)received["insert"]!, (long)received["update"]!, (long)received["delete"]!, (long)received["unreadable"]!));
        var total = (long)received["total"]!;
        Assert.Equal(total, step.Records.Length + (long)received["absent"]! + (long)received["retried"]!);
        var outcomes = sync["report"]!["outcomes"]!.AsObject().ToDictionary(o => o.Key, o => (long)o.Value!);
        Assert.True(total == outcomes.Values.Sum(), $"The report does not add up: {sync["report"]}");
        Assert.Equal(total, (long)sync["metrics"]!["total"]!);
        Assert.True(sync["report"]!["reasons"]!.AsArray().GroupBy(r => (string)r!["outcome"]!).All(g => g.Sum(r => (long)r!["count"]!) <= outcomes[g.Key]));
    }

    private void CheckAlways(Step step)
    {
        var ledger = LedgerView.Read(_host.Store, _listNo);
        ledger.CheckDerived(_host.Hash);
        var subscribed = _list.Requests.Where(r => r.Kind == OperationKind.Subscribe).SelectMany(r => r.People).Distinct().ToList();
        var unsubscribed = _list.Requests.Where(r => r.Kind == OperationKind.Unsubscribe).SelectMany(r => r.People).Distinct().ToList();
        var applied = _list.Requests.Where(r => r is { Kind: OperationKind.Unsubscribe, IsApplied: true }).SelectMany(r => r.People).ToHashSet();
        foreach (var gone in unsubscribed)
        {
            Assert.False(subscribed.Exists(gone.IsSamePersonAs), $"One sync both subscribed and unsubscribed {gone}.");
            Assert.False(applied.Contains(gone) && ledger.Entries.Exists(e => e.Holds && e.Identity.IsSamePersonAs(gone)), $"{gone} was unsubscribed while an entry holds the person.");
        }

        // What attribution may count on: in a request a userId is one operation's, and so is an e-mail, but for hybrid projects.
        foreach (var people in _list.Requests.Select(r => r.People))
        {
            static bool AreDistinct(IEnumerable<string?> names) => names.OfType<string>().GroupBy(n => n).All(g => g.Count() == 1);
            Assert.True(AreDistinct(people.Select(p => p.UserId)), "A request names a userId twice.");
            Assert.True(_scenario.Type == ProjectType.Hybrid || AreDistinct(people.Select(p => p.Email)), "A request names an e-mail twice.");
        }

        // A delete that failed earlier is tried again.
        _pushed[step.Connection].AddRange(step.Records);
        var records = (long)_last!["report"]!["received"]!["retried"]! > 0 ? [.. _pushed[step.Connection]] : step.Records;
        foreach (var stranger in _list.StrangersRemoved)
        {
            var keys = records.Where(r => r is { Action: "delete", Key: not null }).Select(r => r.Key).ToHashSet();
            Assert.True(
                _list.Doubtful.Overlaps(stranger.Known) || records.Any(r => (r.Action == "delete" || keys.Contains(r.Key))
                    && (stranger.Known.Contains(r.Email?.Trim().ToLowerInvariant() ?? "") || stranger.Known.Contains(r.UserId ?? ""))),
                $"A stranger ({string.Join(' ', stranger.Known)}) was unsubscribed by nobody's wish.");
        }

        foreach (var entry in ledger.Entries.Where(e => e.State == EntryState.Member))
        {
            Assert.True(_list.Accepted.Any(entry.Identity.IsSamePersonAs), $"The ledger is ahead of Iterable: {entry.Identity} was never accepted.");
            if (_scenario.Daring != Daring.Wild && _list.Find(entry.Identity) is { IsForgotten: false } user)
            {
                Assert.True(user.IsMember, $"The member {entry.Identity} is not on the list.");
            }
        }

        foreach (var user in _list.Users.Where(u => u is { IsMember: true, CameByService: true }))
        {
            Assert.True(
                ledger.Entries.Exists(e => user.Known.Contains(e.Identity.UserId ?? e.Identity.Email!) || user.Known.Contains(e.Identity.Email ?? e.Identity.UserId!)),
                $"({string.Join(' ', user.Known)}) is on the list by the service, and the ledger has no entry.");
        }
    }

    private void CheckList(HashSet<ModelUser> expected)
    {
        ExactChecks++;
        var members = _list.Users.Where(u => u.IsMember).ToHashSet();
        static string Show(IEnumerable<ModelUser> users) => string.Join("; ", users.Select(u => $"{u.Email} {u.UserId}"));
        Assert.True(members.SetEquals(expected), $"On the list and shouldn't be: {Show(members.Except(expected))}. Missing: {Show(expected.Except(members))}. {_last}");
    }
}
