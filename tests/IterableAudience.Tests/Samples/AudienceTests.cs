using IterableAudience.Demo.Expected;
using Xunit;

namespace IterableAudience.Tests.Samples;

/// <summary>The demo's own idea of who must be on the list.</summary>
public sealed class AudienceTests
{
    private readonly Audience audience = new(["gone@example.org"]);

    [Fact]
    public void A_person_with_two_rows_stays_until_both_are_gone()
    {
        audience.Apply([Record("insert", "1", "a@example.com", "u1"), Record("insert", "2", " A@example.com", "u1")]);
        audience.Apply([Record("delete", "1")]);
        Assert.Equal([new("a@example.com", "u1")], audience.People);

        audience.Apply([Record("delete", "2")]);
        Assert.Empty(audience.People);
    }

    [Fact]
    public void An_address_may_move_from_one_person_to_another_in_whatever_order_the_rows_come()
    {
        audience.Apply([Record("insert", "1", "a@example.com", "u1"), Record("insert", "2", "b@example.com", "u2")]);
        audience.Apply([Record("update", "2", "a@example.com", "u2"), Record("update", "1", "c@example.com", "u1")]);

        Assert.Equal([new("c@example.com", "u1"), new("a@example.com", "u2")], audience.People);
    }

    [Fact]
    public void A_second_user_id_for_a_taken_address_changes_nothing()
    {
        audience.Apply([Record("insert", "1", "a@example.com", "u1")]);
        audience.Apply([Record("update", "1", "a@example.com", "u9")]);

        Assert.Equal([new("a@example.com", "u1")], audience.People);
    }

    [Fact]
    public void A_user_id_that_an_address_gets_later_is_the_same_person()
    {
        audience.Apply([Record("insert", "1", "a@example.com")]);
        audience.Apply([Record("update", "1", "a@example.com", "u1")]);

        Assert.Equal([new("a@example.com", "u1")], audience.People);
    }

    [Fact]
    public void The_last_good_record_of_a_key_counts_and_a_forgotten_person_never_does()
    {
        audience.Apply(
        [
            Record("insert", "1", "a@example.com"), Record("update", "1", "b@example.com"), Record("update", "1", "no address"),
            Record("insert", "2", "gone@example.org"), Record("upsert", "3", "c@example.com"), "{\"action\":",
        ]);

        Assert.Equal([new("b@example.com", null)], audience.People);
    }

    private static string Record(string action, string key, string? email = null, string? id = null)
        => System.Text.Json.JsonSerializer.Serialize(new { action, primaryKey = key, fields = new { EMAIL = email, ID = id } });
}
