using System.Text.Json.Serialization;
using FluentValidation;
using IterableAudience.Hosting;
using IterableAudience.Schedules;

namespace IterableAudience.Connections;

/// <summary>A new connection; as a PUT, what is absent stays as it is.</summary>
/// <param name="DestinationId">Where it sends to; can't be changed.</param>
/// <param name="SourceId">Where its records come from. Absent: it takes pushed records only. Can't be changed.</param>
/// <param name="Enabled">Whether it syncs. True when absent.</param>
/// <param name="Schedule">When it syncs by itself. Absent: manual.</param>
/// <param name="SyncBehaviour"><c>mirror</c>; nothing else is offered.</param>
/// <param name="Identifiers">Which column of a record is which identifier. May be left out when records are pushed with <c>identifiers</c>.</param>
/// <param name="SyncSettings">How it syncs. Absent: the defaults.</param>
/// <param name="DestinationConfig">Which list it keeps; can't be changed: another list is another connection.</param>
internal sealed record ConnectionRequest(
    string? DestinationId,
    string? SourceId,
    bool? Enabled,
    Schedule? Schedule,
    string? SyncBehaviour,
    Identifier[]? Identifiers,
    SyncSettings? SyncSettings,
    ConnectionList? DestinationConfig)
{
    public const string OnlyBehaviour = "mirror";

    /// <summary>For the members that a PUT can change; a new connection has them as well.</summary>
    internal sealed class Changes : AbstractValidator<ConnectionRequest>
    {
        public Changes()
        {
            RuleFor(r => r.Schedule!).SetValidator(new ScheduleValidator()).When(r => r.Schedule is not null);
            RuleFor(r => r.SyncSettings!).SetValidator(new SyncSettings.Validator()).When(r => r.SyncSettings is not null);
            RuleForEach(r => r.Identifiers).NotNull().WithMessage("must be an object with from and to.").SetValidator(new Identifier.Validator()!).When(r => r.Identifiers is not null);
            RuleFor(r => r.Identifiers).Custom((identifiers, context) =>
            {
                foreach (var twice in (identifiers ?? []).Where(i => i?.To is not null).GroupBy(i => i.To!).Where(g => g.Count() > 1))
                    context.AddFailure("Identifiers", $"map {twice.Key} more than once; map each identifier once.");
            });
        }
    }

    /// <summary>For a new connection.</summary>
    internal sealed class Validator : AbstractValidator<ConnectionRequest>
    {
        public Validator()
        {
            Include(new Changes());
            RuleFor(r => r.DestinationId).NotEmpty().WithMessage("is required: the id of a destination.");
            RuleFor(r => r.SyncBehaviour).Must(b => b is null or OnlyBehaviour).WithMessage("must be mirror; nothing else is offered.");
            RuleFor(r => r.DestinationConfig).NotNull().WithMessage("is required, with audienceId or createList.");
            RuleFor(r => r.DestinationConfig!).SetValidator(new ConnectionList.Validator()).When(r => r.DestinationConfig is not null);
        }
    }
}

/// <param name="From">The column of the record.</param>
/// <param name="To"><c>email</c> or <c>userId</c>.</param>
public sealed record Identifier(string? From, string? To)
{
    public const string Email = "email";
    public const string UserId = "userId";

    internal sealed class Validator : AbstractValidator<Identifier>
    {
        public Validator()
        {
            RuleFor(i => i.From).Must(f => !string.IsNullOrEmpty(f)).WithMessage("is required: the name of a column.").PrintableUpTo(300);
            RuleFor(i => i.To).Must(t => t is Email or UserId).WithMessage("must be email or userId.");
        }
    }
}

/// <summary>Which list a connection keeps: an existing one, or one that is made with the connection.</summary>
/// <param name="AudienceId">The id of a static list, as a number or numeric text.</param>
/// <param name="CreateList">Makes the list in Iterable.</param>
/// <param name="UpdateExistingUsersOnly">True: people whom Iterable doesn't know are not created but fail as <c>user_not_found</c>. Email-based projects ignore it.</param>
internal sealed record ConnectionList(
    [property: JsonNumberHandling(JsonNumberHandling.AllowReadingFromString)] long? AudienceId,
    CreateList? CreateList,
    bool? UpdateExistingUsersOnly)
{
    internal sealed class Validator : AbstractValidator<ConnectionList>
    {
        public Validator()
        {
            RuleFor(l => l.AudienceId)
                .Must((list, id) => id is null != list.CreateList is null).WithMessage("must be there, or createList; one of the two.")
                .Must(id => id is null or > 0).WithMessage("must be the id of a list, a number above 0.");
            RuleFor(l => l.CreateList!).SetValidator(new CreateList.Validator()).When(l => l.CreateList is not null);
        }
    }
}

/// <param name="Name">Of the new list; one of that name must not exist.</param>
/// <param name="Description">Shown in Iterable.</param>
internal sealed record CreateList(string? Name, string? Description)
{
    internal sealed class Validator : AbstractValidator<CreateList>
    {
        public Validator()
        {
            RuleFor(l => l.Name).Name();
            RuleFor(l => l.Description).PrintableUpTo(1000);
        }
    }
}
