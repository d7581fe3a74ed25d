using System.Security.Cryptography;

namespace IterableAudience.Hosting;

/// <summary>
/// Public ids: 16 letters and digits (95 bits), safe in URLs and free of underscores, because RudderStack's table names are
/// <c>prefix_connectionId_syncId</c> and are split at the underscore.
/// </summary>
internal static class ShortId
{
    private const string Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    public static string New() => RandomNumberGenerator.GetString(Alphabet, 16);
}
