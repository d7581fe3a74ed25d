using System.Data.Common;

namespace IterableAudience.Syncs.Ledger;

/// <summary>The entries that a batch changes, on either store. What has been changed is what is read, at once.</summary>
internal abstract class MemberRows : IDisposable
{
    /// <param name="connection">Open; the changes belong to its current transaction.</param>
    /// <param name="list">The list.</param>
    /// <param name="own">The connection whose entries change.</param>
    /// <param name="keyHashes">All keys that may be asked for; a store that is far away reads them at once.</param>
    /// <param name="careful">True: an entry that is said to be new may be there.</param>
    public static MemberRows Of(DbConnection connection, long list, long own, Func<long[]> keyHashes, bool careful)
        => connection is Microsoft.Data.Sqlite.SqliteConnection sqlite
            ? new SqliteMemberRows(sqlite, list, own)
            : new PostgresMemberRows(connection, list, own, keyHashes, careful);

    /// <summary>What an entry is by now.</summary>
    public abstract EntryState StateOf(long keyHash, byte slot);

    /// <summary>Makes or replaces an entry; <paramref name="isNew"/> when there is none to replace.</summary>
    public abstract void Put(long keyHash, byte slot, EntryState state, ReadOnlySpan<byte> value, bool isNew);

    /// <summary>Removes an entry; what it was.</summary>
    public abstract EntryState End(long keyHash, byte slot);

    /// <summary>Makes an entry that is there a leaving one.</summary>
    public abstract void Leave(long keyHash, byte slot);

    /// <summary>Writes what is not written yet; call it once, last.</summary>
    public abstract void Finish();

    public abstract void Dispose();
}
