using System.Data.Common;
using System.Security.Cryptography;
using IterableAudience.Store;
using IterableAudience.Syncs.Send;

namespace IterableAudience.Syncs.Plan;

/// <summary>Cuts the operations of one stage into batches of a thousand; only the last one is shorter.</summary>
internal sealed class BatchCutter(long sync, Stage stage, IncrementalHash? planHash = null)
{
    /// <summary>Subscribers that one request may carry; RudderStack's and our own limit (Iterable states none).</summary>
    public const int Size = 1000;

    private const string Insert = "INSERT INTO batch (sync, stage, n, operations, first_part, last_part, ords, blob) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

    private static readonly CopyInto Copy = new(
        "batch", "sync bigint, stage smallint, n integer, operations integer, first_part integer, last_part integer, ords bytea, blob bytea");

    private readonly BlobWriter _ords = new(6 * Size);
    private readonly BlobWriter _blob = new(64 * 1024);
    private int _count;
    private int _firstPart;
    private int _lastPart;

    /// <summary>Batches written so far; also the number of the next one.</summary>
    public int Batches { get; private set; }

    public void Add(DbConnection write, OpRef reference, OpFlags flags, ReadOnlySpan<byte> body, ReadOnlySpan<byte> tail)
    {
        Begin(reference);
        _blob.UInt16((ushort)flags);
        _blob.Bytes(body);
        _blob.Bytes(tail);
        End(write, reference);
    }

    public void Add(DbConnection write, PlanOp op)
    {
        Begin(op.Ref);
        PlanOpCodec.Write(_blob, op);
        End(write, op.Ref);
    }

    public void Flush(DbConnection write)
    {
        if (_count == 0)
        {
            return;
        }

        planHash?.AppendData([(byte)stage]);
        planHash?.AppendData(_ords.Written);
        planHash?.AppendData(_blob.Written);
        using var insert = BulkStatement.Of(write, Insert, Copy);
        insert.Bind(1, sync).Bind(2, (long)stage).Bind(3, Batches).Bind(4, _count).Bind(5, _firstPart).Bind(6, _lastPart)
            .Bind(7, _ords.Written).Bind(8, _blob.Written)
            .Run();
        insert.Finish();
        Batches++;
        _count = 0;
    }

    private void Begin(OpRef reference)
    {
        if (_count == 0)
        {
            _ords.Clear();
            _blob.Clear();
            _blob.Byte(PlanOpCodec.Version);
            _firstPart = reference.Part;
        }
    }

    private void End(DbConnection write, OpRef reference)
    {
        _ords.UInt16(reference.Part);
        _ords.Int32(reference.Ord);
        _lastPart = reference.Part;
        if (++_count == Size)
        {
            Flush(write);
        }
    }
}
