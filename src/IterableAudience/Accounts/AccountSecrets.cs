using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using IterableAudience.Hosting;
using IterableAudience.Store;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;

namespace IterableAudience.Accounts;

/// <summary>Encrypts the secrets of accounts for the store, and reads them again.</summary>
internal sealed class AccountSecrets
{
    private readonly IDataProtector _protector;

    public AccountSecrets(IDataProtectionProvider protection) => _protector = protection.CreateProtector("IterableAudience.Account.v1");

    public string Protect(JsonObject secret)
        => Base64Url.EncodeToString(_protector.Protect(JsonSerializer.SerializeToUtf8Bytes(secret, JsonSetup.Options)));

    /// <summary>The API key of an Iterable account.</summary>
    public string ApiKeyOf(Account account) => Unprotect(account)["apiKey"]!.GetValue<string>();

    public JsonObject Unprotect(Account account)
        => JsonSerializer.Deserialize<JsonObject>(_protector.Unprotect(Base64Url.DecodeFromChars(account.ProtectedSecret)), JsonSetup.Options)!;

    /// <summary>Reads every stored secret once, so that a key ring that has lost a key is noticed at start and not by the first sync at night.</summary>
    /// <exception cref="StartFailure">Some can't be decrypted.</exception>
    public async Task CheckAsync(StoreContext db, CancellationToken cancellation)
    {
        var lost = new List<string>();
        foreach (var account in await db.Accounts.AsNoTracking().ToListAsync(cancellation))
        {
            try
            {
                Unprotect(account);
            }
            catch (Exception e) when (e is CryptographicException or FormatException or JsonException)
            {
                lost.Add(account.Id);
            }
        }

        if (lost.Count > 0)
        {
            throw new StartFailure(
                $"The secrets of {lost.Count} account(s) can't be decrypted: {string.Join(", ", lost)}. "
                + "The key ring (Security__KeyRing, or the certificate named by Security__Certificate) lacks a key that it had. Restore it from a backup.");
        }
    }
}
