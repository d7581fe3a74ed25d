using IterableAudience.Hosting;
using Xunit;

namespace IterableAudience.Tests.Faults;

/// <summary>What a container asks: <c>dotnet IterableAudience.dll --health-check</c>.</summary>
public sealed class HealthCheckTests : ProcessTest
{
    [Fact]
    public async Task The_health_check_ends_with_0_while_the_service_is_ready_and_with_1_when_it_is_gone()
    {
        var service = Watch(ServiceProcess.Start(Folder, Settings()));
        await service.ReadyAsync();
        Dictionary<string, string> asked = new() { ["ASPNETCORE_URLS"] = $"http://0.0.0.0:{service.Address.Port}" };

        var healthy = Watch(ServiceProcess.Start(Folder, asked, HealthCheckCommand.Argument));
        Assert.Equal(0, await healthy.EndAsync());
        Assert.Empty(healthy.Output);

        await service.StopAsync();
        var gone = Watch(ServiceProcess.Start(Folder, asked, HealthCheckCommand.Argument));
        Assert.Equal(1, await gone.EndAsync());
        Assert.Contains("not ready", gone.ErrorText, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "http://127.0.0.1:8080/health/ready")]
    [InlineData("", "http://127.0.0.1:8080/health/ready")]
    [InlineData("http://0.0.0.0:9090", "http://127.0.0.1:9090/health/ready")]
    [InlineData("http://+:9090", "http://127.0.0.1:9090/health/ready")]
    [InlineData("http://*:9090/", "http://127.0.0.1:9090/health/ready")]
    [InlineData("http://[::]:9090", "http://127.0.0.1:9090/health/ready")]
    [InlineData("http://10.1.2.3:9090", "http://10.1.2.3:9090/health/ready")]
    [InlineData("https://+:9443; http://+:9090", "http://127.0.0.1:9090/health/ready")]
    public void The_health_check_asks_where_the_service_listens(string? urls, string asked)
        => Assert.Equal(new Uri(asked), HealthCheckCommand.AddressOf(urls));

    [Theory]
    [InlineData(";")]
    [InlineData("nonsense")]
    public void An_address_that_is_none_is_said_to_be_none(string urls)
        => Assert.Throws<FormatException>(() => HealthCheckCommand.AddressOf(urls));
}
