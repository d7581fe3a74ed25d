using System.Net;
using System.Text.RegularExpressions;

namespace IterableAudience.Tests.Console;

/// <summary>Reads tags and forms from HTML as the service renders it; also a tag that should not be there.</summary>
internal static partial class Markup
{
    /// <summary>Each opening tag, with its attributes decoded.</summary>
    public static IEnumerable<Tag> Tags(string html)
        => OpeningTags().Matches(html).Select(m => new Tag(
            m.Groups["tag"].Value.ToLowerInvariant(),
            [.. m.Groups["attribute"].Captures.Select(c => Attribute(c.Value))],
            m.Index,
            m.Index + m.Length));

    /// <summary>All forms that are posted, as a browser would send them with no button pressed.</summary>
    public static IReadOnlyList<Form> Forms(string html)
        => [.. Matches(html, "form").Select(m => new Form(m.Tag["action"], m.Tag["method"] ?? "get", m.Tag["enctype"] ?? "", [.. Fields(m.Content)]))];

    /// <summary>Elements that don't hold others of their kind, with what is in them.</summary>
    public static IEnumerable<(Tag Tag, string Content)> Matches(string html, string name)
        => Tags(html).Where(t => t.Name == name).Select(t => (t, html[t.End..html.IndexOf($"</{name}>", t.End, StringComparison.OrdinalIgnoreCase)]));

    /// <summary>What a person reads: without tags, decoded.</summary>
    public static string Text(string html) => WebUtility.HtmlDecode(AnyTag().Replace(html, " "));

    private static KeyValuePair<string, string> Attribute(string text)
    {
        var split = text.IndexOf('=', StringComparison.Ordinal);
        return split < 0
            ? new(text.ToLowerInvariant(), "")
            : new(text[..split].TrimEnd().ToLowerInvariant(), WebUtility.HtmlDecode(text[(split + 1)..].TrimStart().Trim('"', '\'')));
    }

    private static IEnumerable<KeyValuePair<string, string>> Fields(string form)
    {
        var fields = Tags(form).Where(t => t["name"] is not null);
        foreach (var field in fields.Where(t => t.Name == "input" && t["type"] is not "file"))
        {
            if (field["type"] is not ("checkbox" or "radio") || field["checked"] is not null)
            {
                yield return new(field["name"]!, field["value"] ?? "");
            }
        }

        foreach (var (select, content) in Matches(form, "select"))
        {
            var options = Tags(content).Where(t => t.Name == "option").ToList();
            yield return new(select["name"]!, (options.Find(o => o["selected"] is not null) ?? options.FirstOrDefault())?["value"] ?? "");
        }

        foreach (var (area, content) in Matches(form, "textarea"))
        {
            yield return new(area["name"]!, WebUtility.HtmlDecode(content));
        }
    }

    [GeneratedRegex("""<(?<tag>[a-zA-Z][\w-]*)(?:\s+(?<attribute>[^\s=>"'/]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'>]+))?))*\s*/?>""")]
    private static partial Regex OpeningTags();

    [GeneratedRegex("""</?[a-zA-Z](?:[^>"]|"[^"]*")*>""")]
    private static partial Regex AnyTag();
}

/// <summary>An opening tag and where it is.</summary>
internal sealed record Tag(string Name, IReadOnlyList<KeyValuePair<string, string>> Attributes, int Start, int End)
{
    public string? this[string attribute] => Attributes.Where(a => a.Key == attribute).Select(a => a.Value).FirstOrDefault();
}

/// <summary>A form with what it would send.</summary>
internal sealed record Form(string? Action, string Method, string Encoding, IReadOnlyList<KeyValuePair<string, string>> Fields)
{
    public const string HandlerField = "_handler";
    public const string TokenField = "__RequestVerificationToken";

    public bool IsPosted => Method == "post";

    /// <summary>Which form of the page it is; <c>sign-out</c> has none, it is an address of its own.</summary>
    public string Handler => Fields.FirstOrDefault(f => f.Key == HandlerField).Value ?? "";

    public string Token => Fields.FirstOrDefault(f => f.Key == TokenField).Value ?? "";

    /// <summary>With some fields filled in; a null takes a field away.</summary>
    public Form With(params (string Name, string? Value)[] fields)
        => this with
        {
            Fields =
            [
                .. Fields.Where(f => !fields.Any(n => n.Name == f.Key)),
                .. fields.Where(f => f.Value is not null).Select(f => KeyValuePair.Create(f.Name, f.Value!)),
            ],
        };
}
