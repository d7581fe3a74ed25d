using IterableAudience.Syncs.Report;
using Xunit;

namespace IterableAudience.Tests.Syncs;

/// <summary>What a viewer sees of identifiers and row keys.</summary>
public sealed class MaskingTests
{
    [Theory]
    [InlineData("ada@example.com", "a…@example.com")]
    [InlineData("ada+news@sub.example.co.uk", "a…@sub.example.co.uk")]
    [InlineData("Ada@Example.com", "A…@Example.com")]
    [InlineData(" ada@example.com", " …@example.com")]
    [InlineData("nobody", "n…y")]
    [InlineData("ada", "a…a")]
    [InlineData("ab", "…")]
    [InlineData("", "…")]
    [InlineData("@example.com", "@…m")]
    [InlineData("ada@example.com, grace.hopper", "a…r")] // not an address: what follows the @ may be anybody
    [InlineData("ada@example.com;Grace Hopper", "a…r")]
    [InlineData("tenant@4711", "t…1")]
    public void Enough_to_recognize_and_not_enough_to_know(string value, string shown)
    {
        Assert.Equal(shown, Masking.Email(value));
        Assert.Equal(shown, Masking.Key(value));
    }
}
