using FluentValidation;

namespace IterableAudience.Schedules;

/// <summary>What a schedule must be; each fault names its member and the mend.</summary>
internal sealed class ScheduleValidator : AbstractValidator<Schedule>
{
    public ScheduleValidator()
    {
        RuleFor(s => s.Type)
            .Must(t => t is Schedule.Basic or Schedule.Cron or Schedule.ByHand)
            .WithMessage("must be basic, cron or manual.");

        When(s => s.Type == Schedule.Basic, () =>
        {
            RuleFor(s => s.EveryMinutes)
                .Must(m => m is { } minutes && Schedule.Frequencies.Contains(minutes))
                .WithMessage($"must be one of {string.Join(", ", Schedule.Frequencies)}.");
            RuleFor(s => s.StartingAt)
                .Must(t => t is null || Schedule.TryTimeOfDay(t, out _))
                .WithMessage("must be a UTC time of day like 02:30.");
        }).Otherwise(() =>
        {
            RuleFor(s => s.EveryMinutes).Null().WithMessage("goes with type basic only; leave it out.");
            RuleFor(s => s.StartingAt).Null().WithMessage("goes with type basic only; leave it out.");
        });

        When(s => s.Type == Schedule.Cron, () =>
            RuleFor(s => s.CronExpression).Custom((text, context) =>
            {
                if (CronExpression.Fault(text) is { } fault)
                    context.AddFailure(fault);
            }))
        .Otherwise(() => RuleFor(s => s.CronExpression).Null().WithMessage("goes with type cron only; leave it out."));
    }
}
