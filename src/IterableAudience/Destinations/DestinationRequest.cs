using FluentValidation;
using IterableAudience.Hosting;

namespace IterableAudience.Destinations;

/// <summary>A new destination; as a PUT, what is absent stays as it is.</summary>
/// <param name="Name">Unique among destinations.</param>
/// <param name="Type"><c>ITERABLE_AUDIENCE</c>; can't be changed.</param>
/// <param name="Enabled">A disabled destination runs no sync. True when absent.</param>
/// <param name="Config">Which account it is.</param>
internal sealed record DestinationRequest(string? Name, string? Type, bool? Enabled, DestinationConfig? Config)
{
    public const string OnlyType = "ITERABLE_AUDIENCE";

    internal sealed class Validator : AbstractValidator<DestinationRequest>
    {
        public Validator()
        {
            RuleFor(r => r.Name).Name();
            RuleFor(r => r.Type).Equal(OnlyType).WithMessage($"must be {OnlyType}.");
            RuleFor(r => r.Config == null ? null : r.Config.RudderAccountId)
                .NotEmpty().OverridePropertyName("Config.RudderAccountId").WithMessage("is required: the id of an Iterable account.");
        }
    }
}

/// <param name="RudderAccountId">The id of an Iterable account.</param>
internal sealed record DestinationConfig(string? RudderAccountId);

internal sealed record DestinationView(
    string Id, string Name, string Type, bool Enabled, DestinationConfig Config, string? ExternalId, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt)
{
    public static DestinationView Of(Destination d)
        => new(d.Id, d.Name, DestinationRequest.OnlyType, d.Enabled, new(d.AccountId), d.ExternalId, d.CreatedAt, d.UpdatedAt);
}

/// <summary>A destination comes in an envelope, as in RudderStack's API.</summary>
internal sealed record DestinationEnvelope(DestinationView Destination)
{
    public static DestinationEnvelope Of(Destination destination) => new(DestinationView.Of(destination));
}

internal sealed record DestinationPage(IReadOnlyList<DestinationView> Destinations, Paging Paging);
