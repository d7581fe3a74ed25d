using System.Text;
using IterableAudience.Simulator.Api;
using IterableAudience.Simulator.Identifiers;

namespace IterableAudience.Simulator.Projects;

/// <summary>
/// One Iterable project: users, lists, forgotten identifiers. Calls take <see cref="Gate"/> for the time they read or change it; the public
/// methods take it themselves.
/// </summary>
internal sealed class SimulatedProject
{
    private readonly World _world;
    private readonly Dictionary<long, SimulatedList> _lists = [];
    private readonly HashSet<string> _forgottenEmails = new(StringComparer.Ordinal);
    private readonly HashSet<string> _forgottenUserIds = new(StringComparer.Ordinal);
    private readonly List<ChannelOptOut> _channelOptOuts = [];
    private long _placeholders;

    public SimulatedProject(World world, ProjectOptions options)
    {
        _world = world;
        Options = options;
        Users = new UserIndex(options.Type);
        AddList("Existing audience", id: (options.Id * 100L) + 1);
        AddList("Active last month", ListType.Dynamic, id: (options.Id * 100L) + 2);
        AddList("Do not mail", ListType.Suppression, id: (options.Id * 100L) + 3);
    }

    public Lock Gate { get; } = new();

    public RateLimits Limits { get; } = new();

    public ProjectOptions Options { get; }

    public int Id => Options.Id;

    public SimulatedProjectType Type => Options.Type;

    /// <summary>To be used under <see cref="Gate"/>.</summary>
    public UserIndex Users { get; }

    public IReadOnlyList<SimulatedList> Lists()
    {
        lock (Gate)
            return [.. _lists.Values.OrderBy(list => list.Id)];
    }

    public SimulatedList? FindList(long listId)
    {
        lock (Gate)
            return _lists.GetValueOrDefault(listId);
    }

    /// <summary>Makes a list that every call knows at once, or, like <c>POST /api/lists</c>, only after a while.</summary>
    public SimulatedList AddList(
        string name, ListType type = ListType.Standard, long? id = null, string? description = null, bool inUse = false, int knownAfterMs = 0)
    {
        var now = _world.Now;
        var list = new SimulatedList(id ?? _world.NextListId(), name, description, type, now, now.AddMilliseconds(knownAfterMs)) { IsInUse = inUse };
        lock (Gate)
            _lists[list.Id] = list;
        return list;
    }

    public bool RemoveList(long listId)
    {
        lock (Gate)
            return _lists.Remove(listId);
    }

    /// <summary>The people on a list, sorted: everyone accepted, or only those who show already.</summary>
    public IReadOnlyList<Person> Members(long listId, bool visibleOnly = false)
    {
        lock (Gate)
        {
            var list = _lists[listId];
            var people = (visibleOnly ? list.Visible(_world.Now) : list.Accepted()).Select(user => user.ToPerson()).ToArray();
            Array.Sort(people);
            return people;
        }
    }

    /// <summary>All users, sorted.</summary>
    public IReadOnlyList<Person> People()
    {
        lock (Gate)
        {
            var people = Users.All.Select(user => user.ToPerson()).ToArray();
            Array.Sort(people);
            return people;
        }
    }

    public IReadOnlyList<ChannelOptOut> ChannelOptOuts()
    {
        lock (Gate)
            return [.. _channelOptOuts];
    }

    public (IReadOnlyList<string> Emails, IReadOnlyList<string> UserIds) Forgotten()
    {
        lock (Gate)
            return ([.. _forgottenEmails.Order(StringComparer.Ordinal)], [.. _forgottenUserIds.Order(StringComparer.Ordinal)]);
    }

    /// <summary>Seeds a user, or changes the one that has the identifiers, without the rules of the API.</summary>
    public SimulatedUser AddUser(string? email, string? userId, bool hasInvalidData = false, params IEnumerable<long> listIds)
    {
        var emailKey = email is null ? default : EmailForm.Canonical(Encoding.UTF8.GetBytes(email)).Span;
        var userIdKey = userId is null ? default : Encoding.UTF8.GetBytes(userId).AsSpan();
        lock (Gate)
        {
            var user = (userIdKey.IsEmpty ? null : Users.FindByUserId(userIdKey)) ?? (emailKey.IsEmpty ? null : Users.FindByEmail(emailKey));
            if (user is null)
                user = Users.Create(emailKey.IsEmpty && Type == SimulatedProjectType.EmailBased ? NewPlaceholder() : emailKey, userIdKey);
            user.HasInvalidData = hasInvalidData;
            foreach (var listId in listIds)
                _lists[listId].Put(user, on: true, _world.Now, delayMs: 0);
            return user;
        }
    }

    /// <summary>Forgets a person for good: the profile and its memberships go, and the identifiers are refused from now on.</summary>
    public void Forget(string? email, string? userId)
    {
        lock (Gate)
        {
            if (email is not null)
            {
                var key = EmailForm.Canonical(Encoding.UTF8.GetBytes(email));
                _forgottenEmails.Add(Encoding.UTF8.GetString(key.Span));
                Drop(Users.FindByEmail(key.Span));
            }

            if (userId is not null)
            {
                _forgottenUserIds.Add(userId);
                Drop(Users.FindByUserId(Encoding.UTF8.GetBytes(userId)));
            }
        }
    }

    /// <summary>To be used under <see cref="Gate"/>.</summary>
    public bool IsForgottenEmail(ReadOnlySpan<byte> canonicalEmail) => IsForgotten(_forgottenEmails, canonicalEmail);

    /// <summary>To be used under <see cref="Gate"/>.</summary>
    public bool IsForgottenUserId(ReadOnlySpan<byte> userId) => IsForgotten(_forgottenUserIds, userId);

    /// <summary>To be used under <see cref="Gate"/>.</summary>
    public void OptOutOfChannel(SimulatedUser user, long listId) => _channelOptOuts.Add(new ChannelOptOut(user.ToPerson(), listId));

    /// <summary>An address for a user of an email-based project who has only a userId. To be used under <see cref="Gate"/>.</summary>
    public byte[] NewPlaceholder() => Encoding.UTF8.GetBytes($"sim{++_placeholders}-{Id}@placeholder.email");

    private static bool IsForgotten(HashSet<string> forgotten, ReadOnlySpan<byte> value)
        => forgotten.Count > 0 && forgotten.Contains(Encoding.UTF8.GetString(value));

    private void Drop(SimulatedUser? user)
    {
        if (user is null)
            return;
        foreach (var list in _lists.Values)
            list.Forget(user);
        Users.Remove(user);
    }
}

/// <summary>An unsubscribe that took the person off the whole message channel.</summary>
internal readonly record struct ChannelOptOut(Person Person, long ListId);
