using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using IterableAudience.Hosting;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;

namespace IterableAudience.Store;

/// <summary>
/// The two secrets that belong to a store: made once, kept in the <c>setting</c> table protected by the key ring, loaded at start.
/// They must never change: hashes made with them are stored.
/// </summary>
internal sealed class StoreSecrets
{
    private const string SeedName = "hash-seed";
    private const string ProjectKeyName = "project-key";
    private readonly IDataProtector _protector;
    private byte[]? _projectKey;
    private long? _hashSeed;

    public StoreSecrets(IDataProtectionProvider protection) => _protector = protection.CreateProtector("IterableAudience.Store.v1");

    /// <summary>Seed of the keyed hashes in the lean tables.</summary>
    public long HashSeed => _hashSeed ?? throw NotLoaded();

    /// <summary>Keyed hash of an API key: the same key, the same Iterable project.</summary>
    public string ProjectKey(string apiKey)
        => Base64Url.EncodeToString(HMACSHA256.HashData(_projectKey ?? throw NotLoaded(), Encoding.UTF8.GetBytes(apiKey)));

    /// <summary>Reads both secrets, and makes them in a new store.</summary>
    /// <exception cref="StartFailure">They were protected with another key ring.</exception>
    public async Task LoadAsync(StoreContext db, CancellationToken cancellation)
    {
        _hashSeed = BitConverter.ToInt64(await ReadOrMakeAsync(db, SeedName, sizeof(long), cancellation));
        _projectKey = await ReadOrMakeAsync(db, ProjectKeyName, 32, cancellation);
    }

    private async Task<byte[]> ReadOrMakeAsync(StoreContext db, string name, int length, CancellationToken cancellation)
    {
        var stored = await db.Settings.AsNoTracking().SingleOrDefaultAsync(s => s.Name == name, cancellation);
        if (stored is null)
        {
            var made = RandomNumberGenerator.GetBytes(length);
            db.Settings.Add(new Setting { Name = name, Value = Base64Url.EncodeToString(_protector.Protect(made)) });
            await db.SaveChangesAsync(cancellation);
            return made;
        }

        try
        {
            return _protector.Unprotect(Base64Url.DecodeFromChars(stored.Value));
        }
        catch (Exception e) when (e is CryptographicException or FormatException)
        {
            throw new StartFailure(
                "The secrets in the store can't be decrypted: they were protected with another key ring. "
                + "Restore the folder named by Security__KeyRing (default data/keys), or the certificate named by Security__Certificate, that belongs to this store.",
                e);
        }
    }

    private static InvalidOperationException NotLoaded() => new("The store has not been opened yet.");
}
