using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace IterableAudience.Hosting;

/// <summary>Adds role, error answers and examples to each operation of the document.</summary>
internal sealed class OperationDocument(LiveIds ids) : IOperationFilter
{
    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        var metadata = context.ApiDescription.ActionDescriptor.EndpointMetadata;
        var path = "/" + context.ApiDescription.RelativePath;
        var role = metadata.OfType<IAuthorizeData>().LastOrDefault()?.Policy;
        AddRole(operation, context, role);
        AddBody(operation, metadata);
        foreach (var status in Errors(operation, role is not null, path, metadata))
            AddError(operation, status);
        foreach (var parameter in (operation.Parameters ?? []).OfType<OpenApiParameter>().Where(p => p.In == ParameterLocation.Path))
        {
            if ((parameter.Name == "id" ? ids.ForPath(path) : ids.ForParameter(parameter.Name!)) is { } id)
                parameter.Example = JsonValue.Create(id);
        }
    }

    private static void AddRole(OpenApiOperation operation, OperationFilterContext context, string? role)
    {
        var text = role is null ? "Needs no token." : $"Role: {role}{(role == Roles.Admin ? "" : " or higher")}.";
        operation.Description = string.IsNullOrEmpty(operation.Description) ? text : operation.Description + "\n\n" + text;
        if (role is null)
            return;
        operation.Security =
        [
            new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(TokenAuthentication.SchemeName, context.Document)] = [] },
        ];
    }

    private void AddBody(OpenApiOperation operation, IList<object> metadata)
    {
        if (metadata.OfType<StreamedBody>().LastOrDefault() is { } streamed)
        {
            operation.RequestBody = new OpenApiRequestBody
            {
                Required = true,
                Content = streamed.MediaTypes.ToDictionary(
                    m => m,
                    m => (IOpenApiMediaType)new OpenApiMediaType { Schema = new OpenApiSchema { Type = m == "application/json" ? JsonSchemaType.Object : JsonSchemaType.String } }),
            };
        }

        foreach (var example in metadata.OfType<BodyExample>())
        {
            if (operation.RequestBody?.Content is not { } content
                || !content.TryGetValue(example.MediaType, out var type)
                || type is not OpenApiMediaType media)
                continue;

            var body = ids.Fill(example.Body);
            media.Examples ??= new Dictionary<string, IOpenApiExample>();
            media.Examples[example.Name] = new OpenApiExample
            {
                Value = example.MediaType == "application/json" ? JsonNode.Parse(body) : JsonValue.Create(body),
            };
        }
    }

    private static IEnumerable<int> Errors(OpenApiOperation operation, bool authorized, string path, IList<object> metadata)
    {
        IEnumerable<int> errors = metadata.OfType<MoreErrors>().SelectMany(e => e.Statuses);
        if (authorized)
            errors = errors.Concat([401, 403, 429]);
        if (path.Contains('{', StringComparison.Ordinal))
            errors = errors.Append(404);
        if (operation.RequestBody is not null)
            errors = errors.Concat([400, 413, 415]);
        else if (operation.Parameters?.Any(p => p.In == ParameterLocation.Query) == true)
            errors = errors.Append(400);
        return errors.Distinct().Order();
    }

    private static void AddError(OpenApiOperation operation, int status)
    {
        operation.Responses ??= [];
        operation.Responses[status.ToString(CultureInfo.InvariantCulture)] = new OpenApiResponse
        {
            Description = ReasonPhrases.GetReasonPhrase(status),
            Content = new Dictionary<string, IOpenApiMediaType>
            {
                ["application/problem+json"] = new OpenApiMediaType { Schema = new OpenApiSchemaReference(ProblemSchema.Name) },
            },
        };
    }
}

/// <summary>The schema of <see cref="ProblemAnswer"/>, once.</summary>
internal sealed class ProblemSchema : IDocumentFilter
{
    public const string Name = "Problem";

    public void Apply(OpenApiDocument swaggerDoc, DocumentFilterContext context)
    {
        static OpenApiSchema Text(string description) => new() { Type = JsonSchemaType.String, Description = description };
        swaggerDoc.Components ??= new();
        swaggerDoc.Components.Schemas ??= new Dictionary<string, IOpenApiSchema>();
        swaggerDoc.Components.Schemas[Name] = new OpenApiSchema
        {
            Type = JsonSchemaType.Object,
            Properties = new Dictionary<string, IOpenApiSchema>
            {
                ["title"] = Text("The status in words."),
                ["status"] = new OpenApiSchema { Type = JsonSchemaType.Integer },
                ["detail"] = Text("What is wrong and how to mend it."),
                ["errors"] = new OpenApiSchema
                {
                    Type = JsonSchemaType.Object,
                    Description = "Every faulty field with its messages.",
                    AdditionalProperties = new OpenApiSchema { Type = JsonSchemaType.Array, Items = new OpenApiSchema { Type = JsonSchemaType.String } },
                },
                ["error"] = Text("The same text as detail."),
            },
        };
    }
}
