using System.IO.Hashing;
using System.Text;

namespace IterableAudience.Store;

/// <summary>
/// The keyed hashes of the ledger and the plan. The seed is secret and made once per store, so that hashes say nothing outside of it.
/// Keys, userIds and e-mails hash apart from each other.
/// </summary>
internal sealed class KeyedHash(long seed)
{
    private const long UserSalt = 0x5bd1e9955bd1e995;
    private const long EmailSalt = 0x27d4eb2f165667c5;

    /// <summary>64-bit hash of a record key within its namespace (see <c>KeyKind</c>).</summary>
    public long Key(byte kind, ReadOnlySpan<byte> key) => (long)XxHash3.HashToUInt64(key, seed + kind);

    /// <summary>128 bits: two different values never meet, so that planning may compare hashes instead of values.</summary>
    public UInt128 User(ReadOnlySpan<byte> userId) => XxHash128.HashToUInt128(userId, seed ^ UserSalt);

    /// <inheritdoc cref="User(ReadOnlySpan{byte})"/>
    public UInt128 Email(ReadOnlySpan<byte> email) => XxHash128.HashToUInt128(email, seed ^ EmailSalt);

    public UInt128 User(string userId) => User(Encoding.UTF8.GetBytes(userId));

    public UInt128 Email(string email) => Email(Encoding.UTF8.GetBytes(email));

    /// <summary>The 64 bits of an identity hash that the ledger's index keeps.</summary>
    public static long Short(UInt128 hash) => (long)(ulong)hash;
}
