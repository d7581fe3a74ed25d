namespace IterableAudience.Simulator.Projects;

/// <summary>
/// All users of a project, found by either identifier without making strings. Which identifier is unique depends on the project's type; where a
/// userId may repeat, the first user that has it is the one found. Not thread-safe: the project's lock guards it.
/// </summary>
internal sealed class UserIndex(SimulatedProjectType type)
{
    private readonly HashSet<SimulatedUser> _byEmail = new(new ByEmail());
    private readonly HashSet<SimulatedUser> _byUserId = new(new ByUserId());
    private int _lastNumber;

    /// <summary>Every user once. In a hybrid project some have only an e-mail.</summary>
    public IEnumerable<SimulatedUser> All => type switch
    {
        SimulatedProjectType.EmailBased => _byEmail,
        SimulatedProjectType.UserIdBased => _byUserId,
        _ => _byUserId.Concat(_byEmail.Where(user => user.UserId.IsEmpty)),
    };

    public int Count => type switch
    {
        SimulatedProjectType.EmailBased => _byEmail.Count,
        SimulatedProjectType.UserIdBased => _byUserId.Count,
        _ => All.Count(),
    };

    public SimulatedUser? FindByEmail(ReadOnlySpan<byte> email)
    {
        if (type == SimulatedProjectType.UserIdBased)
            return ScanForEmail(email);
        return _byEmail.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(email, out var user) ? user : null;
    }

    public SimulatedUser? FindByUserId(ReadOnlySpan<byte> userId)
        => _byUserId.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(userId, out var user) ? user : null;

    public SimulatedUser Create(ReadOnlySpan<byte> email, ReadOnlySpan<byte> userId)
    {
        var user = new SimulatedUser(++_lastNumber, email, userId);
        Enter(user);
        return user;
    }

    public void SetEmail(SimulatedUser user, ReadOnlySpan<byte> email)
    {
        Leave(user);
        user.Identify(email, user.UserId);
        Enter(user);
    }

    public void SetUserId(SimulatedUser user, ReadOnlySpan<byte> userId)
    {
        Leave(user);
        user.Identify(user.Email, userId);
        Enter(user);
    }

    public void Remove(SimulatedUser user) => Leave(user);

    private void Enter(SimulatedUser user)
    {
        if (!user.Email.IsEmpty && type != SimulatedProjectType.UserIdBased)
            _byEmail.Add(user);
        if (!user.UserId.IsEmpty)
            _byUserId.Add(user);
    }

    private void Leave(SimulatedUser user)
    {
        if (type != SimulatedProjectType.UserIdBased)
            _byEmail.Remove(user);
        if (user.UserId.IsEmpty || !_byUserId.TryGetValue(user, out var found) || !ReferenceEquals(found, user))
            return;
        _byUserId.Remove(user);
        if (type == SimulatedProjectType.EmailBased && ScanForUserId(user) is { } next)
            _byUserId.Add(next);
    }

    private SimulatedUser? ScanForEmail(ReadOnlySpan<byte> email)
    {
        foreach (var user in _byUserId)
        {
            if (user.Email.SequenceEqual(email))
                return user;
        }

        return null;
    }

    private SimulatedUser? ScanForUserId(SimulatedUser leaving)
        => _byEmail.FirstOrDefault(user => !ReferenceEquals(user, leaving) && user.UserId.SequenceEqual(leaving.UserId));

    private static int Hash(ReadOnlySpan<byte> value)
    {
        var hash = new HashCode();
        hash.AddBytes(value);
        return hash.ToHashCode();
    }

    private sealed class ByEmail : IEqualityComparer<SimulatedUser>, IAlternateEqualityComparer<ReadOnlySpan<byte>, SimulatedUser>
    {
        public bool Equals(SimulatedUser? x, SimulatedUser? y) => x!.Email.SequenceEqual(y!.Email);

        public int GetHashCode(SimulatedUser user) => Hash(user.Email);

        public bool Equals(ReadOnlySpan<byte> alternate, SimulatedUser other) => other.Email.SequenceEqual(alternate);

        public int GetHashCode(ReadOnlySpan<byte> alternate) => Hash(alternate);

        public SimulatedUser Create(ReadOnlySpan<byte> alternate) => throw new NotSupportedException();
    }

    private sealed class ByUserId : IEqualityComparer<SimulatedUser>, IAlternateEqualityComparer<ReadOnlySpan<byte>, SimulatedUser>
    {
        public bool Equals(SimulatedUser? x, SimulatedUser? y) => x!.UserId.SequenceEqual(y!.UserId);

        public int GetHashCode(SimulatedUser user) => Hash(user.UserId);

        public bool Equals(ReadOnlySpan<byte> alternate, SimulatedUser other) => other.UserId.SequenceEqual(alternate);

        public int GetHashCode(ReadOnlySpan<byte> alternate) => Hash(alternate);

        public SimulatedUser Create(ReadOnlySpan<byte> alternate) => throw new NotSupportedException();
    }
}
