using IterableAudience.Iterable;
using IterableAudience.Records;

namespace IterableAudience.Tests.Plan;

/// <summary>A user of the project.</summary>
internal sealed class ModelUser
{
    public string? Email { get; set; }

    public string? UserId { get; set; }

    /// <summary>Every identifier that the user ever had.</summary>
    public HashSet<string> Known { get; } = [];

    public bool IsMember { get; set; }

    /// <summary>The service has put the user on the list at some time; others are strangers.</summary>
    public bool CameByService { get; set; }

    public bool IsForgotten { get; set; }
}

/// <summary>One identifier in one failure list.</summary>
internal sealed record ModelFailure(string List, string Identifier);

/// <summary>One list with its project's users, one operation at a time: it knows nothing of batches, syncs or connections.</summary>
internal sealed class ModelList
{
    private readonly List<ModelUser> _users = [];
    private readonly Dictionary<string, ModelUser> _byEmail = [];
    private readonly Dictionary<string, ModelUser> _byUserId = [];
    private readonly Queue<Fault> _faults = new();

    /// <summary>Identifiers that Iterable refuses, and the failure list it names them in.</summary>
    public Dictionary<string, string> Refused { get; } = [];

    /// <summary>A conflict lists the userId of the user who stood in the way, if there is one, and not an identifier of the operation that failed.</summary>
    public bool NamesBlocker { get; init; }

    public List<ModelRequest> Requests { get; } = [];

    /// <summary>Identities whose subscribe was answered with success.</summary>
    public HashSet<Identity> Accepted { get; } = [];

    /// <summary>Identifiers that the service tried to subscribe without learning what became of them.</summary>
    public HashSet<string> Doubtful { get; } = [];

    /// <summary>Strangers that were taken off the list, in order.</summary>
    public List<ModelUser> StrangersRemoved { get; } = [];

    public IEnumerable<ModelUser> Users => _users;

    public void Fail(IEnumerable<Fault> faults)
    {
        _faults.Clear();
        foreach (var fault in faults)
        {
            _faults.Enqueue(fault);
        }
    }

    public Fault NextFault() => _faults.TryDequeue(out var fault) ? fault : Fault.None;

    public ModelUser? ByEmail(string? email) => email is null ? null : _byEmail.GetValueOrDefault(email);

    public ModelUser? ByUserId(string? userId) => userId is null ? null : _byUserId.GetValueOrDefault(userId);

    /// <summary>Whom an identity names: the userId decides, else the e-mail.</summary>
    public ModelUser? Find(Identity identity) => ByUserId(identity.UserId) ?? ByEmail(identity.Email);

    /// <summary>Somebody is on the list already, unless an identifier is somebody else's.</summary>
    public void AddStranger(Identity identity)
    {
        if (ByEmail(identity.Email) is null && ByUserId(identity.UserId) is null)
        {
            Create(identity).IsMember = true;
        }
    }

    /// <summary>The user asked to be forgotten: off the list, and never taken back.</summary>
    public void Forget(Identity identity)
    {
        if (Find(identity) is { } user)
        {
            user.IsMember = false;
            user.IsForgotten = true;
        }
        else
        {
            Create(identity).IsForgotten = true;
        }
    }

    /// <summary>The user loses the userId, as one who was deleted and came back by e-mail.</summary>
    public void LoseUserId(Identity identity)
    {
        if (Find(identity) is { Email: not null } user)
        {
            _byUserId.Remove(user.UserId ?? "");
            user.UserId = null;
        }
    }

    /// <summary>Does one operation; where its failure is listed, or null.</summary>
    public ModelFailure? Apply(OperationKind kind, Identity person)
    {
        if (Refused.TryGetValue(person.Email ?? "", out var category) || Refused.TryGetValue(person.UserId ?? "", out category))
        {
            return Own(category, person);
        }

        if (ByUserId(person.UserId) is { IsForgotten: true })
        {
            return Own("forgottenUserIds", person);
        }

        if (ByEmail(person.Email) is { IsForgotten: true })
        {
            return Own("forgottenEmails", person);
        }

        return kind == OperationKind.Subscribe ? Subscribe(person) : Unsubscribe(person);
    }

    private static ModelFailure Own(string list, Identity person) => new(list, (list.EndsWith("Emails", StringComparison.Ordinal) ? person.Email : person.UserId)!);

    private ModelFailure? Subscribe(Identity person)
    {
        var user = ByUserId(person.UserId);
        var owner = ByEmail(person.Email);
        if (user is not null && owner is not null && user != owner)
        {
            return NamesBlocker && owner.UserId is not null ? new("conflictUserIds", owner.UserId) : Own("conflictEmails", person);
        }

        if (user is null && owner is { UserId: not null } && person.UserId is not null)
        {
            return NamesBlocker ? new("conflictUserIds", owner.UserId) : Own("conflictUserIds", person);
        }

        user ??= owner ?? Create(person);
        Name(user, person);
        user.IsMember = user.CameByService = true;
        return null;
    }

    private ModelFailure? Unsubscribe(Identity person)
    {
        if (person is { Email: not null, UserId: not null })
        {
            throw new InvalidOperationException("An unsubscribe names one identifier.");
        }

        if (Find(person) is not { } user)
        {
            return Own(person.UserId is not null ? "notFoundUserIds" : "notFoundEmails", person);
        }

        if (user is { IsMember: true, CameByService: false })
        {
            StrangersRemoved.Add(user);
        }

        user.IsMember = false;
        return null;
    }

    private ModelUser Create(Identity person)
    {
        var user = new ModelUser();
        _users.Add(user);
        Name(user, person);
        return user;
    }

    private void Name(ModelUser user, Identity person)
    {
        if (person.Email is not null)
        {
            _byEmail.Remove(user.Email ?? "");
            _byEmail[person.Email] = user;
        }

        if (person.UserId is not null)
        {
            _byUserId[person.UserId] = user;
        }

        (user.Email, user.UserId) = (person.Email ?? user.Email, person.UserId ?? user.UserId);
        user.Known.UnionWith(new[] { person.Email, person.UserId }.OfType<string>());
    }
}
