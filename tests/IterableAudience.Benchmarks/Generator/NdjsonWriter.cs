using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using IterableAudience.Records;

namespace IterableAudience.Benchmarks.Generator;

/// <summary>Writes records as the service takes them: a JSON object a line, columns under their names in the source.</summary>
internal sealed class NdjsonWriter : IDisposable
{
    public const string EmailColumn = "EMAIL";
    public const string UserIdColumn = "ID";

    private const int FlushAt = 1 << 16;
    private readonly ArrayBufferWriter<byte> buffer = new(2 * FlushAt);
    private readonly Utf8JsonWriter json;
    private readonly Stream to;

    public NdjsonWriter(Stream to)
    {
        this.to = to;
        json = new(buffer, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true });
    }

    public static async Task WriteAsync(Stream to, IEnumerable<GeneratedRecord> records, CancellationToken cancellation = default)
    {
        using var writer = new NdjsonWriter(to);
        foreach (var record in records)
        {
            writer.Add(record);
            if (writer.buffer.WrittenCount >= FlushAt)
            {
                await writer.FlushAsync(cancellation);
            }
        }

        await writer.FlushAsync(cancellation);
    }

    public void Dispose() => json.Dispose();

    private void Add(in GeneratedRecord record)
    {
        json.WriteStartObject();
        json.WriteString("action"u8, record.Action.Word());
        json.WriteString("primaryKey"u8, record.PrimaryKey);
        json.WriteStartObject("fields"u8);
        if (record.Email is not null)
        {
            json.WriteString(EmailColumn, record.Email);
        }

        if (record.UserId is not null)
        {
            json.WriteString(UserIdColumn, record.UserId);
        }

        json.WriteEndObject();
        json.WriteEndObject();
        json.Flush();
        json.Reset();
        buffer.Write("\n"u8);
    }

    private async Task FlushAsync(CancellationToken cancellation)
    {
        await to.WriteAsync(buffer.WrittenMemory, cancellation);
        buffer.ResetWrittenCount();
    }
}
