using System.Text.Json.Serialization;
using FluentValidation;

namespace IterableAudience.Hosting;

/// <summary>Body of <c>PUT …/external-id</c>.</summary>
/// <param name="ExternalId">The resource's name in another system, e.g. in Terraform; null takes it away.</param>
internal sealed record ExternalIdRequest([property: JsonRequired] string? ExternalId)
{
    internal sealed class Validator : AbstractValidator<ExternalIdRequest>
    {
        public Validator() => RuleFor(r => r.ExternalId).PrintableUpTo(200);
    }
}
