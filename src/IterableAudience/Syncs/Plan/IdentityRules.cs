using IterableAudience.Store;
using IterableAudience.Syncs.Ledger;

namespace IterableAudience.Syncs.Plan;

/// <summary>
/// The plan rules between keys: who is the same person, and who is held. Works on runs, all operations of the sync with one identifier.
/// It takes three passes, since in a hybrid project an operation has two identifiers and what one run says may bind the other:
/// subscribes by userId; everything by e-mail; leavers by userId.
/// </summary>
/// <remarks>Same person: the same userId, or, where either lacks a userId, the same e-mail (<see cref="Records.Identity"/>).</remarks>
internal sealed class IdentityRules(
    Action<IdentityRef, FindingKind, OpRef> find, Action<UInt128, List<LedgerEntry>> holders, KeyedHash hash)
{
    /// <summary>Subscribes that stand back for another e-mail of the same userId: nobody may stand back for them.</summary>
    private readonly HashSet<OpRef> _overridden = [];

    /// <summary>Leavers with a userId that somebody with the e-mail only holds, and who: nobody may name their userId.</summary>
    private readonly Dictionary<OpRef, Holder> _heldByEmail = [];

    /// <summary>Leavers with both identifiers whose userId somebody holds, who may have the e-mail with it: so that one holds the e-mail, too.</summary>
    private readonly Dictionary<OpRef, Holder> _heldByUser = [];

    /// <summary>Leavers with a userId that are held by an e-mail-only identity until its replacement is accepted.</summary>
    private readonly Dictionary<OpRef, List<OpRef>> _waitsByEmail = [];

    private readonly List<LedgerEntry> _found = [];

    /// <summary>Who holds a leaver's person after this sync. The later ones say more: a record may be refused, and whoever holds besides a row may let go before the row is mended.</summary>
    private readonly record struct Holder(FindingKind Kind, OpRef Record) : IComparable<Holder>
    {
        public static readonly Holder Entry = new(FindingKind.Held, default);
        public static readonly Holder Row = new(FindingKind.HeldByRow, default);

        public static Holder? Of(in IdentityRef reference)
            => reference.Kind == OpKind.Hold ? Row : reference.IsSubscribe ? new(FindingKind.HeldByRecord, reference.Ref) : null;

        public int CompareTo(Holder other) => Kind.CompareTo(other.Kind);

        public static Holder? Stronger(Holder? one, Holder? other) => Nullable.Compare(one, other) >= 0 ? one : other;
    }

    /// <summary>First pass, a run of one userId: one subscribe stands for all, the last that brings an e-mail.</summary>
    public void SubscribesOfUser(ReadOnlySpan<IdentityRef> run)
    {
        var chosen = -1;
        var several = false;
        for (var i = 0; i < run.Length; i++)
        {
            if (!run[i].IsSubscribe)
            {
                continue;
            }

            several |= chosen >= 0;
            if (chosen < 0 || (HasEmail(run[i]), -run[i].Age, run[i].Line).CompareTo((HasEmail(run[chosen]), -run[chosen].Age, run[chosen].Line)) > 0)
            {
                chosen = i;
            }
        }

        NoteHeldByUser(run);
        for (var i = 0; several && i < run.Length; i++)
        {
            if (run[i].IsSubscribe && i != chosen)
            {
                find(run[i], FindingKind.FollowSubscribe, run[chosen].Ref);
                if (HasEmail(run[i]) && run[i].KeyHashOrOther != run[chosen].KeyHashOrOther)
                {
                    _overridden.Add(run[i].Ref);
                }
            }
        }

        static bool HasEmail(in IdentityRef reference) => reference.KeyHashOrOther != 0;
    }

    /// <summary>Second pass, a run of one e-mail.</summary>
    public void Email(ReadOnlySpan<IdentityRef> run)
    {
        MergeEmailSubscribes(run);
        if (!AnyLeaver(run))
        {
            return;
        }

        var (forAll, byOther, forNow) = EmailHolders(run);
        foreach (ref readonly var leaver in run)
        {
            if (!leaver.IsLeaver || leaver.HasUserId == 0)
            {
                continue;
            }

            if (forAll is { } holder)
            {
                _heldByEmail[leaver.Ref] = holder;
            }
            else if (byOther is not null)
            {
                find(leaver, FindingKind.EmailHeld, default);
            }
            else if (forNow is not null || ReplacedByAnother(run, leaver))
            {
                find(leaver, FindingKind.EmailHeldForNow, default);
            }

            foreach (ref readonly var other in run)
            {
                if (other is { Kind: OpKind.Replace, HasUserId: 0 })
                {
                    var waits = _waitsByEmail.TryGetValue(leaver.Ref, out var list) ? list : _waitsByEmail[leaver.Ref] = [];
                    waits.Add(new OpRef(other.Part, other.SubscribeOrd));
                }
            }
        }

        // Those who have only the e-mail are named by it, so this run has the last word on them.
        List<OpRef> waitsFor = [];
        foreach (ref readonly var other in run)
        {
            if (other.Kind == OpKind.Replace)
            {
                waitsFor.Add(new OpRef(other.Part, other.SubscribeOrd));
            }
        }

        Settle(run, r => r.HasUserId == 0, Holder.Stronger(forAll, Holder.Stronger(byOther, forNow)), waitsFor);
    }

    /// <summary>Third pass, a run of one userId that has leavers.</summary>
    public void LeaversOfUser(ReadOnlySpan<IdentityRef> run)
    {
        if (!AnyLeaver(run))
        {
            return;
        }

        var userHash = run[0].Hash;
        Holder? held = null;
        List<OpRef> waitsFor = [];
        foreach (ref readonly var reference in run)
        {
            held = Holder.Stronger(held, Holder.Of(reference));
            held = Holder.Stronger(held, _heldByEmail.TryGetValue(reference.Ref, out var byEmail) ? byEmail : null);
            if (reference.Kind == OpKind.Replace)
            {
                waitsFor.Add(new OpRef(reference.Part, reference.SubscribeOrd));
            }

            if (_waitsByEmail.TryGetValue(reference.Ref, out var more))
            {
                waitsFor.AddRange(more);
            }
        }

        if (held is null && Holders(run).Exists(e => e.UserId.Exists && hash.User(e.UserId.Of(e.Value)) == userHash))
        {
            held = Holder.Entry;
        }

        Settle(run, _ => true, held, waitsFor);
    }

    /// <summary>
    /// Iterable keeps one person for a userId, with the e-mail that it was told last: whoever is to stay by the userId must not be taken off by an e-mail that the person may have,
    /// whichever e-mail the one who holds the userId is known with.
    /// </summary>
    private void NoteHeldByUser(ReadOnlySpan<IdentityRef> run)
    {
        Holder? holder = null, change = null;
        var (anyLeaver, anyRetried) = (false, false);
        foreach (ref readonly var reference in run)
        {
            anyLeaver |= reference is { IsLeaver: true, HasBoth: 1 };
            anyRetried |= reference is { IsLeaver: true, HasBoth: 1, Retried: not 0 };
            if (reference is { IsSubscribe: true, KeyHashOrOther: not 0 })
            {
                change = Holder.Of(reference); // if it is refused the person has the old e-mail still; an entry that was leaving before has nothing to do with it
            }
            else
            {
                holder = Holder.Stronger(holder, Holder.Of(reference));
            }
        }

        if (holder is null && (change is null ? anyLeaver : anyRetried))
        {
            var userHash = run[0].Hash;
            holder = Holders(run).Exists(e => e.UserId.Exists && hash.User(e.UserId.Of(e.Value)) == userHash) ? Holder.Entry : null;
        }

        foreach (ref readonly var leaver in run)
        {
            if (leaver is { IsLeaver: true, HasBoth: 1 } && (holder ?? (leaver.Retried == 0 ? change : null)) is { } by)
            {
                _heldByUser[leaver.Ref] = by;
            }
        }
    }

    /// <summary>E-mail-only subscribes stand back for the last one that brings the same e-mail with a userId, else for the last of themselves.</summary>
    private void MergeEmailSubscribes(ReadOnlySpan<IdentityRef> run)
    {
        var chosen = -1;
        for (var i = 0; i < run.Length; i++)
        {
            var candidate = run[i].IsSubscribe && (run[i].HasUserId == 0 || (run[i].EmailSent == 1 && !_overridden.Contains(run[i].Ref)));
            if (candidate && (chosen < 0 || (run[i].HasUserId, -run[i].Age, run[i].Line).CompareTo((run[chosen].HasUserId, -run[chosen].Age, run[chosen].Line)) > 0))
            {
                chosen = i;
            }
        }

        for (var i = 0; i < run.Length; i++)
        {
            if (run[i] is { IsSubscribe: true, HasUserId: 0 } && i != chosen)
            {
                find(run[i], FindingKind.FollowSubscribe, run[chosen].Ref);
            }
        }
    }

    /// <summary>Another userId's entry with this e-mail is being replaced: should its replacement fail, the e-mail is still its own.</summary>
    private static bool ReplacedByAnother(ReadOnlySpan<IdentityRef> run, IdentityRef leaver)
    {
        foreach (ref readonly var other in run)
        {
            if (other is { Kind: OpKind.Replace, HasUserId: 1 } && other.Ref != leaver.Ref)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Whether somebody holds the e-mail after this sync: somebody with the e-mail only, who holds all of the run, or somebody with
    /// a userId besides, who holds those with the e-mail only (and keeps the others' e-mail from being named).
    /// </summary>
    private (Holder? ForAll, Holder? ByOther, Holder? ForNow) EmailHolders(ReadOnlySpan<IdentityRef> run)
    {
        Holder? forAll = null, byOther = null, forNow = null;
        foreach (ref readonly var reference in run)
        {
            var holder = Holder.Of(reference);
            if (reference.HasUserId == 0)
            {
                forAll = Holder.Stronger(forAll, holder);
            }
            else if (reference.IsSubscribe)
            {
                forNow = Holder.Stronger(forNow, holder);
            }
            else
            {
                holder = _heldByUser.TryGetValue(reference.Ref, out var byUser) ? byUser : holder;
                (byOther, forNow) = holder is { Kind: FindingKind.HeldByRecord }
                    ? (byOther, Holder.Stronger(forNow, holder))
                    : (Holder.Stronger(byOther, holder), forNow);
            }
        }

        if (forAll is null)
        {
            foreach (var entry in Holders(run))
            {
                if (entry.Email.Exists && hash.Email(entry.Email.Of(entry.Value)) == run[0].Hash)
                {
                    forAll ??= entry.UserId.Exists ? null : Holder.Entry;
                    byOther ??= entry.UserId.Exists ? Holder.Entry : null;
                }
            }
        }

        return (forAll, byOther, forNow);
    }

    /// <summary>Entries of the ledger that stay whatever this sync does: not those that the run itself ends or replaces.</summary>
    private List<LedgerEntry> Holders(ReadOnlySpan<IdentityRef> run)
    {
        _found.Clear();
        holders(run[0].Hash, _found);
        for (var i = _found.Count - 1; i >= 0; i--)
        {
            var entry = _found[i];
            var stays = entry.Holds;
            foreach (ref readonly var reference in run)
            {
                stays &= !(reference.HasEntry && reference.Retried < 2 && entry.Connection == OwnConnection
                    && reference.KeyHashOrOther == entry.KeyHash && reference.Slot == entry.Slot);
            }

            if (!stays)
            {
                _found.RemoveAt(i);
            }
        }

        return _found;
    }

    /// <summary>The connection whose sync this is.</summary>
    public long OwnConnection { get; init; }

    /// <summary>Leavers that are named alike: held, or one is sent and the others follow it, at once or when the replacements are accepted.</summary>
    private void Settle(ReadOnlySpan<IdentityRef> run, Func<IdentityRef, bool> namedByIt, Holder? held, List<OpRef> waitsFor)
    {
        var chosen = -1;
        for (var i = 0; i < run.Length; i++)
        {
            if (!run[i].IsLeaver || !namedByIt(run[i]))
            {
                continue;
            }

            if (held is { } by)
            {
                find(run[i], by.Kind, by.Record);
            }
            else if (chosen < 0 || Rank(run[i]) > Rank(run[chosen]))
            {
                chosen = i;
            }
        }

        if (held is not null || chosen < 0)
        {
            return;
        }

        foreach (var subscribe in waitsFor.Distinct())
        {
            find(run[chosen], FindingKind.DependsOn, subscribe);
        }

        var follow = waitsFor.Count > 0 || run[chosen].Kind == OpKind.Replace ? FindingKind.FollowReplaced : FindingKind.FollowUnsubscribe;
        for (var i = 0; i < run.Length; i++)
        {
            if (run[i].IsLeaver && namedByIt(run[i]) && i != chosen)
            {
                find(run[i], follow, run[chosen].Ref);
            }
        }

        // A replaced identity first (it says when), then what a record asks for, then leftovers; those with both identifiers before others.
        static int Rank(in IdentityRef r)
            => (r.Kind == OpKind.Replace ? 8 : 0) + (r.Retried == 0 ? 4 : 0) + (r.Kind == OpKind.Leave ? 2 : 0) + r.HasBoth;
    }

    private static bool AnyLeaver(ReadOnlySpan<IdentityRef> run)
    {
        foreach (ref readonly var reference in run)
        {
            if (reference.IsLeaver)
            {
                return true;
            }
        }

        return false;
    }
}
