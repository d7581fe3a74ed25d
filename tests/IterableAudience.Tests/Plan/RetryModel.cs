using IterableAudience.Syncs.Ledger;

namespace IterableAudience.Tests.Plan;

/// <summary>
/// What a connection whose rows have nothing to do with each other must end with after every sync: the list, the ledger, what is left to be tried, and
/// the counts. Row by row and straight from the rules; it knows nothing of blobs, slices or stages.
/// </summary>
internal sealed class RetryModel(bool ignoreUnknownDeletes)
{
    private readonly Dictionary<string, List<Entry>> _ledger = [];
    private Dictionary<string, Pending> _pending = [];

    private sealed class Entry(string email)
    {
        public string Email { get; } = email;

        public EntryState State { get; set; }
    }

    /// <summary>A record that an earlier sync left open.</summary>
    private sealed record Pending(bool IsDelete, string? Email);

    /// <summary>What a sync does about one row: the record that decides, and the requests that its outcome hangs on.</summary>
    private sealed class Work
    {
        public required string Key { get; init; }

        public bool IsOld { get; init; }

        public bool IsDelete { get; init; }

        /// <summary>Nobody's record: a member that is absent.</summary>
        public bool IsAbsent { get; init; }

        /// <summary>Nobody's record: an entry that is leaving.</summary>
        public bool IsLeaver { get; init; }

        public string? Email { get; init; }

        public Entry? Own { get; set; }

        public List<Entry> Leaves { get; init; } = [];

        public string Outcome { get; set; } = "";

        public string Subscribe { get; set; } = "";
    }

    public HashSet<string> List { get; } = [];

    public HashSet<string> Refused { get; set; } = [];

    public HashSet<string> Forgotten { get; } = [];

    /// <summary>Counts of the last sync: outcomes that occurred, and <c>retried</c> and <c>absent</c>.</summary>
    public Dictionary<string, long> Counts { get; } = [];

    public bool HasMembers => _ledger.Values.Any(e => e.Exists(x => x.State != EntryState.Leaving));

    public IEnumerable<string> Ledger => _ledger.SelectMany(k => k.Value.Select(e => $"{k.Key} {e.Email} {e.State}")).Order(StringComparer.Ordinal);

    public long Kept => _pending.Count;

    /// <summary>One sync. Gives its outcome.</summary>
    public string Apply(RetryStep step)
    {
        Counts.Clear();
        var works = Plan(step);
        var batches = new Queue<BatchFault>(step.Batches);
        var end = "";
        Leave(works, batches, ref end);
        Subscribe(works, batches, ref end);
        Replace(works, batches, ref end);
        _pending = [];
        foreach (var work in works)
        {
            Count(work.Outcome);
            Count(work.IsOld || work.IsLeaver ? "retried" : work.IsAbsent ? "absent" : "came");
            var open = work.IsDelete || work.IsAbsent ? work.Outcome : work.Subscribe;
            if (!work.IsLeaver && (open == "failed" || (open == "not_sent" && (end == "aborted" || work.IsOld))))
            {
                _pending[work.Key] = new(work.IsDelete || work.IsAbsent, work.Email);
            }
        }

        foreach (var key in _ledger.Keys.ToList())
        {
            _ledger[key].RemoveAll(e => e.State == EntryState.None);
        }

        return end.Length > 0 ? end : Counts.Keys.Any(k => k is "failed" or "rejected" or "forgotten") ? "completed_with_failures" : "completed";
    }

    private List<Work> Plan(RetryStep step)
    {
        // A full push takes no deletes: without a key such a record is nobody's row, and then nobody is missed.
        var strays = step.Records.Where(r => step.Full && r is { Action: "delete", Key: null }).ToList();
        strays.ForEach(_ => Count("rejected"));
        var staged = step.Records.Except(strays, ReferenceEqualityComparer.Instance).Cast<PushedRecord>().ToLookup(r => r.Key ?? r.Email!);
        var removeAbsent = step.Full && strays.Count == 0;
        List<Work> works = [];
        foreach (var key in staged.Select(s => s.Key).Concat(_pending.Keys).Concat(_ledger.Keys).Distinct())
        {
            var entries = _ledger.GetValueOrDefault(key) ?? (_ledger[key] = []);
            (bool IsDelete, string? Email, bool IsOld)? last = null;
            string? named = null;
            var known = entries.Count > 0;
            if (_pending.GetValueOrDefault(key) is { } old && (old.Email is not null || known))
            {
                last = (old.IsDelete, old.Email, true);
                (named, known) = (old.Email, true);
            }

            string? namedByStaged = null;
            foreach (var record in staged[key])
            {
                var email = record.Email == "bad@" ? null : record.Email;
                var isDelete = record.Action == "delete";
                if (isDelete ? step.Full || (email is null && !known) : email is null)
                {
                    Count("rejected");
                    continue;
                }

                if (last is { IsOld: false })
                {
                    Count("superseded");
                }

                last = (isDelete, email, false);
                (named, namedByStaged, known) = (email ?? named, email ?? namedByStaged, true);
            }

            var came = staged[key].Any();
            if (last is { IsDelete: false } && !came && removeAbsent)
            {
                last = null;
            }

            Decide(works, step.Full, absent: removeAbsent && !came, key, entries, last, named, namedByStaged);
        }

        return works;
    }

