using System.Text.Encodings.Web;
using System.Text.Json;

namespace IterableAudience.Demo.Samples;

/// <summary>One line of a sample file.</summary>
/// <param name="Customer">The row with its columns; null in a delete that brings the key alone.</param>
internal sealed record Row(string Action, int Key, Customer? Customer)
{
    // Names and apostrophes stay readable in the file.
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Row Insert(Customer customer) => new("insert", customer.Key, customer);

    public static Row Update(Customer customer) => new("update", customer.Key, customer);

    public static Row Delete(Customer customer) => new("delete", customer.Key, customer);

    public static Row DeleteByKey(int key) => new("delete", key, null);

    public string ToJson()
    {
        var fields = new Dictionary<string, string>();
        if (Customer is { } c)
        {
            Add("EMAIL", c.Email);
            Add("ID", c.Id);
            Add("FIRST_NAME", c.FirstName);
            Add("LAST_NAME", c.LastName);
            Add("CITY", c.City);
            Add("PLAN", c.Plan);
        }

        var key = Key.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return Customer is null
            ? JsonSerializer.Serialize(new { action = Action, primaryKey = key }, Readable)
            : JsonSerializer.Serialize(new { action = Action, primaryKey = key, fields }, Readable);

        void Add(string column, string? value)
        {
            if (value is not null)
            {
                fields[column] = value;
            }
        }
    }
}
