using IterableAudience.Records;
using IterableAudience.Store;
using IterableAudience.Syncs.Ledger;
using IterableAudience.Syncs.Send;
using IterableAudience.Syncs.Staging;

namespace IterableAudience.Syncs.Plan;

/// <summary>The bytes of an operation within a batch. What only planning finds out (target, dependencies) stands at the end.</summary>
internal static class PlanOpCodec
{
    public const byte Version = 1;

    /// <summary>Reads the version byte in front of a batch's operations.</summary>
    public static void CheckVersion(ref BlobReader reader)
    {
        if (reader.Byte() != Version)
        {
            throw new InvalidDataException("A batch has a version that this program does not know.");
        }
    }

    /// <summary>Writes the operation without its tail; planning appends the tail when it knows it.</summary>
    public static void WriteBody(BlobWriter blob, PlanOp op)
    {
        blob.Byte((byte)op.Kind);
        blob.Varint((uint)op.Line);
        blob.Int64(op.KeyHash);
        blob.Byte(op.Slot);
        blob.Byte((byte)((byte)op.Prior | ((byte)op.KeyKind << 4)));
        blob.Text(op.Key);
        WriteIdentity(blob, op.Flags, op.Identity);
        if (op.Is(OpFlags.HasEmail))
        {
            blob.Int64(op.EmailHash);
        }

        if (op.Is(OpFlags.HasUserId))
        {
            blob.Int64(op.UserHash);
        }

        if (op.Is(OpFlags.LedgerDiffers))
        {
            blob.Byte((byte)((op.LedgerIdentity.Email is null ? 0 : 1) | (op.LedgerIdentity.UserId is null ? 0 : 2)));
            blob.Text(op.LedgerIdentity.Email ?? "");
            blob.Text(op.LedgerIdentity.UserId ?? "");
            blob.Int64(op.EmailHash);
            blob.Int64(op.UserHash);
        }

        if (op.Is(OpFlags.HasSlots))
        {
            WriteSlots(blob, op.EndSlots);
            WriteSlots(blob, op.LeaveSlots);
        }
    }

    public static void WriteTail(BlobWriter blob, PlanOp op)
    {
        if (op.Is(OpFlags.Follows | OpFlags.FollowUp))
        {
            WriteRef(blob, op.Target);
            blob.Byte((byte)op.TargetPlace.Stage);
            blob.Int32(op.TargetPlace.Batch);
            blob.UInt16((ushort)op.TargetPlace.Index);
        }

        if (op.Is(OpFlags.Depends))
        {
            blob.Varint((uint)op.DependsOn.Length);
            foreach (var dependency in op.DependsOn)
            {
                WriteRef(blob, dependency);
            }
        }
    }

    /// <summary>Writes a whole operation as it stands in a batch: flags, body, tail.</summary>
    public static void Write(BlobWriter blob, PlanOp op)
    {
        blob.UInt16((ushort)op.Flags);
        WriteBody(blob, op);
        WriteTail(blob, op);
    }

    /// <summary>Reads an operation in place, and passes over what only a whole reading needs.</summary>
    public static OpHead ReadHead(ref BlobReader reader)
    {
        var flags = (OpFlags)reader.UInt16();
        var kind = (OpKind)reader.Byte();
        _ = reader.Varint();
        var keyHash = reader.Int64();
        var slot = reader.Byte();
        var priorAndKind = reader.Byte();
        var texts = reader.Position;
        _ = reader.SkipText();
        var email = (flags & OpFlags.HasEmail) != 0 ? reader.SkipText() : Slice.None;
        var userId = (flags & OpFlags.HasUserId) != 0 ? reader.SkipText() : Slice.None;
        var textsEnd = reader.Position;
        var emailHash = email.Exists ? reader.Int64() : 0;
        var userHash = userId.Exists ? reader.Int64() : 0;
        if ((flags & OpFlags.LedgerDiffers) != 0)
        {
            _ = reader.Byte();
            _ = reader.SkipText();
            _ = reader.SkipText();
            emailHash = reader.Int64();
            userHash = reader.Int64();
        }

        SkipRest(ref reader, flags);
        return new OpHead
        {
            Kind = kind,
            Flags = flags,
            KeyHash = keyHash,
            Slot = slot,
            Prior = (EntryState)(priorAndKind & 0xF),
            KeyKind = (KeyKind)(priorAndKind >> 4),
            Email = email,
            UserId = userId,
            Texts = new Slice(texts, textsEnd - texts),
            EmailHash = emailHash,
            UserHash = userHash,
        };
    }

