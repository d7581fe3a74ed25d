namespace IterableAudience.Demo.Expected;

/// <summary>Who exists in a hybrid project, where an address and a userId each belong to one user only.</summary>
internal sealed class Profiles
{
    private readonly Dictionary<string, Profile> byEmail = [];
    private readonly Dictionary<string, Profile> byUserId = [];

    /// <summary>Finds or makes the user of these identifiers, as a subscribe does; null when they belong to two different users.</summary>
    public Profile? Upsert(Person person)
    {
        var ofEmail = person.Email is null ? null : byEmail.GetValueOrDefault(person.Email);
        var ofUserId = person.UserId is null ? null : byUserId.GetValueOrDefault(person.UserId);
        if (ofEmail is not null && person.UserId is not null && ofEmail != ofUserId && (ofUserId is not null || ofEmail.UserId is not null))
        {
            return null;
        }

        var profile = ofUserId ?? ofEmail ?? new();
        if (person.Email is not null && profile.Email != person.Email)
        {
            if (profile.Email is not null)
            {
                byEmail.Remove(profile.Email);
            }

            profile.Email = person.Email;
            byEmail[person.Email] = profile;
        }

        if (person.UserId is not null && profile.UserId is null)
        {
            profile.UserId = person.UserId;
            byUserId[person.UserId] = profile;
        }

        return profile;
    }
}
