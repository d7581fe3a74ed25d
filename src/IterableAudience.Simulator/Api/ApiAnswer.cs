using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace IterableAudience.Simulator.Api;

/// <summary>What is sent back, before a fault spoils it.</summary>
internal sealed class ApiAnswer
{
    // Iterable's answers have plus signs and apostrophes as they are.
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public int Status { get; init; } = 200;

    public string ContentType { get; init; } = "application/json";

    public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>Writes a body too long to hold; used instead of <see cref="Body"/>.</summary>
    public Func<PipeWriter, CancellationToken, Task>? Stream { get; init; }

    public string? RetryAfter { get; init; }

    public static ApiAnswer Json(int status, Action<Utf8JsonWriter> write, int sizeHint = 256)
    {
        var buffer = new ArrayBufferWriter<byte>(sizeHint);
        using (var json = new Utf8JsonWriter(buffer, Plain))
            write(json);
        return new ApiAnswer { Status = status, Body = buffer.WrittenMemory };
    }

    public static ApiAnswer Text(int status, string text)
        => new() { Status = status, ContentType = "text/plain; charset=UTF-8", Body = Encoding.UTF8.GetBytes(text) };

    public static ApiAnswer Html(int status, string title, string detail) => new()
    {
        Status = status,
        ContentType = "text/html; charset=UTF-8",
        Body = Encoding.UTF8.GetBytes(
            $"<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1><p>{HtmlEncoder.Default.Encode(detail)}</p></body></html>\n"),
    };
}