    private void Decide(
        List<Work> works, bool full, bool absent, string key, List<Entry> entries, (bool IsDelete, string? Email, bool IsOld)? last, string? named, string? namedByStaged)
    {
        switch (last)
        {
            case null:
                works.AddRange(entries.Where(e => e.State == EntryState.Leaving).Select(e => new Work { Key = key, IsLeaver = true, Leaves = [e] }));
                works.AddRange(entries.Where(e => absent && e.State != EntryState.Leaving).Select(e => new Work { Key = key, IsAbsent = true, Email = e.Email, Leaves = [e] }));
                break;
            case { IsDelete: true } delete:
                var unknown = entries.Count == 0;
                works.Add(new Work
                {
                    Key = key,
                    IsDelete = true,
                    IsOld = delete.IsOld,
                    Email = delete.Email ?? (delete.IsOld ? null : namedByStaged),
                    Leaves = unknown ? ignoreUnknownDeletes ? [] : [new Entry((delete.Email ?? named)!)] : [.. entries],
                    Outcome = unknown && ignoreUnknownDeletes ? "unsubscribed" : "",
                });
                break;
            case { Email: { } email } upsert:
                var own = entries.Find(e => e.Email == email);
                var others = entries.Where(e => e.Email != email).ToList();
                var holds = others.Where(e => e.State != EntryState.Leaving).ToList();
                var unchanged = full && own is { State: EntryState.Member } && holds.Count == 0;
                works.Add(new Work
                {
                    Key = key,
                    IsOld = upsert.IsOld,
                    Email = email,
                    Own = own,
                    Leaves = unchanged ? [] : holds,
                    Outcome = unchanged ? "unchanged" : "",
                });
                works.AddRange(others.Where(e => e.State == EntryState.Leaving).Select(e => new Work { Key = key, IsLeaver = true, Leaves = [e] }));
                break;
        }
    }

    /// <summary>Those who leave, in one request.</summary>
    private void Leave(List<Work> works, Queue<BatchFault> batches, ref string end)
        => Remove(works.Where(w => (w.IsDelete || w.IsAbsent || w.IsLeaver) && w.Leaves.Count > 0).ToList(), batches, ref end);

    private void Subscribe(List<Work> works, Queue<BatchFault> batches, ref string end)
    {
        var open = works.Where(w => !w.IsDelete && !w.IsAbsent && !w.IsLeaver && w.Outcome.Length == 0).ToList();
        var fault = Send(open.Count, batches, ref end);
        foreach (var work in open)
        {
            var entries = _ledger[work.Key];
            work.Subscribe = work.Outcome = fault switch
            {
                null => "not_sent",
                BatchFault.Undelivered => "failed",
                _ when Refused.Contains(work.Email!) => "failed",
                _ => Forgotten.Contains(work.Email!) ? "forgotten" : "subscribed",
            };
            if (work.Outcome == "subscribed")
            {
                List.Add(work.Email!);
                Own(work, entries).State = EntryState.Member;
                work.Leaves.ForEach(e => e.State = EntryState.Leaving);
                continue;
            }

            if (work.Outcome == "forgotten" && work.Own is not null)
            {
                work.Own.State = EntryState.None;
            }
            else if (fault == BatchFault.Undelivered && work.Own is null or { State: EntryState.Leaving })
            {
                Own(work, entries).State = EntryState.Maybe;
            }
        }
    }

    /// <summary>Old addresses whose new one was accepted.</summary>
    private void Replace(List<Work> works, Queue<BatchFault> batches, ref string end)
        => Remove(works.Where(w => w.Subscribe == "subscribed" && w.Leaves.Count > 0).ToList(), batches, ref end);

    private void Remove(List<Work> open, Queue<BatchFault> batches, ref string end)
    {
        var fault = Send(open.Count, batches, ref end);
        foreach (var work in open)
        {
            List<string> outcomes = work.Outcome.Length > 0 ? [work.Outcome] : [];
            foreach (var entry in work.Leaves)
            {
                var outcome = fault is null ? "not_sent" : fault == BatchFault.Undelivered || Refused.Contains(entry.Email) ? "failed" : "unsubscribed";
                outcomes.Add(outcome);
                if (outcome == "unsubscribed")
                {
                    List.Remove(entry.Email);
                }

                entry.State = outcome switch { "unsubscribed" => EntryState.None, "failed" => EntryState.Leaving, _ => entry.State };
            }

            work.Outcome = outcomes.Contains("failed") ? "failed" : outcomes.Contains("not_sent") ? "not_sent" : outcomes[0];
        }
    }

    private static Entry Own(Work work, List<Entry> entries)
    {
        if (work.Own is null)
        {
            entries.Add(work.Own = new Entry(work.Email!));
        }

        return work.Own;
    }

    /// <summary>What happens to a batch; null when it is not sent, or is refused with the key.</summary>
    private static BatchFault? Send(int operations, Queue<BatchFault> batches, ref string end)
    {
        if (operations == 0 || end.Length > 0)
        {
            return operations == 0 ? BatchFault.None : null;
        }

        var fault = batches.TryDequeue(out var next) ? next : BatchFault.None;
        end = fault switch { BatchFault.KeyRefused => "aborted", BatchFault.Stopped => "cancelled", _ => end };
        return fault == BatchFault.KeyRefused ? null : fault;
    }

    private void Count(string what) => Counts[what] = Counts.GetValueOrDefault(what) + 1;
}
