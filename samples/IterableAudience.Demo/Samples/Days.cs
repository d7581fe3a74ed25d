namespace IterableAudience.Demo.Samples;

/// <summary>
/// The two sample files. Day 1 fills a list; day 2 does to it what real tables do: people join and leave, change their address, appear under two keys,
/// and some rows are wrong.
/// </summary>
internal sealed class Days
{
    public const int Day1Lines = 10_000;

    /// <summary>Someone who had their data erased in Iterable; day 2 tries to add them.</summary>
    public const string ForgottenEmail = "robin.forgotten@example.org";

    private const int SameKeyTwice = 120;
    private const int SamePersonTwice = 80;

    private readonly Dice dice = new(20_260_401);
    private readonly Customers customers;
    private readonly List<Customer> people = [];
    private readonly List<(Customer First, Customer Second)> doubles = [];

    public Days()
    {
        customers = new(dice);
        Day1 = [.. MakeDay1().Select(r => r.ToJson())];
        Day2 = MakeDay2();
    }

    public IReadOnlyList<string> Day1 { get; }

    public IReadOnlyList<string> Day2 { get; }

    private List<Row> MakeDay1()
    {
        var rows = new List<Row>(Day1Lines);
        for (var i = 0; i < Day1Lines - SameKeyTwice - SamePersonTwice; i++)
        {
            var customer = customers.Next();
            people.Add(customer);
            rows.Add(Row.Insert(customer));
        }

        // The same person under a second key: the same identifiers, typed by another hand.
        foreach (var first in Pick(SamePersonTwice, c => c.HasBoth))
        {
            var second = first with { Key = customers.NextKey(), Email = customers.Retyped(first.Email!), Tidy = false };
            doubles.Add((first, second));
            InsertAfter(rows, first.Key, Row.Insert(second));
        }

        // The same key twice: the later record counts, unless it is rejected.
        var again = Pick(SameKeyTwice, c => c.HasEmailOnly || c.HasBoth);
        for (var i = 0; i < again.Count; i++)
        {
            var first = again[i];
            var second = (i % 6) switch
            {
                0 or 1 or 2 => customers.Moved(first),
                3 or 4 => first with { Email = customers.Address(first.FirstName, first.LastName) },
                _ => first with { Email = customers.Bad(first.Email!), Id = null },
            };
            InsertAfter(rows, first.Key, Row.Update(second));
        }

        return rows;
    }

    private List<string> MakeDay2()
    {
        var rows = new List<Row>();
        rows.AddRange(Enumerable.Range(0, 400).Select(_ => Row.Insert(customers.Next())));
        rows.AddRange(Pick(150, c => c.HasBoth).Select(c => Row.Update(customers.Moved(c))));

        // Changes of identity: another address of the same person, another person in the row, a customer number for an address.
        rows.AddRange(Pick(120, c => c.HasBoth).Select(c => Row.Update(c with { Email = customers.Address(c.FirstName, c.LastName) })));
        rows.AddRange(Pick(40, c => c.HasEmailOnly).Select(c => Row.Update(c with { Email = customers.Address(c.FirstName, c.LastName) })));
        rows.AddRange(Pick(40, c => c.HasBoth).Select(c => Row.Update(customers.NextTidy() with { Key = c.Key })));
        rows.AddRange(Pick(30, c => c.HasEmailOnly).Select(c => Row.Update(c with { Id = customers.NextId() })));

        // An address moves from one person to another.
        foreach (var pair in Pick(6, c => c.HasBoth).Chunk(2))
        {
            rows.Add(Row.Update(pair[0] with { Email = customers.Address(pair[0].FirstName, pair[0].LastName) }));
            rows.Add(Row.Update(pair[1] with { Email = pair[0].Email }));
        }

        // A second customer number for an address that Iterable knows under the first one: a conflict that no order of requests can mend.
        rows.AddRange(Pick(5, c => c.HasBoth).Select(c => Row.Update(c with { Id = customers.NextId() })));

        // The new value is bad: nothing changes.
        rows.AddRange(Pick(8, c => c.HasEmailOnly).Select(c => Row.Update(c with { Email = customers.Bad(c.Email!) })));
        rows.AddRange(Pick(8, c => c.HasBoth).Select(c => Row.Update(c with { Email = customers.Bad(c.Email!) })));

        // Leavers: by key alone, with identifiers, one of two rows of a person, both rows of a person.
        rows.AddRange(Pick(250, c => c.Email is not null).Select(c => Row.DeleteByKey(c.Key)));
        rows.AddRange(Pick(60, c => c.HasBoth).Select(Row.Delete));
        rows.AddRange(doubles.Take(40).Select(d => Row.DeleteByKey(d.First.Key)));
        rows.AddRange(doubles.Skip(40).Take(10).SelectMany(d => new[] { Row.DeleteByKey(d.First.Key), Row.DeleteByKey(d.Second.Key) }));

        // Deletes of keys that were never sent: of people unknown to Iterable, of people whom another row holds, of nobody.
        rows.AddRange(Enumerable.Range(0, 30).Select(_ => Row.Delete(customers.NextTidy())));
        rows.AddRange(Pick(4, c => c.HasBoth).Select(c => Row.Delete(c with { Key = customers.NextKey() })));
        rows.AddRange(Enumerable.Range(0, 3).Select(_ => Row.DeleteByKey(customers.NextKey())));

        rows.Add(Row.Insert(customers.NextTidy() with { Email = ForgottenEmail, Id = null, FirstName = "Robin", LastName = "Forgotten" }));
        dice.Shuffle(rows);

        // The last word on a key counts: 15 people join and leave on the same day.
        foreach (var customer in Enumerable.Range(0, 15).Select(_ => customers.NextTidy()))
        {
            rows.Insert(dice.Below(rows.Count), Row.Insert(customer));
            InsertAfter(rows, customer.Key, Row.DeleteByKey(customer.Key));
        }

        var lines = rows.Select(r => r.ToJson()).ToList();
        lines.Insert(dice.Below(lines.Count), """{"action":"upsert","primaryKey":"90001","fields":{"EMAIL":"una.known@example.com"}}""");
        lines.Insert(dice.Below(lines.Count), """{"action":"insert","primaryKey":"90002","fields":{"EMAIL":"cut.short@exam""");
        return lines;
    }

    /// <summary>Takes tidy people out of the pool, so that nobody is in two cases at once.</summary>
    private List<Customer> Pick(int count, Func<Customer, bool> which)
    {
        var picked = new List<Customer>(count);
        while (picked.Count < count)
        {
            var i = dice.Below(people.Count);
            if (people[i].Tidy && which(people[i]))
            {
                picked.Add(people[i]);
                people.RemoveAt(i);
            }
        }

        return picked;
    }

    private void InsertAfter(List<Row> rows, int key, Row row)
    {
        var first = rows.FindIndex(r => r.Key == key);
        rows.Insert(first + 1 + dice.Below(rows.Count - first), row);
    }
}
