using System.Runtime.InteropServices;
using IterableAudience.Records;
using IterableAudience.Store;
using IterableAudience.Syncs.Staging;

namespace IterableAudience.Syncs.Plan;

/// <summary>
/// The operations of one slice of the key space as planning finds them, with a reference to each of their identifiers. Handed on as a whole
/// (<see cref="PlanRun.Take"/>), so that several slices can be planned at once.
/// </summary>
internal sealed class SlicePlan(KeyedHash hash)
{
    private readonly List<IdentityRef> _users = [];
    private readonly List<IdentityRef> _emails = [];
    private readonly BlobWriter _operations = new(64 * 1024);
    private int _part;

    /// <summary>Ord, flags, length, body of each operation.</summary>
    public ReadOnlySpan<byte> Operations => _operations.Written;

    public ReadOnlySpan<IdentityRef> Users => CollectionsMarshal.AsSpan(_users);

    public ReadOnlySpan<IdentityRef> Emails => CollectionsMarshal.AsSpan(_emails);

    /// <summary>Place of the next operation in its slice.</summary>
    public int NextOrd { get; private set; }

    public bool HasLeavers { get; private set; }

    /// <param name="part">Of the key space.</param>
    /// <param name="expected">About how many operations it will have.</param>
    public void Begin(int part, int expected)
    {
        _users.Clear();
        _emails.Clear();
        _users.EnsureCapacity(expected);
        _emails.EnsureCapacity(expected);
        _operations.Clear();
        (_part, NextOrd, HasLeavers) = (part, 0, false);
    }

    /// <summary>
    /// The one operation of a key that the ledger does not know and that one record brings: the same bytes as <see cref="KeyRules"/> and
    /// <see cref="Add"/> would make, without a text in between.
    /// </summary>
    public void AddAlone(OpKind kind, in StagedRecord record, KeyKind keyKind, Slice key, int age)
    {
        var (email, userId) = (record.Email, record.UserId);
        var emailHash = email.Exists ? hash.Email(email.Of(record.Blob)) : default;
        var userHash = userId.Exists ? hash.User(userId.Of(record.Blob)) : default;
        var flags = (email.Exists ? OpFlags.HasEmail : 0) | (userId.Exists ? OpFlags.HasUserId : 0);
        var body = BeginBody(flags);
        _operations.Byte((byte)kind);
        _operations.Varint((uint)record.Line);
        _operations.Int64(record.KeyHash);
        _operations.Byte(0);
        _operations.Byte((byte)((byte)keyKind << 4));
        _operations.Text(key.Of(record.Blob));
        if (email.Exists)
        {
            _operations.Text(email.Of(record.Blob));
        }

        if (userId.Exists)
        {
            _operations.Text(userId.Of(record.Blob));
        }

        if (email.Exists)
        {
            _operations.Int64(KeyedHash.Short(emailHash));
        }

        if (userId.Exists)
        {
            _operations.Int64(KeyedHash.Short(userHash));
        }

        EndBody(body);
        Refer(
            new IdentityRef
            {
                Part = (ushort)_part,
                Ord = NextOrd,
                SubscribeOrd = NextOrd,
                Kind = kind,
                Line = record.Line,
                Age = age,
                HasBoth = (byte)(email.Exists && userId.Exists ? 1 : 0),
                HasUserId = (byte)(userId.Exists ? 1 : 0),
                EmailSent = (byte)(email.Exists ? 1 : 0),
                KeyHashOrOther = record.KeyHash,
            },
            userId.Exists ? userHash : null,
            email.Exists ? emailHash : null);
    }

