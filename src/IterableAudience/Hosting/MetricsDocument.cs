using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace IterableAudience.Hosting;

/// <summary>The metrics route is the exporter's and unknown to the API explorer, so the document is told of it here.</summary>
internal sealed class MetricsDocument : IDocumentFilter
{
    public void Apply(OpenApiDocument swaggerDoc, DocumentFilterContext context)
        => swaggerDoc.Paths.Add("/metrics", new OpenApiPathItem
        {
            Operations = new Dictionary<HttpMethod, OpenApiOperation>
            {
                [HttpMethod.Get] = new OpenApiOperation
                {
                    Summary = "Metrics in Prometheus' text format.",
                    Description = "Role: viewer or higher; with Metrics__Anonymous=true it needs no token.",
                    Security =
                    [
                        new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(TokenAuthentication.SchemeName, swaggerDoc)] = [] },
                    ],
                    Tags = new HashSet<OpenApiTagReference> { new("Service", swaggerDoc) },
                    Responses = new OpenApiResponses { ["200"] = new OpenApiResponse { Description = "The metrics." }, ["401"] = new OpenApiResponse { Description = "The token is missing or unknown." } },
                },
            },
        });
}
