using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using IterableAudience.Store;
using IterableAudience.Syncs.Ledger;

namespace IterableAudience.Syncs.Plan;

/// <summary>
/// Second step of planning: sorts the identifiers of all operations, slice by slice of the identity space, and lets
/// <see cref="IdentityRules"/> look at those that meet. Its findings go back to the operations' own slices.
/// </summary>
internal sealed class IdentityStep
{
    private readonly PlanRun _run;
    private readonly IdentityRules _rules;
    private readonly PlanTurns _turns;
    private readonly LeanStore? _store;
    private readonly long _list;
    private readonly int _ahead;
    private Action<UInt128, List<LedgerEntry>> _holders = Nobody;
    private IdentityRef[] _gathered = new IdentityRef[16];

    /// <param name="run">What the first step found.</param>
    /// <param name="turns">Where it takes its turns with the ledger.</param>
    /// <param name="store">Where the ledger is; null when it is empty.</param>
    /// <param name="list">The list.</param>
    /// <param name="ahead">Slices that are sorted before it is their turn.</param>
    public IdentityStep(PlanRun run, PlanTurns turns, LeanStore? store, long list, int ahead)
    {
        (_run, _turns, _store, _list, _ahead) = (run, turns, store, list, ahead);
        _rules = new IdentityRules(Found, (hash, into) => _holders(hash, into), run.Hash) { OwnConnection = run.Connection };
    }

    public async Task RunAsync(CancellationToken cancel)
    {
        await PassAsync(_run.Users, _rules.SubscribesOfUser, cancel);
        await PassAsync(_run.Emails, _rules.Email, cancel);
        if (_run.HasLeavers)
        {
            await PassAsync(_run.Users, _rules.LeaversOfUser, cancel);
        }
    }

    private delegate void RunRule(ReadOnlySpan<IdentityRef> run);

    private async Task PassAsync(Spill spill, RunRule rule, CancellationToken cancel)
    {
        var ahead = new Queue<Task<SortedSlice>>();
        for (var (part, sorting) = (0, 0); part < _run.Partitions; part++)
        {
            for (; sorting < _run.Partitions && ahead.Count < _ahead; sorting++)
            {
                var of = sorting;
                ahead.Enqueue(Task.Run(() => Sorted(spill, of), cancel));
            }

            using var slice = await ahead.Dequeue();
            cancel.ThrowIfCancellationRequested();
            if (_store is null || AskedFor(slice) is not { Count: > 0 } hashes)
            {
                Apply(slice, rule);
                continue;
            }

            await _turns.TakeAsync(
                _store,
                connection =>
                {
                    using var ledger = new LedgerReader(connection, _list, _run.Connection);
                    ledger.ExpectHolders(hashes);
                    _holders = ledger.Holders;
                    Apply(slice, rule);
                    _holders = Nobody;
                    return true;
                },
                cancel);
        }
    }

    private static void Nobody(UInt128 hash, List<LedgerEntry> into)
    {
    }

    private void Apply(SortedSlice slice, RunRule rule)
    {
        var references = slice.References;
        var keys = slice.Keys;
        var order = slice.Order;
        for (var i = 0; i < order.Length;)
        {
            var end = i + 1;
            while (end < order.Length && keys[end] == keys[i])
            {
                end++;
            }

            if (end - i > 1 || references[order[i]].IsLeaver)
            {
                Gather(references, order[i..end]);
                Split(_gathered.AsSpan(0, end - i), rule);
            }

            i = end;
        }
    }

    /// <summary>Who is taken off may be held by somebody else; of nobody else will the holders be asked for.</summary>
    private static List<long> AskedFor(SortedSlice slice)
    {
        List<long> hashes = [];
        foreach (ref readonly var reference in slice.References)
        {
            if (reference.IsLeaver)
            {
                hashes.Add(KeyedHash.Short(reference.Hash));
            }
        }

        return hashes;
    }

    private static SortedSlice Sorted(Spill spill, int part)
    {
        var slice = new SortedSlice(spill.Read(part));
        var references = slice.References;
        var keys = slice.Keys;
        var order = slice.Order;
        for (var i = 0; i < references.Length; i++)
        {
            keys[i] = references[i].HashLow;
            order[i] = i;
        }

        keys.Sort(order);
        return slice;
    }

    /// <summary>Copies a run and puts it in a fixed order, so that the same records always give the same plan.</summary>
    private void Gather(ReadOnlySpan<IdentityRef> references, ReadOnlySpan<int> indexes)
    {
        if (_gathered.Length < indexes.Length)
        {
            _gathered = new IdentityRef[Math.Max(indexes.Length, _gathered.Length * 2)];
        }

        for (var i = 0; i < indexes.Length; i++)
        {
            _gathered[i] = references[indexes[i]];
        }

        _gathered.AsSpan(0, indexes.Length).Sort(static (a, b)
            => (a.HashHigh, a.Line, a.Part, a.Ord).CompareTo((b.HashHigh, b.Line, b.Part, b.Ord)));
    }

    /// <summary>Half of the hash agrees; the other half must, too.</summary>
    private static void Split(ReadOnlySpan<IdentityRef> gathered, RunRule rule)
    {
        for (var i = 0; i < gathered.Length;)
        {
            var end = i + 1;
            while (end < gathered.Length && gathered[end].HashHigh == gathered[i].HashHigh)
            {
                end++;
            }

            rule(gathered[i..end]);
            i = end;
        }
    }

    private void Found(IdentityRef of, FindingKind kind, OpRef other)
    {
        var finding = new Finding { Ord = of.Ord, Kind = kind, OtherPart = other.Part, OtherOrd = other.Ord };
        _run.Findings.Append(of.Part, MemoryMarshal.AsBytes(new ReadOnlySpan<Finding>(in finding)));
    }

    /// <summary>The references of a slice and their order by the half of the hash that slices and the index of holders go by. Made ahead of the rules, which need the slices one by one.</summary>
    private sealed class SortedSlice(PooledArray<byte> bytes) : IDisposable
    {
        private readonly PooledArray<ulong> _keys = new(bytes.Length / Unsafe.SizeOf<IdentityRef>());
        private readonly PooledArray<int> _order = new(bytes.Length / Unsafe.SizeOf<IdentityRef>());

        public Span<IdentityRef> References => MemoryMarshal.Cast<byte, IdentityRef>(bytes.Span);

        public Span<ulong> Keys => _keys.Span;

        public Span<int> Order => _order.Span;

        public void Dispose()
        {
            bytes.Dispose();
            _keys.Dispose();
            _order.Dispose();
        }
    }
}
