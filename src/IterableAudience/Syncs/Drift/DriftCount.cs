using System.Runtime.InteropServices;
using IterableAudience.Store;
using IterableAudience.Syncs.Plan;
using IterableAudience.Syncs.Report;

namespace IterableAudience.Syncs.Drift;

/// <summary>
/// Brings the identifiers of the ledger and those of the list together, slice by slice of their hashes: memory holds one slice. An identifier that comes
/// twice counts once.
/// </summary>
internal sealed class DriftCount : IDisposable
{
    private const int Parts = 256;
    private const int InMemory = 16 * 1024 * 1024;
    private const int SampleSize = 20;
    private const int OnlyOnTheList = 1 << (int)Side.List;

    /// <summary>Of an identifier that is in a sample: each of them once.</summary>
    private const int Taken = ~0;

    private readonly Spill _spill = new(Parts, InMemory);
    private readonly BlobWriter _row = new(256);

    /// <summary>Who says that an identifier is on the list.</summary>
    internal enum Side : byte
    {
        Ours,
        Others,
        List,

        /// <summary>Of an e-mail: one of ours whom we count by the userId has it.</summary>
        OursByUser,

        /// <summary>Likewise of others.</summary>
        OthersByUser,
    }

    public long Ours { get; private set; }

    public long There { get; private set; }

    public long OursAndThere { get; private set; }

    public long ThereByOthers { get; private set; }

    /// <summary>Of e-mails: ours whom others have by the userId, so that they were counted there, too.</summary>
    public long OursAmongOthers { get; private set; }

    public List<string> Missing { get; } = [];

    public List<string> Strangers { get; } = [];

    public void Add(Side side, UInt128 hash, string identifier)
    {
        _row.Clear();
        _row.Int64((long)(ulong)(hash >> 64));
        _row.Int64((long)(ulong)hash);
        _row.Byte((byte)side);
        _row.Text(identifier);
        _spill.Append((byte)(hash >> 120), _row.Written);
    }

    public void Count(CancellationToken cancel)
    {
        Dictionary<UInt128, int> sides = [];
        for (var part = 0; part < Parts; part++)
        {
            cancel.ThrowIfCancellationRequested();
            using var bytes = _spill.Read(part);
            Gather(bytes.Span, sides);
            foreach (var which in sides.Values)
            {
                // Whom we have by the userId is counted among the userIds.
                var there = Has(which, Side.List);
                var ours = Has(which, Side.Ours) && !Has(which, Side.OursByUser);
                var others = Has(which, Side.Others) && !Has(which, Side.OthersByUser) && !Has(which, Side.OursByUser);
                Ours += ours ? 1 : 0;
                There += there ? 1 : 0;
                OursAndThere += ours && there ? 1 : 0;
                ThereByOthers += !ours && others && there ? 1 : 0;
                OursAmongOthers += ours && there && Has(which, Side.OthersByUser) ? 1 : 0;
            }

            Sample(bytes.Span, sides);
        }
    }

    public void Dispose() => _spill.Dispose();

    private static bool Has(int sides, Side side) => (sides & (1 << (int)side)) != 0;

    private static void Gather(ReadOnlySpan<byte> bytes, Dictionary<UInt128, int> sides)
    {
        sides.Clear();
        for (var reader = new BlobReader(bytes); !reader.AtEnd;)
        {
            var hash = new UInt128((ulong)reader.Int64(), (ulong)reader.Int64());
            CollectionsMarshal.GetValueRefOrAddDefault(sides, hash, out _) |= 1 << reader.Byte();
            reader.Text();
        }
    }

    private void Sample(ReadOnlySpan<byte> bytes, Dictionary<UInt128, int> sides)
    {
        for (var reader = new BlobReader(bytes); !reader.AtEnd && (Missing.Count < SampleSize || Strangers.Count < SampleSize);)
        {
            var hash = new UInt128((ulong)reader.Int64(), (ulong)reader.Int64());
            var side = (Side)reader.Byte();
            var text = reader.String();
            var into = (side, sides[hash]) switch
            {
                (Side.Ours, var which) when !Has(which, Side.List) && !Has(which, Side.OursByUser) => Missing,
                (Side.List, OnlyOnTheList) => Strangers,
                _ => null,
            };
            if (into is not null && into.Count < SampleSize)
            {
                into.Add(Masking.Key(text));
                sides[hash] = Taken;
            }
        }
    }
}
