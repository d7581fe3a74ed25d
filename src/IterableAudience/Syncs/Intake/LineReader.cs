using IterableAudience.Records;

namespace IterableAudience.Syncs.Intake;

/// <summary>Cuts a body into lines, a record each. A line that is too long is passed over without being kept.</summary>
internal sealed class LineReader(BodyBuffer buffer, RecordBatch batch, IdentifierMapping mapping)
{
    private static ReadOnlySpan<byte> WhiteSpace => " \t\r"u8;

    private int _line;
    private int _searched; // bytes of the unread ones that hold no line feed
    private bool _passingOver;

    /// <summary>Takes the whole lines that the buffer holds; false when the batch is full before they are.</summary>
    public bool TakeLines()
    {
        while (!batch.IsFull)
        {
            var unread = buffer.Unread;
            var found = unread[_searched..].IndexOf((byte)'\n');
            if (found < 0)
            {
                WaitForMore(unread.Length);
                return true;
            }

            var length = _searched + found;
            TakeLine(unread[..length]);
            buffer.Advance(length + 1);
            _searched = 0;
        }

        return false;
    }

    /// <summary>Takes what follows the last line feed, if anything does.</summary>
    public void TakeLastLine()
    {
        if (_passingOver || !buffer.Unread.IsEmpty)
        {
            TakeLine(buffer.Unread);
            buffer.Advance(buffer.Unread.Length);
        }
    }

    private void WaitForMore(int unread)
    {
        _searched = unread;
        if (unread > RecordReader.MaxBytes + 1)
        {
            _passingOver = true;
            buffer.Advance(unread);
            _searched = 0;
        }
    }

    private void TakeLine(ReadOnlySpan<byte> line)
    {
        _line++;
        if (line is [.., (byte)'\r'])
        {
            line = line[..^1];
        }

        if (_passingOver || line.Length > RecordReader.MaxBytes)
        {
            _passingOver = false;
            batch.Add(RecordReader.Malformed(_line, RecordFaults.TooLarge));
        }
        else if (line.ContainsAnyExcept(WhiteSpace))
        {
            batch.Add(RecordReader.Read(line, _line, mapping));
        }
    }
}
