using System.Reflection;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace IterableAudience.Hosting;

/// <summary>The OpenAPI document and Swagger UI.</summary>
internal static class Documents
{
    public static IServiceCollection AddDocuments(this IServiceCollection services)
    {
        services.AddEndpointsApiExplorer();
        return services.AddSwaggerGen(o =>
        {
            o.SwaggerDoc("v1", new OpenApiInfo
            {
                Title = "Iterable Audience",
                Version = "v1",
                Description = """
                    Keeps a static list in Iterable equal to an audience in a warehouse. Press *Authorize* and paste a token, then *Execute* in a route runs its example.

                    A sync by hand: `POST /v2/accounts`, `/v2/destinations`, `/v2/retl-connections`, then push records with `POST /v2/retl-connections/{id}/syncs`
                    (`wait` 30 waits for the end), and see what became of them in `GET …/syncs/{syncId}/records`. Reload the page to have the examples name what was made last, where the service is set to (`Documents__LiveExamples`, as in the demo).
                    """,
            });
            o.AddSecurityDefinition(TokenAuthentication.SchemeName, new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "bearer",
                Description = "A token of the service, without the word Bearer. The first one is printed at the first start, or set by Security__AdminToken.",
            });
            o.IncludeXmlComments(Assembly.GetExecutingAssembly());
            // Requests are nested in their slices; several slices have a type of the same short name.
            o.CustomSchemaIds(SchemaId);
            o.SupportNonNullableReferenceTypes();
            o.OperationFilter<OperationDocument>();
            o.SchemaFilter<OpenSchemas>();
            o.DocumentFilter<ProblemSchema>();
            o.DocumentFilter<MetricsDocument>();
        });
    }

    public static void UseDocuments(this WebApplication app)
    {
        app.UseSwagger();
        app.UseSwaggerUI(o =>
        {
            o.DocumentTitle = "Iterable Audience";
            o.EnablePersistAuthorization();
            o.DisplayRequestDuration();
            o.ConfigObject.AdditionalItems["tryItOutEnabled"] = true;
        });
    }

    /// <summary>A member that the service doesn't know is ignored, and a later version may answer with more.</summary>
    private sealed class OpenSchemas : ISchemaFilter
    {
        public void Apply(IOpenApiSchema schema, SchemaFilterContext context)
        {
            if (schema is OpenApiSchema { AdditionalProperties: null } open)
            {
                open.AdditionalPropertiesAllowed = true;
            }
        }
    }

    private static string SchemaId(Type type)
        => type.IsGenericType
            ? string.Concat(type.GetGenericArguments().Select(SchemaId)) + type.Name[..type.Name.IndexOf('`', StringComparison.Ordinal)]
            : type.Name;
}
