using IterableAudience.Records;

namespace IterableAudience.Syncs.Intake;

/// <summary>A body that was read to its end.</summary>
/// <param name="Records">How many records it had, readable or not.</param>
/// <param name="Hash">Hash of its bytes (decompressed), as hex: two bodies under one idempotency key are the same if it is.</param>
internal sealed record WholeBody(long Records, string Hash);

/// <summary>
/// Reads the records of a pushed body while it arrives. Memory stays flat however long it is. A record that can't be read is handed
/// on with its fault; a body that can't be taken as a whole throws <see cref="BodyException"/>, perhaps after records were handed on.
/// </summary>
internal static class RecordBody
{
    /// <summary>One record a line. Blank lines are passed over but counted, so that the numbers are those of an editor.</summary>
    /// <param name="body">The decompressed body, see <see cref="BodyStream"/>.</param>
    /// <param name="mapping">Which columns are identifiers.</param>
    /// <param name="sink">Takes the records.</param>
    /// <param name="options">How patient to be.</param>
    /// <param name="time">The clock of that patience.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="BodyException">The body can't be taken as a whole.</exception>
    public static async Task<WholeBody> ReadNdjsonAsync(
        Stream body, IdentifierMapping mapping, RecordSink sink, IntakeOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        using var buffer = new BodyBuffer(body, options.MaxSilence, time, cancellationToken);
        await using var batch = new RecordBatch(sink);
        var lines = new LineReader(buffer, batch, mapping);

        await buffer.StartAsync();
        do
        {
            while (!lines.TakeLines())
            {
                await batch.FlushAsync(cancellationToken);
            }
        }
        while (await buffer.FillAsync());

        lines.TakeLastLine();
        await batch.FinishAsync(cancellationToken);
        return new WholeBody(batch.Total, buffer.Hash());
    }

    /// <summary>One JSON object with an array <c>records</c>; other members are passed over. Records are numbered from 1.</summary>
    /// <inheritdoc cref="ReadNdjsonAsync"/>
    public static async Task<WholeBody> ReadJsonAsync(
        Stream body, IdentifierMapping mapping, RecordSink sink, IntakeOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        using var buffer = new BodyBuffer(body, options.MaxSilence, time, cancellationToken);
        await using var batch = new RecordBatch(sink);
        var document = new DocumentReader(buffer, batch, mapping);

        await buffer.StartAsync();
        do
        {
            while (!document.TakeTokens())
            {
                await batch.FlushAsync(cancellationToken);
            }
        }
        while (await buffer.FillAsync());

        document.End();
        await batch.FinishAsync(cancellationToken);
        return new WholeBody(batch.Total, buffer.Hash());
    }
}
