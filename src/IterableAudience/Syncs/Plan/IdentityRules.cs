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

    /// <summary>Leavers with a userId that an e-mail-only record holds: nobody may name their userId.</summary>
    private readonly HashSet<OpRef> _heldByEmail = [];

    /// <summary>Leavers with a userId that are held by an e-mail-only identity until its replacement is accepted.</summary>
    private readonly Dictionary<OpRef, List<OpRef>> _waitsByEmail = [];

    private readonly List<LedgerEntry> _found = [];

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

        var (heldForAll, heldByLedger, heldForNow) = EmailHolders(run);
        foreach (ref readonly var leaver in run)
        {
            if (leaver.IsSubscribe || leaver.HasUserId == 0)
            {
                continue;
            }

            if (heldForAll)
            {
                _heldByEmail.Add(leaver.Ref);
            }
            else if (heldByLedger)
            {
                find(leaver, FindingKind.EmailHeld, default);
            }
            else if (heldForNow || ReplacedByAnother(run, leaver))
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

        Settle(run, r => r.HasUserId == 0, heldForAll || heldByLedger || heldForNow, waitsFor);
    }

    /// <summary>Third pass, a run of one userId that has leavers.</summary>
    public void LeaversOfUser(ReadOnlySpan<IdentityRef> run)
    {
        if (!AnyLeaver(run))
        {
            return;
        }

        var held = false;
        List<OpRef> waitsFor = [];
        foreach (ref readonly var reference in run)
        {
            held |= reference.IsSubscribe || _heldByEmail.Contains(reference.Ref);
            if (reference.Kind == OpKind.Replace)
            {
                waitsFor.Add(new OpRef(reference.Part, reference.SubscribeOrd));
            }

            if (_waitsByEmail.TryGetValue(reference.Ref, out var more))
            {
                waitsFor.AddRange(more);
            }
        }

        if (!held)
        {
            foreach (var entry in Holders(run))
            {
                held |= entry.UserId.Exists && hash.User(entry.UserId.Of(entry.Value)) == run[0].Hash;
            }
        }

        Settle(run, _ => true, held, waitsFor);
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
    private (bool ForAll, bool ByLedger, bool ForNow) EmailHolders(ReadOnlySpan<IdentityRef> run)
    {
        var forAll = false;
        var byLedger = false;
        var forNow = false;
        foreach (ref readonly var reference in run)
        {
            forAll |= reference is { IsSubscribe: true, HasUserId: 0 };
            forNow |= reference is { IsSubscribe: true, HasUserId: 1 };
        }

        if (!forAll)
        {
            foreach (var entry in Holders(run))
            {
                if (entry.Email.Exists && hash.Email(entry.Email.Of(entry.Value)) == run[0].Hash)
                {
                    forAll |= !entry.UserId.Exists;
                    byLedger |= entry.UserId.Exists;
                }
            }
        }

        return (forAll, byLedger, forNow);
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
                stays &= !(reference.HasEntry && entry.Connection == OwnConnection
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
    private void Settle(ReadOnlySpan<IdentityRef> run, Func<IdentityRef, bool> namedByIt, bool held, List<OpRef> waitsFor)
    {
        var chosen = -1;
        for (var i = 0; i < run.Length; i++)
        {
            if (run[i].IsSubscribe || !namedByIt(run[i]))
            {
                continue;
            }

            if (held)
            {
                find(run[i], FindingKind.Held, default);
            }
            else if (chosen < 0 || Rank(run[i]) > Rank(run[chosen]))
            {
                chosen = i;
            }
        }

        if (held || chosen < 0)
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
            if (!run[i].IsSubscribe && namedByIt(run[i]) && i != chosen)
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
            if (!reference.IsSubscribe)
            {
                return true;
            }
        }

        return false;
    }
}
