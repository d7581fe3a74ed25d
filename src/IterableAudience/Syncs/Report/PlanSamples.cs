using System.Text;
using IterableAudience.Records;
using IterableAudience.Store;
using IterableAudience.Syncs.Ledger;
using IterableAudience.Syncs.Staging;

namespace IterableAudience.Syncs.Report;

/// <summary>Some records of each action of a plan, with whom they concern: a deletion that names only its key gets the identity that the ledger has under it.</summary>
internal sealed class PlanSamples(LeanStore store, KeyedHash hash, Sync sync)
{
    private const int Size = 10;
    private static readonly Outcome[] OfPlan = [Outcome.Planned, Outcome.NotSent];

    /// <param name="masked">Whether whoever asks may only recognize people.</param>
    /// <param name="cancel">Stops looking.</param>
    public Dictionary<string, IReadOnlyList<RecordView>> Read(bool masked, CancellationToken cancel)
    {
        Dictionary<string, IReadOnlyList<RecordView>> samples = [];
        foreach (var action in Enum.GetValues<RecordAction>())
        {
            List<RecordView> some = [];
            if (OfAction(action) == 0)
            {
                samples[action.Word()] = some;
                continue; // there is none, and nothing to look through for it
            }

            foreach (var (view, _) in new RecordPages(store, sync, masked: false).Read(new RecordFilter(OfPlan, null, action, null), default))
            {
                cancel.ThrowIfCancellationRequested();
                some.Add(view);
                if (some.Count == Size)
                {
                    break;
                }
            }

            var whole = action == RecordAction.Delete ? store.Read(c => WithPeople(c, some)) : some;
            samples[action.Word()] = masked ? [.. whole.Select(RecordViews.Masked)] : whole;
        }

        return samples;
    }

    /// <summary>How many records of an action there may be.</summary>
    private long OfAction(RecordAction action)
    {
        var counts = SyncJson.Counts(sync.CountsJson);
        return counts.Retried + action switch
        {
            RecordAction.Insert => counts.Insert,
            RecordAction.Update => counts.Update,
            _ => counts.Delete + counts.Absent,
        };
    }

    private List<RecordView> WithPeople(System.Data.Common.DbConnection connection, List<RecordView> some)
    {
        using var ledger = new LedgerReader(connection, sync.ListNo, sync.ConnectionNo);
        List<LedgerEntry> entries = [];
        return [.. some.Select(WithPerson)];

        RecordView WithPerson(RecordView view)
        {
            if (view is not { PrimaryKey: { } key, Identifiers.Count: 0 })
            {
                return view;
            }

            entries.Clear();
            var keyHash = hash.Key((byte)KeyKind.Primary, Encoding.UTF8.GetBytes(key));
            ledger.ExpectKeys([keyHash]);
            ledger.OfKey(keyHash, entries);
            foreach (var entry in entries.Where(e => e.KeyKind == KeyKind.Primary && e.KeyText == key).OrderByDescending(e => e.IsMember))
            {
                return view with { Identifiers = RecordViews.Identifiers(entry.Identity), Faults = [] };
            }

            return view;
        }
    }
}