    /// <summary>
    /// Adds an operation. <paramref name="subscribeOrd"/>: for a replaced identity, the subscribe that it waits for; <paramref name="age"/>: how many
    /// syncs ago its record came.
    /// </summary>
    public void Add(PlanOp planned, string key, KeyKind kind, long keyHash, int subscribeOrd, int age)
    {
        var ledger = planned.LedgerIdentity;
        UInt128? userHash = ledger.UserId is null ? null : hash.User(ledger.UserId);
        UInt128? emailHash = ledger.Email is null ? null : hash.Email(ledger.Email);
        var op = Complete(planned, key, kind, keyHash, userHash, emailHash);
        var body = BeginBody(op.Flags);
        PlanOpCodec.WriteBody(_operations, op);
        EndBody(body);
        Refer(
            new IdentityRef
            {
                Part = (ushort)_part,
                Ord = NextOrd,
                SubscribeOrd = subscribeOrd,
                Kind = op.Kind,
                Line = op.Line,
                Age = age,
                Slot = op.Slot,
                HasBoth = (byte)(ledger is { Email: not null, UserId: not null } ? 1 : 0),
                HasUserId = (byte)(ledger.UserId is null ? 0 : 1),
                EmailSent = (byte)(op.Identity.Email is null ? 0 : 1),
                Retried = (byte)(op.Is(OpFlags.LeftAlone) ? 2 : op.Is(OpFlags.Retried) ? 1 : 0),
                KeyHashOrOther = op.KeyHash,
            },
            userHash,
            emailHash);
    }

    /// <summary>Rows that are held back: nothing is sent for them, and nobody who has the identity of one is taken off.</summary>
    public void AddHolds(ReadOnlySpan<StagedRecord> records)
    {
        foreach (ref readonly var record in records)
        {
            if ((record.Flags & StagedFlags.Holds) != 0)
            {
                AddHold(record);
            }
        }
    }

    private void AddHold(in StagedRecord record)
    {
        var (email, userId) = (record.Email, record.UserId);
        var reference = new IdentityRef
        {
            Part = (ushort)_part,
            Ord = -1,
            Kind = OpKind.Hold,
            Line = record.Line,
            HasBoth = (byte)(email.Exists && userId.Exists ? 1 : 0),
            HasUserId = (byte)(userId.Exists ? 1 : 0),
        };
        ReferBy(reference, userId.Exists ? hash.User(userId.Of(record.Blob)) : null, email.Exists ? hash.Email(email.Of(record.Blob)) : null);
    }

    private static PlanOp Complete(PlanOp op, string key, KeyKind kind, long keyHash, UInt128? userHash, UInt128? emailHash)
    {
        var differs = op.Kind == OpKind.Subscribe && op.LedgerIdentity != op.Identity;
        return new PlanOp
        {
            Kind = op.Kind,
            Flags = op.Flags
                | (op.Identity.Email is null ? 0 : OpFlags.HasEmail)
                | (op.Identity.UserId is null ? 0 : OpFlags.HasUserId)
                | (differs ? OpFlags.LedgerDiffers : 0)
                | (op.EndSlots.Length + op.LeaveSlots.Length > 0 ? OpFlags.HasSlots : 0),
            Line = op.Line,
            KeyHash = keyHash,
            Slot = op.Slot,
            Prior = op.Prior,
            KeyKind = kind,
            Key = key,
            Identity = op.Identity,
            LedgerIdentity = op.LedgerIdentity,
            UserHash = userHash is { } user ? KeyedHash.Short(user) : 0,
            EmailHash = emailHash is { } email ? KeyedHash.Short(email) : 0,
            EndSlots = op.EndSlots,
            LeaveSlots = op.LeaveSlots,
        };
    }

    private int BeginBody(OpFlags flags)
    {
        _operations.Int32(NextOrd);
        _operations.UInt16((ushort)flags);
        _operations.Int32(0);
        return _operations.Length;
    }

    private void EndBody(int start) => _operations.PatchInt32(start - 4, _operations.Length - start);

    private void Refer(IdentityRef reference, UInt128? userHash, UInt128? emailHash)
    {
        NextOrd++;
        HasLeavers |= reference.IsLeaver;
        ReferBy(reference, userHash, emailHash);
    }

    private void ReferBy(IdentityRef reference, UInt128? userHash, UInt128? emailHash)
    {
        if (userHash is { } user)
        {
            var byUser = reference;
            if (reference.Kind == OpKind.Subscribe)
            {
                byUser.KeyHashOrOther = reference.EmailSent == 0 ? 0 : KeyedHash.Short(emailHash!.Value);
            }

            (byUser.HashHigh, byUser.HashLow) = ((ulong)(user >> 64), (ulong)user);
            _users.Add(byUser);
        }

        if (emailHash is { } email)
        {
            (reference.HashHigh, reference.HashLow) = ((ulong)(email >> 64), (ulong)email);
            _emails.Add(reference);
        }
    }
}
