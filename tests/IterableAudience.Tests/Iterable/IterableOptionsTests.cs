using IterableAudience.Iterable;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Xunit;

namespace IterableAudience.Tests.Iterable;

public sealed class IterableOptionsTests
{
    [Fact]
    public void The_defaults_are_valid() => Assert.Empty(new IterableOptions().Faults());

    [Theory]
    [InlineData("BaseUrls:US", "api.iterable.com")]
    [InlineData("BaseUrls:EU", "ftp://api.eu.iterable.com")]
    [InlineData("BaseUrls:EU", "https://api.eu.iterable.com?key=1")]
    [InlineData("RequestsPerSecond", "0")]
    [InlineData("RequestsPerSecond", "NaN")]
    [InlineData("MaxInFlight", "0")]
    [InlineData("AttemptTimeout", "00:00:00")]
    [InlineData("BackoffBase", "-00:00:01")]
    [InlineData("MaxAttempts", "0")]
    [InlineData("ThrottlePatience", "8.00:00:00")]
    [InlineData("ListsCacheTime", "02:00:00")]
    public void A_bad_setting_stops_the_start_and_is_named(string setting, string value)
    {
        using var provider = new ServiceCollection().AddLogging()
            .AddIterable(new ConfigurationBuilder().AddInMemoryCollection([new("Iterable:" + setting, value)]).Build())
            .BuildServiceProvider();
        var failure = Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<IStartupValidator>().Validate());
        Assert.Contains("Iterable:" + setting, Assert.Single(failure.Failures), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://api.iterable.com", "https://api.iterable.com/api/lists")]
    [InlineData("http://127.0.0.1:8081/", "http://127.0.0.1:8081/api/lists")]
    [InlineData("https://proxy.example.com/iterable/", "https://proxy.example.com/iterable/api/lists")]
    public void A_path_in_a_base_address_is_kept(string address, string endpoint)
        => Assert.Equal(endpoint, new IterableBaseUrls { US = new Uri(address) }.For(DataCenter.US, "/api/lists").ToString());

    [Fact]
    public void A_project_prints_without_its_key() => Assert.DoesNotContain(FakeIterable.Key, FakeIterable.Project().ToString(), StringComparison.Ordinal);
}
