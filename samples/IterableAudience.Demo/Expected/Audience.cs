namespace IterableAudience.Demo.Expected;

/// <summary>
/// Who must be on the list after a file was pushed, found out from the file alone, in the simplest way: a table of rows, each pointing at a user.
/// It shares no code with the service and knows nothing of ledgers, plans or batches; that is what makes it a check.
/// </summary>
/// <param name="forgottenEmails">Who was erased in Iterable on request.</param>
/// <param name="users">Who exists in the project; another list of the project shares them.</param>
internal sealed class Audience(IEnumerable<string> forgottenEmails, Profiles? users = null)
{
    private readonly HashSet<string> forgotten = [.. forgottenEmails];
    private readonly Profiles profiles = users ?? new();
    private readonly Dictionary<string, Profile> rows = [];

    /// <summary>Who exists in the project, by now.</summary>
    public Profiles Users => profiles;

    /// <summary>The users to whom at least one row points.</summary>
    public SortedSet<Person> People => [.. rows.Values.Distinct().Select(p => new Person(p.Email, p.UserId))];

    public void Apply(IEnumerable<string> lines)
    {
        // The last record of a key counts; a rejected one replaces nothing.
        var last = new Dictionary<string, SampleRecord>();
        foreach (var record in lines.Select(SampleRecord.Read).OfType<SampleRecord>().Where(r => r.Action == "delete" || r.Person is not null))
        {
            last[record.Key] = record;
        }

        foreach (var key in last.Values.Where(r => r.Action == "delete").Select(r => r.Key))
        {
            rows.Remove(key);
        }

        var joining = last.Values.Where(r => r.Action != "delete" && !(r.Person!.Value.Email is { } email && forgotten.Contains(email))).ToList();

        // An address that has just moved from one user to another is refused at first; a row that is still refused in the end keeps whom it had.
        foreach (var refused in joining.Where(r => !Point(r)).ToList())
        {
            Point(refused);
        }
    }

    private bool Point(SampleRecord record)
    {
        if (profiles.Upsert(record.Person!.Value) is not { } profile)
        {
            return false;
        }

        rows[record.Key] = profile;
        return true;
    }
}
