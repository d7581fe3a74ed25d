using IterableAudience.Sources;
using IterableAudience.Warehouses;
using Xunit;

namespace IterableAudience.Tests.Sources;

public sealed class SourceColumnsTests
{
    [Theory]
    [InlineData("ID EMAIL naïve_2", "its columns are ID, EMAIL, naïve_2.")]
    [InlineData("ID 'secret' 4711 ada@example.com ?column?", "its columns are ID, ….")]
    [InlineData("'secret' 4711", "its columns are without names.")]
    [InlineData("", "its columns are none.")]
    public void A_column_that_is_missing_is_told_with_the_names_of_the_others_and_no_value(string columns, string says)
        => Assert.EndsWith($"has no column PK, which is the primary key; {says}", Told(columns.Split(' ', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);

    [Fact]
    public void Twenty_names_are_enough_and_a_long_one_is_none()
    {
        var told = Told([new string('x', 61), .. Enumerable.Range(0, 25).Select(i => $"c{i:00}")]);
        Assert.EndsWith("c18, c19, ….", told, StringComparison.Ordinal);
        Assert.DoesNotContain("xxx", told, StringComparison.Ordinal);
    }

    private static string Told(string[] columns) => Assert.Throws<WarehouseException>(() => SourceColumns.Find(
        new(null, null, "SELECT 1"), [.. columns.Select(c => new WarehouseColumn(c, "text"))], _ => TextForm.Identifier, "PK", [])).Message;
}
