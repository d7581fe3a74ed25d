using Microsoft.AspNetCore.Http;

namespace IterableAudience.Hosting;

/// <summary>
/// <c>dotnet IterableAudience.dll --health-check</c>: asks the service on this machine whether it is ready. Container images have no curl, so the
/// program asks itself, without building a host or touching the store. Exit code 0: ready; 1: not, with the reason on standard error.
/// </summary>
internal static class HealthCheckCommand
{
    public const string Argument = "--health-check";
    private const string Default = "http://127.0.0.1:8080";

    /// <summary>Shorter than the 5 s that the image gives the check, so that the answer comes from here.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);

    public static async Task<int> RunAsync()
    {
        try
        {
            var address = AddressOf(Environment.GetEnvironmentVariable("ASPNETCORE_URLS"));
            using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = Patience };
            using var answer = await http.GetAsync(address);
            if (answer.IsSuccessStatusCode)
                return 0;
            await System.Console.Error.WriteLineAsync($"{address} answers {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or FormatException or UriFormatException)
        {
            await System.Console.Error.WriteLineAsync($"The service is not ready: {e.Message}");
        }

        return 1;
    }

    /// <summary>Where to ask a service that listens on <paramref name="urls"/>: on its first plain address, or on its first one.</summary>
    /// <exception cref="FormatException">None of them is an address.</exception>
    public static Uri AddressOf(string? urls)
    {
        var addresses = (string.IsNullOrWhiteSpace(urls) ? Default : urls)
            .Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(BindingAddress.Parse)
            .OrderBy(a => a.Scheme != Uri.UriSchemeHttp)
            .ToList();
        // "Everywhere" is an address to listen on, not one to connect to.
        return addresses is [var first, ..]
            ? new UriBuilder(first.Scheme, first.Host is "+" or "*" or "0.0.0.0" or "[::]" ? "127.0.0.1" : first.Host, first.Port, "/health/ready").Uri
            : throw new FormatException("ASPNETCORE_URLS names no address.");
    }
}
