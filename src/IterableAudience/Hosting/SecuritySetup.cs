using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.DataProtection;

namespace IterableAudience.Hosting;

/// <summary>Tokens, roles and the key ring that protects stored secrets.</summary>
internal static class SecuritySetup
{
    /// <summary>The default scheme: programs come with a token, people with the session that they have begun with one.</summary>
    private const string TokenOrSession = "TokenOrSession";

    public static IServiceCollection AddSecurity(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<SecurityOptions>().BindConfiguration(SecurityOptions.Section)
            .Validate(o => o.FailedSignInsPerMinute > 0, "Security__FailedSignInsPerMinute must be at least 1.")
            .Validate(o => o.SessionLifetime > TimeSpan.Zero, "Security__SessionLifetime must be above zero, e.g. 12:00:00.")
            .ValidateOnStart();
        services.AddSingleton<SignInThrottle>().AddSingleton<BootstrapToken>().AddScoped<TokenDirectory>();
        services.AddAuthentication(TokenOrSession)
            .AddPolicyScheme(TokenOrSession, null, o => o.ForwardDefaultSelector = context
                => context.Request.Headers.Authorization.Count > 0 || !(HasSession(context) || Addresses.WantsPage(context.Request))
                    ? TokenAuthentication.SchemeName
                    : Session.SchemeName)
            .AddScheme<AuthenticationSchemeOptions, TokenAuthentication>(TokenAuthentication.SchemeName, null)
            .AddSession();
        services.AddAntiforgery(o =>
        {
            o.Cookie.Name = "iterable-audience-form";
            o.Cookie.HttpOnly = true;
            o.Cookie.SameSite = SameSiteMode.Lax; // a link from elsewhere must not make a new one, and spoil the forms of other tabs
            o.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
        });
        var authorization = services.AddAuthorizationBuilder();
        foreach (var role in Roles.All)
            authorization.AddPolicy(role, p => p.RequireRole(Roles.AtLeast(role)));

        services.AddKeyRing(configuration.GetSection(SecurityOptions.Section).Get<SecurityOptions>() ?? new());
        return services;
    }

    private static bool HasSession(HttpContext context) => context.Request.Cookies.ContainsKey(Session.CookieName);

    private static void AddKeyRing(this IServiceCollection services, SecurityOptions options)
    {
        // The name is part of every protected value: never change it.
        var protection = services.AddDataProtection().SetApplicationName("IterableAudience");
        if (!string.IsNullOrWhiteSpace(options.Certificate))
            protection.ProtectKeysWithCertificate(Certificate(options));
        else
            protection.PersistKeysToFileSystem(KeyRingFolder(options.KeyRing));
    }

    private static DirectoryInfo KeyRingFolder(string path)
    {
        try
        {
            return OperatingSystem.IsWindows() || Directory.Exists(path)
                ? Directory.CreateDirectory(path)
                : Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartFailure($"The folder of the key ring can't be made: {path}. Check Security__KeyRing and the rights of the service's user.", e);
        }
    }

    private static X509Certificate2 Certificate(SecurityOptions options)
    {
        try
        {
            var certificate = X509Certificate2.GetCertContentType(options.Certificate!) == X509ContentType.Pfx
                ? X509CertificateLoader.LoadPkcs12FromFile(options.Certificate!, options.CertificatePassword)
                : X509Certificate2.CreateFromPemFile(options.Certificate!);
            return certificate.HasPrivateKey
                ? certificate
                : throw new StartFailure("The certificate named by Security__Certificate has no private key, and the key ring can't be read without it.");
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new StartFailure("The certificate named by Security__Certificate can't be read. It must be a PKCS#12 or PEM file with its private key.", e);
        }
    }
}
