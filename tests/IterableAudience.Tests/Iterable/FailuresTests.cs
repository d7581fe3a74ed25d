using System.Text;
using IterableAudience.Iterable;
using Xunit;

namespace IterableAudience.Tests.Iterable;

public sealed class FailuresTests
{
    [Theory]
    [InlineData(401, "BadApiKey", "Invalid API key", "WrongKey", "Abort")]
    [InlineData(401, "Success", "Invalid API key", "WrongKey", "Abort")]
    [InlineData(403, "Forbidden", "", "Forbidden", "Abort")]
    [InlineData(404, "NotFound", "", "WrongAddress", "Abort")]
    [InlineData(301, "", "", "WrongAddress", "Abort")]
    [InlineData(405, "", "", "WrongAddress", "Abort")]
    [InlineData(400, "Success", "error.lists.invalidListId(1)", "UnknownList", "Abort")]
    [InlineData(500, "GenericError", "error.lists.invalidListId(1)", "UnknownList", "Abort")]
    [InlineData(400, "BatchTooLarge", "", "TooLarge", "Halve")]
    [InlineData(413, "", "", "TooLarge", "Halve")]
    [InlineData(400, "BadJsonBody", "", "Refused", "Halve")]
    [InlineData(400, "BadParams", "", "Refused", "Halve")]
    [InlineData(400, "GenericError", "", "Refused", "Halve")]
    [InlineData(400, "Success", "", "Refused", "Halve")]
    [InlineData(400, "ForgottenUserError", "", "Refused", "Halve")]
    [InlineData(409, "ForgottenUserError", "", "Refused", "Halve")]
    [InlineData(408, "", "", "Unavailable", "SendAgain")]
    [InlineData(429, "RateLimitExceeded", "", "Throttled", "SlowDown")]
    [InlineData(500, "DatabaseError", "", "Unavailable", "SendAgain")]
    [InlineData(502, "", "", "Unavailable", "SendAgain")]
    [InlineData(503, "", "Request timeout. Try again later.", "Unavailable", "SendAgain")]
    [InlineData(504, "", "", "Unavailable", "SendAgain")]
    public void Every_answer_has_one_category_and_one_remedy(int status, string code, string message, string category, string remedy)
    {
        var failure = Failures.Of(Failures.Classify(status, new ErrorAnswer(code, message, [])));
        Assert.Equal((category, remedy), (failure.Category.ToString(), failure.Remedy.ToString()));
    }

    [Theory]
    [InlineData("""{"obj.listId":["error.expected.jsnumber"]}""", "RefusedAsAWhole")]
    [InlineData("""{"obj.listId":"x","obj.subscribers[0].email":"x"}""", "Refused")]
    [InlineData("""{"obj.subscribers":"x"}""", "Refused")]
    [InlineData("""{"projectId":1}""", "Refused")]
    public void A_refusal_that_names_other_parts_than_rows_is_about_the_whole(string parameters, string category)
    {
        var error = ErrorAnswer.Read(Encoding.UTF8.GetBytes($$"""{"msg":"","code":"BadJsonBody","params":{{parameters}}}"""));
        Assert.Equal(category, Failures.Classify(400, error).ToString());
    }

    [Fact]
    public void Every_category_is_in_the_table()
        => Assert.All(Enum.GetValues<FailureCategory>(), c => Assert.Equal(c, Failures.Of(c).Category));
}
