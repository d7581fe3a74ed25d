using System.Globalization;
using System.Text;

namespace IterableAudience.Demo.Samples;

/// <summary>Makes up people: names, cities, an address at example.com, example.org or example.net, a customer number, and the mess that real tables have.</summary>
internal sealed class Customers(Dice dice)
{
    private static readonly string[] Firsts =
    [
        "Ada", "Aisha", "Alan", "Amélie", "Andrés", "Anna", "Ben", "Bianca", "Björn", "Camille", "Carlos", "Chen", "Chloé", "Dagmar", "Daniel", "David", "Diego", "Ebba",
        "Elena", "Emma", "Erik", "Fatima", "Felix", "Finn", "Freya", "Gabriel", "Giulia", "Hana", "Hannah", "Hugo", "Ines", "Isaac", "Ivan", "Jack", "Jamal", "Jan", "Jonas",
        "José", "Julia", "Kaito", "Kim", "Lars", "Leila", "Lena", "Liam", "Lucía", "Łukasz", "Maria", "Marta", "Mateo", "Maya", "Mia", "Mohamed", "Nadia", "Nina", "Noah",
        "Nora", "Oliver", "Omar", "Paula", "Pedro", "Priya", "Rafael", "Rosa", "Ruth", "Sara", "Sofía", "Sven", "Tariq", "Theo", "Tomás", "Valeria", "Wei", "Yara", "Yusuf", "Zoë",
    ];

    private static readonly string[] Lasts =
    [
        "Abbott", "Ahmed", "Almeida", "Andersson", "Bauer", "Becker", "Bell", "Bianchi", "Brown", "Castillo", "Chen", "Clark", "Costa", "D'Angelo", "Dubois", "Evans", "Fischer",
        "Fontaine", "García", "Gomez", "Haas", "Hansen", "Hoffmann", "Ibrahim", "Ito", "Jansen", "Johansson", "Jones", "Kaya", "Keller", "Khan", "Kowalski", "Larsen", "Lee",
        "Lindqvist", "López", "Martin", "Mbeki", "Meyer", "Moreau", "Müller", "Nakamura", "Nguyen", "Novák", "O'Brien", "Okafor", "Olsen", "Park", "Patel", "Pereira", "Quinn",
        "Ricci", "Rossi", "Santos", "Schmidt", "Silva", "Singh", "Smith", "Svensson", "Tanaka", "Taylor", "Torres", "Vega", "Virtanen", "Walsh", "Weber", "Yılmaz", "Zhang",
    ];

    private static readonly string[] Cities = ["Amsterdam", "Barcelona", "Berlin", "Boston", "Chicago", "Dublin", "Kraków", "Lisboa", "London", "Madrid", "Milano", "Oslo", "Paris", "Porto", "Seattle", "Stockholm", "Toronto", "Wien", "Zürich"];
    private static readonly string[] Plans = ["free", "free", "free", "starter", "starter", "pro", "team"];
    private static readonly string[] Domains = ["example.com", "example.com", "example.org", "example.net"];

    private readonly Dictionary<string, int> taken = [];
    private int lastKey = 1000;
    private int lastId = 204_000;

    /// <summary>A new row of a new person: 70 % have both identifiers, 20 % only an address, 10 % only a customer number; the values are as messy as usual.</summary>
    public Customer Next()
    {
        var tidy = NextTidy();
        var carries = dice.Below(100);
        var email = carries < 90 ? Mess(tidy.Email!) : null;
        var id = carries is < 70 or >= 90 ? MessId(tidy.Id!) : null;
        return tidy with { Email = email, Id = id, Tidy = (email ?? tidy.Email) == tidy.Email && (id ?? tidy.Id) == tidy.Id };
    }

    /// <summary>A new row of a new person who has both identifiers, both of them tidy.</summary>
    public Customer NextTidy()
    {
        var (first, last) = (dice.Of(Firsts), dice.Of(Lasts));
        return new(NextKey(), Address(first, last), NextId(), first, last, dice.Of(Cities), dice.Of(Plans));
    }

    public int NextKey() => ++lastKey;

    public string NextId() => string.Create(CultureInfo.InvariantCulture, $"C-{lastId += 1 + dice.Below(9)}");

    /// <summary>An address that nobody has yet.</summary>
    public string Address(string first, string last)
    {
        var local = dice.Below(4) switch
        {
            0 => $"{first}.{last}",
            1 => $"{first}{last}",
            2 => $"{first[0]}.{last}",
            _ => $"{first}_{last}",
        };
        local = Ascii(local);
        var number = taken[local] = taken.GetValueOrDefault(local) + 1;
        var tag = dice.Chance(3) ? "+news" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{local}{(number == 1 ? "" : number)}{tag}@{dice.Of(Domains)}");
    }

    /// <summary>The city only: a change that concerns nobody's membership.</summary>
    public Customer Moved(Customer customer) => customer with { City = dice.Of(Cities.Where(c => c != customer.City).ToArray()) };

    /// <summary>The same address as another hand would type it.</summary>
    public string Retyped(string email) => dice.Below(3) switch
    {
        0 => email.ToUpperInvariant(),
        1 => " " + email,
        _ => char.ToUpperInvariant(email[0]) + email[1..] + "  ",
    };

    /// <summary>An address as it must not be.</summary>
    public string Bad(string email) => dice.Below(7) switch
    {
        0 => email.Replace("@", "", StringComparison.Ordinal),
        1 => email.Replace("@", "@@", StringComparison.Ordinal),
        2 => email.Replace("@", " @ ", StringComparison.Ordinal),
        3 => email.Replace(".", "..", StringComparison.Ordinal),
        4 => email[..(email.IndexOf('@', StringComparison.Ordinal) + 1)],
        5 => "." + email,
        _ => "",
    };

    private string Mess(string email) => dice.Below(100) switch
    {
        < 2 => Bad(email),
        < 11 => char.ToUpperInvariant(email[0]) + email[1..].Replace("@example", dice.Chance(50) ? "@Example" : "@EXAMPLE", StringComparison.Ordinal),
        < 16 => dice.Chance(50) ? $" {email} " : email + " ",
        _ => email,
    };

    private string MessId(string id) => dice.Below(200) switch
    {
        0 => id + " ",
        1 => " " + id,
        _ => id,
    };

    /// <summary>Lower case, without the marks on letters: José García → jose.garcia.</summary>
    private static string Ascii(string name)
    {
        var letters = new StringBuilder(name.Length);
        foreach (var c in name.ToLowerInvariant())
        {
            letters.Append(c switch
            {
                'á' or 'à' or 'ä' or 'å' => "a", 'ć' or 'ç' => "c", 'é' or 'è' or 'ë' => "e", 'í' or 'ı' => "i", 'ł' => "l", 'ñ' => "n", 'ó' or 'ö' => "o", 'ú' or 'ü' => "u",
                _ => c.ToString(),
            });
        }

        return letters.ToString();
    }
}
