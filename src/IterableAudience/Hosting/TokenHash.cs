using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace IterableAudience.Hosting;

/// <summary>Bearer tokens are 256 random bits, so a plain SHA-256 is all that needs to be kept of them.</summary>
internal static class TokenHash
{
    public static string Of(string token) => Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(token)));

    /// <summary>Compares in constant time.</summary>
    public static bool Same(string hash, string other)
        => CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(hash), Encoding.ASCII.GetBytes(other));

    /// <summary>A new token; the prefix lets secret scanners find one that leaked.</summary>
    public static string NewToken() => "iat_" + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
}
