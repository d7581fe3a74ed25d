using IterableAudience.Records;

namespace IterableAudience.Tests.Plan;

/// <summary>
/// What the rows of all connections say who belongs on the list, straight from the plan rules of the design: record by record, without
/// operations, hashes, slices or batches. It follows syncs in which nothing fails.
/// </summary>
internal sealed class AudienceModel(Scenario scenario, ModelList list)
{
    private readonly Rows[] _connections = [.. scenario.IgnoreUnknownDeletes.Select(_ => new Rows())];
    private readonly HashSet<ModelUser> _strangers = [.. list.Users];

    /// <summary>A key: the namespace of a row's own key, of userIds or of e-mails, and the key in there.</summary>
    private readonly record struct Key(char Space, string Text);

    private sealed class Rows
    {
        public Dictionary<Key, Identity> Members { get; } = [];

        public List<(Key Key, Identity Identity)> Leaving { get; } = [];

        public bool Knows(Key key) => Members.ContainsKey(key) || Leaving.Exists(l => l.Key == key);
    }

    public bool HasMembers(int connection) => _connections[connection].Members.Count > 0;

    /// <summary>Whoever must be on the list now.</summary>
    public HashSet<ModelUser> Expected()
    {
        var expected = _connections.SelectMany(c => c.Members.Values).Select(list.Find).OfType<ModelUser>().ToHashSet();
        _strangers.ExceptWith(expected); // whoever came by a row goes with it
        expected.UnionWith(_strangers);
        expected.RemoveWhere(u => u.IsForgotten);
        return expected;
    }

    /// <summary>One sync in which everything works.</summary>
    public void Apply(Step step)
    {
        _ = Expected();
        var rows = _connections[step.Connection];
        var before = rows.Members.ToDictionary();
        var byKey = step.Records.Select(r => (Record: r, Identity: Judge(r))).Where(r => r.Record.Action is not null)
            .Select(r => (r.Record, r.Identity, Key: KeyOf(r.Record, r.Identity))).Where(r => r.Key is not null).GroupBy(r => r.Key!.Value).ToList();
        List<Identity> unknown = [];
        foreach (var ofKey in byKey)
        {
            var known = rows.Knows(ofKey.Key);
            (PushedRecord Record, Identity? Identity)? last = null;
            Identity? named = null;
            foreach (var (record, identity, _) in ofKey)
            {
                if (identity is not null || (record.Action == "delete" && known && !step.Full))
                {
                    last = (record, identity);
                    named = identity ?? named;
                    known = true;
                }
            }

            if (step.Full)
            {
                last = ofKey.Where(r => r.Record.Action != "delete" && r.Identity is not null).Select(r => ((PushedRecord, Identity?)?)(r.Record, r.Identity)).LastOrDefault();
            }

            if (last is not { } decides)
            {
                continue;
            }

            if (decides.Record.Action != "delete")
            {
                Upsert(rows, ofKey.Key, decides.Identity!.Value);
                continue;
            }

            var ends = rows.Members.Keys.Where(k => k == ofKey.Key).ToList();
            if (ofKey.Key.Space != 'p')
            {
                ends.AddRange(before.Where(m => m.Key.Space != 'p' && m.Key != ofKey.Key && m.Value.IsSamePersonAs(decides.Identity!.Value)
                    && byKey.TrueForAll(k => k.Key != m.Key)).Select(m => m.Key).Where(rows.Members.ContainsKey));
            }

            var isKnown = ends.Count > 0 || rows.Knows(ofKey.Key)
                || (ofKey.Key.Space != 'p' && (rows.Leaving.Exists(l => l.Key.Space != 'p' && l.Identity.IsSamePersonAs(decides.Identity!.Value))
                    || before.Any(m => m.Key.Space != 'p' && m.Value.IsSamePersonAs(decides.Identity!.Value))));
            ends.ForEach(k => Leave(rows, k));
            if (!isKnown && !scenario.IgnoreUnknownDeletes[step.Connection])
            {
                unknown.Add((decides.Identity ?? named)!.Value);
            }
        }

        if (step.Full && step.Records.All(r => r.Action is not null && KeyOf(r, Judge(r)) is not null))
        {
            rows.Members.Keys.Where(k => byKey.TrueForAll(b => b.Key != k)).ToList().ForEach(k => Leave(rows, k));
        }

        rows.Leaving.RemoveAll(l => !IsHeld(l.Identity));
        foreach (var identity in unknown.Where(i => !IsHeld(i)))
        {
            if (list.ByUserId(identity.UserId) is { } user)
            {
                _strangers.Remove(user);
            }
            else if (!before.Values.Concat(_connections.SelectMany(c => c.Members.Values)).Any(m => m.Email == identity.Email))
            {
                _strangers.RemoveWhere(u => identity.Email is not null && u.Email == identity.Email);
            }
        }
    }

    private void Upsert(Rows rows, Key key, Identity identity)
    {
        var forgotten = list.ByUserId(identity.UserId) is { IsForgotten: true } || list.ByEmail(identity.Email) is { IsForgotten: true };
        if (rows.Members.TryGetValue(key, out var old) && !old.IsSamePersonAs(identity))
        {
            if (forgotten)
            {
                return; // a refused replacement leaves the old identity where it is
            }

            Leave(rows, key);
            old = default;
        }

        rows.Leaving.RemoveAll(l => l.Key == key && l.Identity.IsSamePersonAs(identity));
        rows.Members.Remove(key);
        if (!forgotten)
        {
            rows.Members[key] = new(identity.Email ?? old.Email, identity.UserId ?? old.UserId);
        }
    }

    private static void Leave(Rows rows, Key key)
    {
        rows.Leaving.Add((key, rows.Members[key]));
        rows.Members.Remove(key);
    }

    private bool IsHeld(Identity identity) => _connections.Any(c => c.Members.Values.Any(identity.IsSamePersonAs));

    private static Key? KeyOf(PushedRecord record, Identity? identity)
        => record.Key is not null ? new('p', record.Key)
            : identity?.UserId is { } userId ? new('u', userId)
            : identity?.Email is { } email ? new('e', email)
            : null;

    /// <summary>The generator's bad values are few, so their verdicts are simply known.</summary>
    private Identity? Judge(PushedRecord record)
    {
        var email = record.Email?.Trim().ToLowerInvariant();
        email = scenario.Type == ProjectType.UserIdBased || email is null or "" or "bad@" or "no address" ? null : email;
        var userId = scenario.Type == ProjectType.EmailBased || record.UserId is null or "" or " padded " or { Length: > 52 } ? null : record.UserId;
        return email is null && userId is null ? null : new(email, userId);
    }
}
