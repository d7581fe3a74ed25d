using System.Buffers.Binary;
using System.Text;

namespace IterableAudience.Simulator.Projects;

/// <summary>
/// A profile. Both identifiers lie in one array (two bytes length of the e-mail, the e-mail, the userId): a benchmark makes millions of these, and a
/// reader outside the project's lock sees either the old identity or the new one, never half of each.
/// </summary>
internal sealed class SimulatedUser(int number, ReadOnlySpan<byte> email, ReadOnlySpan<byte> userId)
{
    private readonly int _number = number;
    private byte[] _identity = Pack(email, userId);

    /// <summary>Set by the control endpoints: every subscribe of this user fails as one with bad data fields.</summary>
    public bool HasInvalidData { get; set; }

    /// <summary>The e-mail in lower case; empty when the user has none.</summary>
    public ReadOnlySpan<byte> Email => EmailOf(_identity);

    /// <summary>The userId, exact; empty when the user has none.</summary>
    public ReadOnlySpan<byte> UserId => UserIdOf(_identity);

    /// <summary>Moves the user to another identity. Only the index that holds the user may call this.</summary>
    public void Identify(ReadOnlySpan<byte> email, ReadOnlySpan<byte> userId) => _identity = Pack(email, userId);

    public Person ToPerson()
    {
        var identity = _identity;
        return new Person(Text(EmailOf(identity)), Text(UserIdOf(identity)));
    }

    /// <summary>The one identifier that getUsers gives for this user.</summary>
    public ReadOnlySpan<byte> Exported(bool preferUserId)
    {
        var identity = _identity;
        var email = EmailOf(identity);
        var userId = UserIdOf(identity);
        return email.IsEmpty || (preferUserId && !userId.IsEmpty) ? userId : email;
    }

    // Users who came together lie together in the sets of the lists, which saves a cache miss per row.
    public override int GetHashCode() => _number;

    public override bool Equals(object? obj) => ReferenceEquals(this, obj);

    private static ReadOnlySpan<byte> EmailOf(byte[] identity) => identity.AsSpan(2, BinaryPrimitives.ReadUInt16LittleEndian(identity));

    private static ReadOnlySpan<byte> UserIdOf(byte[] identity) => identity.AsSpan(2 + BinaryPrimitives.ReadUInt16LittleEndian(identity));

    private static string? Text(ReadOnlySpan<byte> value) => value.IsEmpty ? null : Encoding.UTF8.GetString(value);

    private static byte[] Pack(ReadOnlySpan<byte> email, ReadOnlySpan<byte> userId)
    {
        var identity = new byte[2 + email.Length + userId.Length];
        BinaryPrimitives.WriteUInt16LittleEndian(identity, checked((ushort)email.Length));
        email.CopyTo(identity.AsSpan(2));
        userId.CopyTo(identity.AsSpan(2 + email.Length));
        return identity;
    }
}