    /// <summary>The state of an operation's entry when the plan was made.</summary>
    public static EntryState PriorOf(ReadOnlySpan<byte> body) => (EntryState)(PriorAndKind(body) & 0xF);

    public static KeyKind KeyKindOf(ReadOnlySpan<byte> body) => (KeyKind)(PriorAndKind(body) >> 4);

    private static byte PriorAndKind(ReadOnlySpan<byte> body)
    {
        var reader = new BlobReader(body);
        _ = reader.Byte();
        _ = reader.Varint();
        reader.Skip(8 + 1);
        return reader.Byte();
    }

    public static PlanOp Read(ref BlobReader reader, OpRef reference)
    {
        var flags = (OpFlags)reader.UInt16();
        var kind = (OpKind)reader.Byte();
        var line = (int)reader.Varint();
        var keyHash = reader.Int64();
        var slot = reader.Byte();
        var priorAndKind = reader.Byte();
        var key = reader.String();
        var identity = new Identity(
            (flags & OpFlags.HasEmail) != 0 ? reader.String() : null,
            (flags & OpFlags.HasUserId) != 0 ? reader.String() : null);
        var emailHash = (flags & OpFlags.HasEmail) != 0 ? reader.Int64() : 0;
        var userHash = (flags & OpFlags.HasUserId) != 0 ? reader.Int64() : 0;
        var ledgerIdentity = identity;
        if ((flags & OpFlags.LedgerDiffers) != 0)
        {
            var has = reader.Byte();
            var email = reader.String();
            var userId = reader.String();
            ledgerIdentity = new Identity((has & 1) != 0 ? email : null, (has & 2) != 0 ? userId : null);
            emailHash = reader.Int64();
            userHash = reader.Int64();
        }

        var op = new PlanOp
        {
            Kind = kind,
            Flags = flags,
            Ref = reference,
            Line = line,
            KeyHash = keyHash,
            Slot = slot,
            Prior = (EntryState)(priorAndKind & 0xF),
            KeyKind = (KeyKind)(priorAndKind >> 4),
            Key = key,
            Identity = identity,
            LedgerIdentity = ledgerIdentity,
            EmailHash = emailHash,
            UserHash = userHash,
            EndSlots = (flags & OpFlags.HasSlots) != 0 ? ReadSlots(ref reader) : [],
            LeaveSlots = (flags & OpFlags.HasSlots) != 0 ? ReadSlots(ref reader) : [],
        };
        if (op.Is(OpFlags.Follows | OpFlags.FollowUp))
        {
            op.Target = ReadRef(ref reader);
            op.TargetPlace = ((Stage)reader.Byte(), reader.Int32(), reader.UInt16());
        }

        if (op.Is(OpFlags.Depends))
        {
            op.DependsOn = new OpRef[reader.Varint()];
            for (var i = 0; i < op.DependsOn.Length; i++)
            {
                op.DependsOn[i] = ReadRef(ref reader);
            }
        }

        return op;
    }

    private static void SkipRest(ref BlobReader reader, OpFlags flags)
    {
        if ((flags & OpFlags.HasSlots) != 0)
        {
            reader.Skip(reader.Byte() * 2);
            reader.Skip(reader.Byte() * 2);
        }

        if ((flags & (OpFlags.Follows | OpFlags.FollowUp)) != 0)
        {
            reader.Skip(6 + 1 + 4 + 2);
        }

        if ((flags & OpFlags.Depends) != 0)
        {
            reader.Skip((int)reader.Varint() * 6);
        }
    }

    private static void WriteIdentity(BlobWriter blob, OpFlags flags, Identity identity)
    {
        if ((flags & OpFlags.HasEmail) != 0)
        {
            blob.Text(identity.Email!);
        }

        if ((flags & OpFlags.HasUserId) != 0)
        {
            blob.Text(identity.UserId!);
        }
    }

    private static void WriteSlots(BlobWriter blob, (byte Slot, EntryState Prior)[] slots)
    {
        blob.Byte((byte)slots.Length);
        foreach (var (slot, prior) in slots)
        {
            blob.Byte(slot);
            blob.Byte((byte)prior);
        }
    }

    private static (byte Slot, EntryState Prior)[] ReadSlots(ref BlobReader reader)
    {
        var slots = new (byte, EntryState)[reader.Byte()];
        for (var i = 0; i < slots.Length; i++)
        {
            slots[i] = (reader.Byte(), (EntryState)reader.Byte());
        }

        return slots;
    }

    private static void WriteRef(BlobWriter blob, OpRef reference)
    {
        blob.UInt16(reference.Part);
        blob.Int32(reference.Ord);
    }

    private static OpRef ReadRef(ref BlobReader reader) => new(reader.UInt16(), reader.Int32());
}
