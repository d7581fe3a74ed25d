using System.Text;

namespace IterableAudience.Tests.Faults;

/// <summary>Records as NDJSON, of people whose number says everything about them.</summary>
internal sealed class Rows
{
    public const string KeyPrefix = "rowkey-";
    public const string UserIdPrefix = "uid-";
    public const string Padded = " padded";

    private readonly StringBuilder _lines = new();

    public byte[] Bytes => Encoding.UTF8.GetBytes(_lines.ToString());

    public static Rows Of(int from, int count) => new Rows().Insert(from, count);

    public static string Email(int person) => $"person{person}@example.com";

    public static string UserId(int person) => UserIdPrefix + person;

    /// <summary>The row of a number holds the person of that number.</summary>
    public Rows Insert(int from, int count)
    {
        for (var i = from; i < from + count; i++)
            Add("insert", i, i);
        return this;
    }

    /// <summary>The rows hold other people from now on.</summary>
    public Rows Change(int from, int count, int peopleFrom)
    {
        for (var i = 0; i < count; i++)
            Add("update", from + i, peopleFrom + i);
        return this;
    }

    public Rows Delete(int from, int count)
    {
        for (var i = from; i < from + count; i++)
            _lines.Append($$"""{"action":"delete","primaryKey":"{{KeyPrefix}}{{i}}"}""").Append('\n');
        return this;
    }

    /// <summary>Rows that validation refuses, and lines that are no records.</summary>
    public Rows Bad(int from, int count)
    {
        for (var i = from; i < from + count; i++)
            _lines.Append($$$"""{"action":"insert","primaryKey":"{{{KeyPrefix}}}{{{i}}}","fields":{"EMAIL":"no address {{{i}}}","ID":"{{{Padded}}}{{{i}}}"}}""").Append('\n');
        _lines.Append("this is no record\n");
        return this;
    }

    private void Add(string action, int row, int person)
        => _lines.Append($$$"""{"action":"{{{action}}}","primaryKey":"{{{KeyPrefix}}}{{{row}}}","fields":{"EMAIL":"{{{Email(person)}}}","ID":"{{{UserId(person)}}}"}}""").Append('\n');
}
