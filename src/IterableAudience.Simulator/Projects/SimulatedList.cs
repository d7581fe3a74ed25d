namespace IterableAudience.Simulator.Projects;

internal enum ListType
{
    Standard,
    Dynamic,
    Suppression,
    Internal,
}

/// <summary>
/// A list and who is on it. What a call changes is accepted at once and can show later (<see cref="Behaviour.MembershipDelayMs"/>).
/// Not thread-safe: the project's lock guards it.
/// </summary>
internal sealed class SimulatedList(long id, string name, string? description, ListType type, DateTimeOffset createdAt, DateTimeOffset knownFrom)
{
    private readonly HashSet<SimulatedUser> _visible = [];
    private readonly Queue<Change> _pending = new();

    public long Id { get; } = id;

    public string Name { get; } = name;

    public string? Description { get; } = description;

    public ListType Type { get; } = type;

    public DateTimeOffset CreatedAt { get; } = createdAt;

    /// <summary>Until then the subscribe and unsubscribe calls don't know the list.</summary>
    public DateTimeOffset KnownFrom { get; } = knownFrom;

    /// <summary>A campaign or journey uses the list, so it can't be deleted.</summary>
    public bool IsInUse { get; init; }

    public void Put(SimulatedUser user, bool on, DateTimeOffset now, int delayMs)
    {
        Settle(now);
        if (delayMs <= 0 && _pending.Count == 0)
            Apply(new Change(user, on, now));
        else
            _pending.Enqueue(new Change(user, on, now.AddMilliseconds(delayMs)));
    }

    /// <summary>A user who is gone for good leaves at once.</summary>
    public void Forget(SimulatedUser user)
    {
        _visible.Remove(user);
        var kept = _pending.Where(change => !ReferenceEquals(change.User, user)).ToArray();
        _pending.Clear();
        foreach (var change in kept)
            _pending.Enqueue(change);
    }

    /// <summary>What getUsers, size and the user calls show now.</summary>
    public IReadOnlyCollection<SimulatedUser> Visible(DateTimeOffset now)
    {
        Settle(now);
        return _visible;
    }

    public bool Shows(SimulatedUser user, DateTimeOffset now)
    {
        Settle(now);
        return _visible.Contains(user);
    }

    /// <summary>Everyone on the list once all that was accepted has shown.</summary>
    public IReadOnlyCollection<SimulatedUser> Accepted()
    {
        if (_pending.Count == 0)
            return _visible;
        var accepted = new HashSet<SimulatedUser>(_visible);
        foreach (var change in _pending)
        {
            if (change.On)
                accepted.Add(change.User);
            else
                accepted.Remove(change.User);
        }

        return accepted;
    }

    private void Settle(DateTimeOffset now)
    {
        while (_pending.TryPeek(out var change) && change.ShowsAt <= now)
            Apply(_pending.Dequeue());
    }

    private void Apply(Change change)
    {
        if (change.On)
            _visible.Add(change.User);
        else
            _visible.Remove(change.User);
    }

    private readonly record struct Change(SimulatedUser User, bool On, DateTimeOffset ShowsAt);
}
