using FluentValidation;

namespace IterableAudience.Hosting;

/// <summary>Rules for text that several requests share.</summary>
internal static class TextRules
{
    /// <summary>A name that people read: required, at most 200 characters, nothing unprintable.</summary>
    public static IRuleBuilderOptions<T, string?> Name<T>(this IRuleBuilder<T, string?> rule)
        => rule.Must(n => !string.IsNullOrWhiteSpace(n)).WithMessage("is required.").PrintableUpTo(200);

    /// <summary>Absent, or at most so many characters without control characters.</summary>
    public static IRuleBuilderOptions<T, string?> PrintableUpTo<T>(this IRuleBuilder<T, string?> rule, int length)
        => rule
            .Must(t => t is null || t.Length <= length).WithMessage($"must have at most {length} characters.")
            .Must(t => t is null || !t.Any(char.IsControl)).WithMessage("must not contain control characters.");
}
