using System.Data.Common;
using System.Runtime.InteropServices;
using IterableAudience.Records;
using IterableAudience.Store;
using IterableAudience.Syncs.Plan;
using IterableAudience.Syncs.Staging;

namespace IterableAudience.Syncs.Retry;

/// <summary>
/// A keyless delete ends all that keyless records have said of the person, under whatever key. In a hybrid project the key of a kept insert or
/// update may be another one (its userId, where the delete names the e-mail only), so the two don't meet by key: this finds them by identity before
/// anything is planned. Otherwise a failed subscribe would bring back somebody who was deleted meanwhile.
/// </summary>
internal sealed class KeylessDeletes(PlanRun run, PlanTurns turns, LeanStore store)
{
    [StructLayout(LayoutKind.Sequential, Pack = 8)]
    private struct Mention
    {
        public ulong HashHigh;
        public ulong HashLow;
        public int Index;
        public int Age;
        public ushort Part;
        public byte IsDelete;
        public byte IsUser;
        public byte HasUserId;

        public readonly UInt128 Hash => new(HashHigh, HashLow);
    }

    /// <summary>Notes the places of kept records that are not to be tried again (<see cref="PlanRun.Outdated"/>).</summary>
    public async Task FindAsync(CancellationToken cancel)
    {
        using var mentions = new Spill(run.Partitions, run.SpillBytes);
        var kept = false;
        for (var part = 0; part < run.Partitions; part++)
        {
            kept |= await turns.TakeAsync(store, read => MentionKept(mentions, read, part), cancel);
        }

        for (var part = 0; kept && part < run.Partitions; part++)
        {
            await turns.TakeAsync(store, read => MentionDeletes(mentions, read, part), cancel);
        }

        for (var part = 0; kept && part < run.Partitions; part++)
        {
            using var ofPart = mentions.Read(part);
            Compare(MemoryMarshal.Cast<byte, Mention>(ofPart.Span));
        }
    }

    /// <returns>Whether there is one that a delete could end.</returns>
    private bool MentionKept(Spill mentions, DbConnection read, int part)
    {
        List<StagedRecord> records = [];
        RetrySet.Read(read, run.Connection, run.Partitions == 1 ? null : part, 0, records);
        var kept = false;
        for (var i = 0; i < records.Count; i++)
        {
            kept |= Mentioned(mentions, part, i, records[i]) && records[i].Action != RecordAction.Delete;
        }

        return kept;
    }

    private bool MentionDeletes(Spill mentions, DbConnection read, int part)
    {
        List<StagedRecord> records = [];
        foreach (var blob in read.Rows("SELECT blob FROM chunk WHERE sync = @s AND part = @p", r => r.Blob(0), ("@s", run.Sync), ("@p", part)))
        {
            records.Clear();
            ChunkCodec.Read(blob, 0, records);
            for (var i = 0; i < records.Count; i++)
            {
                _ = records[i].Action == RecordAction.Delete && Mentioned(mentions, part, i, records[i]);
            }
        }

        return true;
    }

    /// <summary>Hands a keyless record on to the others with its identifiers; false when it is none.</summary>
    private bool Mentioned(Spill mentions, int part, int index, in StagedRecord record)
    {
        if (record.PrimaryKey.Exists || !record.HasIdentity || record.Rejection != Reason.None)
        {
            return false;
        }

        var mention = new Mention
        {
            Index = index,
            Age = run.AgeOf(record),
            Part = (ushort)part,
            IsDelete = (byte)(record.Action == RecordAction.Delete ? 1 : 0),
            HasUserId = (byte)(record.UserId.Exists ? 1 : 0),
        };
        if (record.UserId.Exists)
        {
            Deal(mentions, mention with { IsUser = 1 }, run.Hash.User(record.UserId.Of(record.Blob)));
        }

        if (record.Email.Exists)
        {
            Deal(mentions, mention, run.Hash.Email(record.Email.Of(record.Blob)));
        }

        return true;
    }

    private void Deal(Spill mentions, Mention mention, UInt128 identity)
    {
        (mention.HashHigh, mention.HashLow) = ((ulong)(identity >> 64), (ulong)identity);
        mentions.Append(run.IdentityPart(identity), MemoryMarshal.AsBytes(MemoryMarshal.CreateReadOnlySpan(in mention, 1)));
    }

    private void Compare(Span<Mention> mentions)
    {
        mentions.Sort((a, b) => (a.Hash, a.IsDelete, a.Age).CompareTo((b.Hash, b.IsDelete, b.Age)));
        for (var i = 0; i < mentions.Length;)
        {
            var (end, firstDelete) = (i, -1);
            for (; end < mentions.Length && mentions[end].Hash == mentions[i].Hash; end++)
            {
                firstDelete = firstDelete < 0 && mentions[end].IsDelete == 1 ? end : firstDelete;
            }

            for (var kept = i; firstDelete >= 0 && kept < firstDelete; kept++)
            {
                if (IsEnded(mentions[kept], mentions[firstDelete..end]))
                {
                    var place = mentions[kept].Index;
                    run.Outdated.Append(mentions[kept].Part, MemoryMarshal.AsBytes(MemoryMarshal.CreateReadOnlySpan(in place, 1)));
                }
            }

            i = end;
        }
    }

    /// <summary>A later delete is of the same person: same userId, or, where either has none, same e-mail.</summary>
    private static bool IsEnded(Mention kept, ReadOnlySpan<Mention> deletes)
    {
        foreach (ref readonly var delete in deletes)
        {
            if (delete.Age >= kept.Age)
            {
                return false; // the latest come first
            }

            if (kept.IsUser == 1 || kept.HasUserId == 0 || delete.HasUserId == 0)
            {
                return true;
            }
        }

        return false;
    }
}
