using System.Text.Json;
using IterableAudience.Accounts;
using IterableAudience.Hosting;

namespace IterableAudience.Console.Wizard;

/// <summary>What came of a button of a step.</summary>
/// <param name="Problem">Why it did nothing.</param>
/// <param name="Test">What a test of an account said.</param>
/// <param name="Next">Where to go: a step, or an address when the draft has come to its end. Null: the step is shown again, with all of this.</param>
/// <param name="Notice">For the page at that address.</param>
internal sealed record StepResult(ApiProblem? Problem = null, ListEndpoints.TestView? Test = null, string? Next = null, Notice? Notice = null);

/// <summary>
/// What the last button has said, until the next one is pressed. It waits in the draft, so that a step is always loaded and never the answer to a form: it can be
/// loaded again, and come back to.
/// </summary>
/// <param name="Step">Where it was pressed.</param>
/// <param name="Do">The button.</param>
/// <param name="Result">What came of it.</param>
/// <param name="Account">Fields of an account that could not be added, without its secret.</param>
internal sealed record StepAnswer(string Step, string Do, StepResult Result, IReadOnlyDictionary<string, string> Account)
{
    private const string Name = "said";

    /// <summary>Parts of a page that a button is about, and the page is shown at.</summary>
    public string Place => Do switch
    {
        _ when Result.Problem is not null => "",
        "preview" or "browse" => "#preview",
        "search" or "refresh" => "#lists",
        "add-postgres" or "add-duckdb" => "#add-account",
        _ => "",
    };

    /// <summary>The answer that a step is to show; null when there is none, or it is of another step.</summary>
    public static StepAnswer? Of(FormFields draft, string step)
        => draft.Text(Name) is { } json && JsonSerializer.Deserialize<StepAnswer>(json, JsonSetup.Options) is { } said && said.Step == step ? said : null;

    public void Keep(FormFields draft)
        => draft[Name] = JsonSerializer.Serialize(this with { Account = Account.Where(f => !f.Key.StartsWith("secret.", StringComparison.Ordinal)).ToDictionary() }, JsonSetup.Options);

    public static void Forget(FormFields draft) => draft.Remove(Name);
}
