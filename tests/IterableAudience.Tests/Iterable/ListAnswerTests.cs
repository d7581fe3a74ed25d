using System.Text;
using IterableAudience.Iterable;
using Xunit;

namespace IterableAudience.Tests.Iterable;

public sealed class ListAnswerTests
{
    [Theory]
    [InlineData("""{"successCount":1,"failCount":0,"invalidEmails":[]}""")]
    [InlineData("""{"successCount":1,"failCount":0,"invalidEmails":[],"invalidUserIds":[]}""")]
    [InlineData("""{"successCount":1,"failCount":0}""")]
    [InlineData("""{"failCount":0,"successCount":1,"invalidEmails":null,"failedUpdates":null,"createdFields":[],"new":{"a":[1,{"b":2}]}}""")]
    [InlineData("""{"successCount":1,"failCount":0,"failedUpdates":{"invalidEmails":null,"noOpEmails":["x"],"more":{}}}""")]
    public void Every_shape_that_Iterable_has_given_is_read(string body)
    {
        var answer = Read(body)!;
        Assert.Equal((1, 0, 0), (answer.SuccessCount, answer.FailCount, answer.Failures.Count));
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html><body>Bad gateway</body></html>")]
    [InlineData("""{"successCount":1,"failCou""")]
    [InlineData("""{"successCount":1}""")]
    [InlineData("""{"successCount":"1","failCount":0}""")]
    [InlineData("""{"successCount":-1,"failCount":0}""")]
    [InlineData("""{"successCount":1,"failCount":0,"invalidEmails":"x"}""")]
    [InlineData("""{"successCount":1,"failCount":0,"invalidEmails":[1]}""")]
    [InlineData("""{"successCount":1,"failCount":0,"failedUpdates":[]}""")]
    [InlineData("""{"successCount":1,"failCount":0}{"successCount":1,"failCount":0}""")]
    [InlineData("""[]""")]
    [InlineData("""null""")]
    [InlineData("""{"msg":"","code":"Success","params":null}""")]
    public void Anything_else_is_no_answer(string body) => Assert.Null(Read(body));

    [Fact]
    public void An_identifier_that_is_listed_twice_counts_once()
    {
        var answer = Read("""{"successCount":1,"failCount":2,"invalidEmails":["Bad@"],"invalidUserIds":["a","A"],"failedUpdates":{"invalidEmails":["bad@"],"invalidUserIds":["a"],"notFoundEmails":["bad@"]}}""")!;
        Assert.Equal(
            [FailureList.InvalidEmails, FailureList.InvalidUserIds, FailureList.InvalidUserIds, FailureList.NotFoundEmails],
            answer.Failures.Select(f => f.List).Order());
    }

    private static ListAnswer? Read(string body) => ListAnswer.TryRead(Encoding.UTF8.GetBytes(body));
}
