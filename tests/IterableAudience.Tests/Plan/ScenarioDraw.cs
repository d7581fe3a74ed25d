using IterableAudience.Records;

namespace IterableAudience.Tests.Plan;

/// <summary>Draws a scenario. Few keys and few people, so that everything collides with everything.</summary>
internal sealed class ScenarioDraw(int seed)
{
    private const int People = 6;

#pragma warning disable CA5394 // no secret: the same seed must give the same scenario
    private readonly Random _random = new(seed);
    private ProjectType _type;
    private Daring _daring;

    public Scenario Scenario()
    {
        _type = (ProjectType)(seed % 3);
        _daring = (Daring)(seed / 3 % 3);
        var connections = 1 + _random.Next(3);
        var refused = new Dictionary<string, string>();
        for (var i = 0; _daring != Daring.Clean && i < _random.Next(3); i++)
        {
            var person = Both(_random.Next(People));
            var byEmail = _type == ProjectType.EmailBased || (_type == ProjectType.Hybrid && Chance(50));
            refused[(byEmail ? person.Email : person.UserId)!] = Of("invalid", "invalidData", "conflict", "notFound") + (byEmail ? "Emails" : "UserIds");
        }

        return new Scenario(
            seed, _type, _daring, [.. Enumerable.Range(0, connections).Select(_ => Chance(25))],
            [.. Enumerable.Range(0, People).Where(_ => Chance(25)).Select(Person).Distinct()],
            refused,
            [.. Enumerable.Range(0, 4 + _random.Next(7)).Select(_ => Step(_random.Next(connections)))]);
    }

    /// <summary>The rows of a connection once everything is well again: every identifier is one person's only.</summary>
    public PushedRecord[] FinalRows()
    {
        List<PushedRecord> rows = [];
        for (var i = 0; i < People; i++)
        {
            if (Chance(50))
            {
                var person = _type == ProjectType.Hybrid && i % 2 == 1
                    ? Chance(50) ? new Identity(null, $"u{i}") : new Identity($"final{i}@example.com", $"u{i}")
                    : Person(i);
                rows.Add(new("insert", Chance(50) ? $"k{i}" : $"z{i}", person.Email, person.UserId));
            }
        }

        return [.. rows];
    }

    private Step Step(int connection)
    {
        var full = Chance(25);
        var records = new List<PushedRecord>();
        for (var count = full && Chance(20) ? 0 : _random.Next(9); count > 0; count--)
        {
            records.Add(Record(full));
        }

        List<Fault> faults = [];
        if (_daring != Daring.Clean && Chance(60))
        {
            for (var count = 1 + _random.Next(6); count > 0; count--)
            {
                var fault = Of(Fault.None, Fault.None, Fault.Down, Fault.AnswerLost, Fault.AnswerLost, Fault.Unreadable, Fault.Miscounted, Fault.Miscounted, Fault.KeyRefused);
                faults.AddRange(Enumerable.Repeat(fault, fault is Fault.Miscounted or Fault.KeyRefused ? 1 : 1 + _random.Next(2)));
            }
        }

        // Whose e-mail moves about is not forgotten or renamed as well: then even Iterable could not say who is who.
        var steady = _type == ProjectType.Hybrid ? 2 * _random.Next(People / 2) : _random.Next(People);
        return new Step(
            connection, full, full && Chance(30), PlanFirst: Chance(15), Approve: Chance(50), [.. records], [.. faults],
            Forget: Chance(5) ? Both(steady) : null,
            LoseUserId: _type == ProjectType.Hybrid && Chance(8) ? Both(steady) : null);
    }

    private PushedRecord Record(bool full)
    {
        if (Chance(2))
        {
            return new(null, null, null, null);
        }

        var action = full ? Chance(97) ? Of("insert", "update") : "delete" : Of("insert", "insert", "update", "delete", "delete");
        var key = Chance(75) ? $"k{_random.Next(5)}" : null;
        var number = _random.Next(People);
        var (email, userId) = Person(number);
        if (Chance(10))
        {
            // Of people who are known by one identifier only that one is never left alone.
            var both = _type != ProjectType.Hybrid || Chance(30);
            var emailIsBad = both || (_daring == Daring.Wild ? Chance(50) : number % 2 == 1);
            email = emailIsBad ? Of("bad@", "", "no address", null) : email;
            userId = both || !emailIsBad ? Of(" padded ", "", new string('x', 53), null) : userId;
        }
        else if (email is not null && Chance(20))
        {
            email = $" {email.ToUpperInvariant()} ";
        }

        return action == "delete" && key is not null && Chance(50) ? new(action, key, null, null) : new(action, key, email, userId);
    }

    /// <summary>
    /// In a hybrid project people with an even number always have the same two identifiers and are known in part by the e-mail;
    /// those with an odd number keep their userId, are known in part by it, and share a few e-mails that move between them.
    /// </summary>
    private Identity Person(int number)
    {
        if (_type != ProjectType.Hybrid)
        {
            return Both(number);
        }

        if (_daring == Daring.Wild)
        {
            var wild = new Identity(Chance(70) ? $"e{_random.Next(People)}@example.com" : null, $"u{_random.Next(People)}");
            return wild.Email is not null && Chance(30) ? wild with { UserId = null } : wild;
        }

        return number % 2 == 0
            ? Both(number) with { UserId = Chance(60) ? $"u{number}" : null }
            : new Identity(Chance(60) ? $"moving{_random.Next(4)}@example.com" : null, $"u{number}");
    }

    private Identity Both(int number) => _type switch
    {
        ProjectType.EmailBased => new($"e{number}@example.com", null),
        ProjectType.UserIdBased => new(null, $"u{number}"),
        _ => new($"e{number}@example.com", $"u{number}"),
    };

    private bool Chance(int percent) => _random.Next(100) < percent;

    private T Of<T>(params ReadOnlySpan<T> values) => values[_random.Next(values.Length)];
#pragma warning restore CA5394
}
