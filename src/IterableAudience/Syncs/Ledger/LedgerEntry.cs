using System.Text;
using IterableAudience.Records;
using IterableAudience.Store;
using IterableAudience.Syncs.Plan;
using IterableAudience.Syncs.Staging;

namespace IterableAudience.Syncs.Ledger;

/// <summary>One entry of the ledger: (connection, key) → identity with a state. A key may have several, told apart by their slot.</summary>
internal struct LedgerEntry
{
    private const byte Version = 1;
    private const byte HasEmail = 1;
    private const byte HasUserId = 2;
    private const byte HoldsStill = 4;
    private const byte WasAsked = 8;

    public long Connection;
    public long KeyHash;
    public int Slot;
    public EntryState State;
    public byte[] Value;
    public KeyKind KeyKind;
    public Slice Key;
    public Slice Email;
    public Slice UserId;

    /// <summary>Leaving, and a row of its source speaks for the person that no entry stands for: it is held back, or was refused.</summary>
    public bool StillHolds;

    /// <summary>Leaving, and Iterable was asked to take the person off; else somebody held the person ever since.</summary>
    public bool Asked;

    public readonly ReadOnlySpan<byte> KeyBytes => Key.Of(Value);

    /// <summary>The service has put the person on the list, or may have, for this very entry.</summary>
    public readonly bool IsMember => State is EntryState.Member or EntryState.Maybe;

    /// <summary>Nobody else may take the person off.</summary>
    public readonly bool Holds => IsMember || StillHolds;

    public readonly Identity Identity => new(Text(Email), Text(UserId));

    public readonly string KeyText => Text(Key) ?? "";

    /// <summary>The stored value of an entry.</summary>
    public static byte[] Encode(BlobWriter scratch, KeyKind kind, string key, string? email, string? userId, bool stillHolds = false, bool asked = false)
    {
        scratch.Clear();
        scratch.Byte(Version);
        scratch.Byte((byte)kind);
        scratch.Byte((byte)((email is null ? 0 : HasEmail) | (userId is null ? 0 : HasUserId) | (stillHolds ? HoldsStill : 0) | (asked ? WasAsked : 0)));
        scratch.Text(key);
        if (email is not null)
        {
            scratch.Text(email);
        }

        if (userId is not null)
        {
            scratch.Text(userId);
        }

        return scratch.ToArray();
    }

    /// <summary>The stored value of an entry that remembers just what an operation sends; valid until <paramref name="scratch"/> is used again.</summary>
    public static ReadOnlySpan<byte> Encode(BlobWriter scratch, in OpHead head, byte[] blob)
    {
        scratch.Clear();
        scratch.Byte(Version);
        scratch.Byte((byte)head.KeyKind);
        scratch.Byte((byte)((head.Email.Exists ? HasEmail : 0) | (head.UserId.Exists ? HasUserId : 0)));
        scratch.Bytes(head.Texts.Of(blob));
        return scratch.Written;
    }

    public static LedgerEntry Decode(long connection, long keyHash, int slot, EntryState state, byte[] value)
    {
        var reader = new BlobReader(value);
        if (reader.Byte() != Version)
        {
            throw new InvalidDataException("An entry of the ledger has a version that this program does not know.");
        }

        var entry = new LedgerEntry { Connection = connection, KeyHash = keyHash, Slot = slot, State = state, Value = value, KeyKind = (KeyKind)reader.Byte() };
        var flags = reader.Byte();
        entry.StillHolds = (flags & HoldsStill) != 0 && state == EntryState.Leaving;
        entry.Asked = (flags & WasAsked) != 0 && state == EntryState.Leaving;
        entry.Key = reader.SkipText();
        entry.Email = (flags & HasEmail) != 0 ? reader.SkipText() : Slice.None;
        entry.UserId = (flags & HasUserId) != 0 ? reader.SkipText() : Slice.None;
        return entry;
    }

    /// <summary>The place behind the last of the entries that have one key, from its first on.</summary>
    public static int EndOfKey(List<LedgerEntry> entries, int from)
    {
        var end = from + 1;
        while (end < entries.Count && entries[end].KeyHash == entries[from].KeyHash && entries[end].KeyKind == entries[from].KeyKind
            && entries[end].KeyBytes.SequenceEqual(entries[from].KeyBytes))
        {
            end++;
        }

        return end;
    }

    public static int Members(ReadOnlySpan<LedgerEntry> entries)
    {
        var members = 0;
        foreach (ref readonly var entry in entries)
        {
            members += entry.IsMember ? 1 : 0;
        }

        return members;
    }

    private readonly string? Text(Slice slice) => slice.Exists ? Encoding.UTF8.GetString(slice.Of(Value)) : null;
}
