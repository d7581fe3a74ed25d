namespace IterableAudience.Tests.Mirror;

/// <summary>What a list should be: whom the rules put on it and take off it, sync by sync, one connection at a time.</summary>
internal sealed class ListModel
{
    private readonly List<Feeding> _connections = [];

    /// <summary>Who is on the list.</summary>
    public HashSet<string> People { get; } = [];

    public Feeding AddConnection()
    {
        _connections.Add(new(this));
        return _connections[^1];
    }

    public static string Valid(string email) => email.Trim().ToLowerInvariant();

    public static bool IsValid(string? email) => email is not null && email.Contains('@', StringComparison.Ordinal);

    private bool IsHeldFor(string person, Feeding connection)
        => _connections.Exists(c => c.Holds(person) || (c != connection && c.HoldsForOthers(person)));

    /// <summary>One connection's part: key → whom it put on the list, and whom it is to take off still.</summary>
    internal sealed class Feeding(ListModel list)
    {
        private readonly Dictionary<string, string> _accepted = [];

        /// <summary>Value: whether a row that is held back names the person.</summary>
        private readonly Dictionary<(string Key, string Person), bool> _leaving = [];
        private int _tolerated = int.MaxValue;
        private bool _nextIsFull = true;

        public bool Holds(string person) => _accepted.ContainsValue(person);

        public bool HoldsForOthers(string person) => _leaving.Any(l => l.Value && l.Key.Person == person);

        /// <summary>What a sync that comes to its end makes of the list.</summary>
        public void Move(IReadOnlyList<(string? Key, string? Email)> rows, bool full)
        {
            full |= _nextIsFull;
            var nameless = rows.Count(r => r.Key is null && !IsValid(r.Email));
            var isNewNameless = nameless > _tolerated;
            var nobodyIsMissing = full && _leaving.Count == 0 && _accepted.Keys.All(k => rows.Any(r => r.Key == k));
            var nobodyYet = _accepted.Count + _leaving.Count == 0;
            var skip = isNewNameless && !nobodyYet && !nobodyIsMissing;

            // A row that is held back for its key holds whom it names.
            var byRow = rows.GroupBy(r => r.Key).Where(g => g.Key is null || g.Count() > 1).SelectMany(g => g).Where(r => IsValid(r.Email)).Select(r => Valid(r.Email!)).ToHashSet();
            var tried = skip ? [] : _leaving.Keys.ToHashSet();
            foreach (var left in _leaving.Keys.Where(l => skip && byRow.Contains(l.Person)))
                _leaving[left] = true;
            var stays = false;
            foreach (var key in _accepted.Keys.Concat(rows.Where(r => r.Key is not null).Select(r => r.Key!)).Distinct().ToList())
            {
                var ofKey = rows.Where(r => r.Key == key).ToList();
                var old = _accepted.GetValueOrDefault(key);
                if (ofKey.Count == 1 && IsValid(ofKey[0].Email))
                {
                    Accept(key, old, Valid(ofKey[0].Email!), tried);
                }
                else if (ofKey.Count == 0 && !isNewNameless && old is not null)
                {
                    if (byRow.Contains(old))
                        stays = true;
                    else
                        Leave(key, old, tried);
                }
            }

            TakeOff(tried, byRow);
            _tolerated = skip ? _tolerated : nameless;
            _nextIsFull = stays || (full && skip);
        }

        private void Accept(string key, string? old, string person, HashSet<(string, string)> tried)
        {
            if (old is not null && old != person)
                Leave(key, old, tried);
            _accepted[key] = person;
            _leaving.Remove((key, person));
            tried.Remove((key, person));
            list.People.Add(person);
        }

        private void Leave(string key, string person, HashSet<(string, string)> tried)
        {
            _accepted.Remove(key);
            _leaving[(key, person)] = false;
            tried.Add((key, person));
        }

        private void TakeOff(HashSet<(string Key, string Person)> tried, HashSet<string> byRow)
        {
            foreach (var (key, person) in tried)
            {
                if (byRow.Contains(person) || list.IsHeldFor(person, this))
                {
                    _leaving[(key, person)] = byRow.Contains(person);
                }
                else
                {
                    _leaving.Remove((key, person));
                    list.People.Remove(person);
                }
            }
        }
    }
}
