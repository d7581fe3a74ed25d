using System.Text;

namespace IterableAudience.Store;

/// <summary>Rows that are only inserted: they go to their table by COPY, together with those of other statements of the same transaction.</summary>
internal sealed class PostgresCopyStatement(PostgresPending pending, CopyInto into) : BulkStatement
{
    private readonly BlobWriter _bytes = new(256);
    private readonly long[] _numbers = new long[into.Columns];
    private readonly Slice[] _slices = new Slice[into.Columns];

    /// <inheritdoc/>
    public override PostgresCopyStatement Bind(int place, long value)
    {
        _numbers[place - 1] = value;
        return this;
    }

    /// <inheritdoc/>
    /// <remarks>Bound anew for each row.</remarks>
    public override PostgresCopyStatement Bind(int place, ReadOnlySpan<byte> value)
    {
        _slices[place - 1] = new(_bytes.Length, value.Length);
        _bytes.Bytes(value);
        return this;
    }

    /// <inheritdoc/>
    /// <remarks>Bound anew for each row.</remarks>
    public override PostgresCopyStatement Bind(int place, string? value)
    {
        if (value is not null)
        {
            return Bind(place, Encoding.UTF8.GetBytes(value));
        }

        _slices[place - 1] = Slice.None;
        return this;
    }

    /// <inheritdoc/>
    public override void Run()
    {
        var rows = pending.RowsOf(into);
        rows.Begin();
        for (var i = 0; i < _numbers.Length; i++)
        {
            if (into.SizeOf(i) is > 0 and var size)
            {
                rows.Number(_numbers[i], size);
            }
            else if (_slices[i] is { Exists: true } slice)
            {
                rows.Bytes(_bytes.Written.Slice(slice.Offset, slice.Length));
            }
            else
            {
                rows.Null();
            }
        }

        _bytes.Clear();
    }

    /// <inheritdoc/>
    public override void Finish()
    {
        // goes out with the transaction's other rows
    }

    public override void Dispose()
    {
        // nothing is held
    }
}
