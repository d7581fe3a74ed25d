using System.Collections;
using System.Text;

namespace IterableAudience.Records;

/// <summary>
/// Identities as they lie in a blob, in UTF-8. A request is written straight from them; texts are made only of those that somebody looks at,
/// which for most batches is nobody.
/// </summary>
internal sealed class EncodedIdentities((ReadOnlyMemory<byte> Email, ReadOnlyMemory<byte> UserId)[] identities) : IReadOnlyList<Identity>
{
    private Identity[]? _texts;

    public int Count => identities.Length;

    public Identity this[int index]
    {
        get
        {
            _texts ??= new Identity[identities.Length];
            ref var text = ref _texts[index];
            if (text == default)
            {
                text = new Identity(Text(EmailOf(index)), Text(UserIdOf(index)));
            }

            return text;
        }
    }

    /// <summary>The e-mail; empty where there is none.</summary>
    public ReadOnlySpan<byte> EmailOf(int index) => identities[index].Email.Span;

    /// <summary>The userId; empty where there is none.</summary>
    public ReadOnlySpan<byte> UserIdOf(int index) => identities[index].UserId.Span;

    public IEnumerator<Identity> GetEnumerator()
    {
        for (var i = 0; i < Count; i++)
        {
            yield return this[i];
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static string? Text(ReadOnlySpan<byte> utf8) => utf8.IsEmpty ? null : Encoding.UTF8.GetString(utf8);
}
